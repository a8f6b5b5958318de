//! What has to be true of every network before anything is sent: its folders, its data, its place in the README.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crieur_domain::media::MediaKind;
use crieur_platforms::{
    SPECS, Spec,
    compose::file_limits,
    spec::{Ability, ConnectKind, Unit},
};
use serde_json::Value;

use crate::control::Outcome;

/// Where the table of networks begins and ends in the README.
const MARKERS: (&str, &str) = ("<!-- networks -->", "<!-- /networks -->");

/// A check of all networks at once.
pub(crate) type Check = (&'static str, fn() -> Outcome);

/// All of them.
pub(crate) const CHECKS: [Check; 5] = [
    ("folders_are_the_registry", folders),
    ("twins_are_the_registry", twins),
    ("every_folder_has_the_same_few_files", files),
    ("every_host_is_named_and_every_number_has_a_source", data),
    ("readme_lists_the_networks", readme),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

fn source() -> PathBuf {
    root().join("shared/platforms/src")
}

fn folders_in(place: &Path) -> Outcome<BTreeSet<String>> {
    let entries = fs::read_dir(place).map_err(|error| format!("{}: {error}", place.display()))?;
    Ok(entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect())
}

fn same(found: &BTreeSet<String>, place: &str) -> Outcome {
    let wanted: BTreeSet<String> = SPECS.iter().map(|spec| spec.id.to_owned()).collect();
    if *found == wanted { Ok(()) } else { Err(format!("{place} has {found:?}, the registry has {wanted:?}")) }
}

fn folders() -> Outcome {
    same(&folders_in(&source())?, "shared/platforms/src")?;
    let ids: Vec<_> = SPECS.iter().map(|spec| spec.id).collect();
    if ids.is_sorted() { Ok(()) } else { Err(format!("the registry is not in alphabetical order: {ids:?}")) }
}

fn twins() -> Outcome {
    same(&folders_in(&root().join("infra/sandbox/src/networks"))?, "infra/sandbox/src/networks")
}

fn files() -> Outcome {
    let mut problems = Vec::new();
    for spec in SPECS {
        let folder = source().join(spec.id);
        for file in ["mod.rs", "wire.rs", "errors.rs", "README.md", "fixtures"] {
            if !folder.join(file).exists() {
                problems.push(format!("{}/{file} is missing", spec.id));
            }
        }
        let readme = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        if !readme.contains("UNCONFIRMED") {
            problems.push(format!("{}/README.md does not say what is UNCONFIRMED", spec.id));
        }
    }
    all(problems)
}

/// Files of a network in which something waits instead of giving the time back.
pub(crate) fn sleepers(network: &str) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    let folder = source().join(network);
    for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            if ["sleep(", "sleep_until(", "time::interval(", "park_timeout("].iter().any(|call| text.contains(call)) {
                found.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            }
        }
    }
    Ok(found)
}

fn data() -> Outcome {
    let mut problems = Vec::new();
    for spec in SPECS {
        let mut wrong = |what: String| problems.push(format!("{}: {what}", spec.id));
        if !spec.hosts.iter().any(|host| host.role == "api") {
            wrong("it names no host `api`".into());
        }
        for host in spec.hosts {
            if !host.url.starts_with("https://") || host.url.ends_with('/') {
                wrong(format!("the host `{}` is {}", host.role, host.url));
            }
        }
        if let ConnectKind::OAuth2(oauth) = spec.connect {
            for (role, path) in [Some(oauth.authorize), Some(oauth.token), oauth.revoke].into_iter().flatten() {
                if !spec.hosts.iter().any(|host| host.role == role) || !path.starts_with('/') {
                    wrong(format!("its OAuth address `{role}` {path} leads nowhere"));
                }
            }
            if (spec.abilities.revoke == Ability::Yes) != oauth.revoke.is_some() {
                wrong("whether tokens can be given back is said in two ways".into());
            }
        }
        if !is_day(spec.api.read) || spec.api.sunset.is_some_and(|day| !is_day(day)) {
            wrong(format!("its API was read on `{}`", spec.api.read));
        }
        match serde_json::to_value(spec) {
            Ok(value) => sources(&value, "", &mut wrong),
            Err(error) => wrong(error.to_string()),
        }
        for kind in [MediaKind::Image, MediaKind::Gif, MediaKind::Video, MediaKind::Document] {
            if file_limits(&spec.limits, kind).is_some_and(|rules| rules.types.is_empty() || rules.max_count == 0) {
                wrong(format!("its limits for {kind:?} let nothing pass"));
            }
        }
    }
    all(problems)
}

/// Every object that says where it was read says so in full, or that nobody has confirmed it.
fn sources(value: &Value, place: &str, wrong: &mut impl FnMut(String)) {
    match value {
        Value::Object(fields) => {
            if let (Some(at), Some(read)) = (fields.get("at"), fields.get("read")) {
                let named = |at: &str| at.starts_with("https://") || at.starts_with("UNCONFIRMED: ");
                if !at.as_str().is_some_and(named) || !read.as_str().is_some_and(is_day) {
                    wrong(format!("{place} comes from {at}, read {read}"));
                }
            }
            for (name, inner) in fields {
                sources(inner, &format!("{place}/{name}"), wrong);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, inner)| sources(inner, &format!("{place}/{at}"), wrong));
        }
        _ => {}
    }
}

fn is_day(text: &str) -> bool {
    text.len() == "2026-11-22".len() && text.parse::<jiff::civil::Date>().is_ok()
}

/// The table of networks as it has to stand in the README, markers included.
fn table() -> String {
    let mut out = format!("{}\n| network | posts | text | connect |\n|---|---|---|---|\n", MARKERS.0);
    for spec in SPECS {
        out.push_str(&format!("| {} | {} | {} | {} |\n", spec.name, posts(spec), text(spec), connect(spec)));
    }
    out + MARKERS.1
}

fn posts(spec: &Spec) -> String {
    let limits = &spec.limits;
    let counted =
        |count: u64, one: &str, many: &str| if count == 1 { one.to_owned() } else { format!("{count} {many}") };
    [
        (!limits.media.required).then(|| "text, link".to_owned()),
        limits.media.image.map(|rules| counted(rules.max_count, "picture", "pictures")),
        limits.media.gif.map(|rules| counted(rules.max_count, "GIF", "GIFs")),
        limits.media.video.map(|rules| counted(rules.max_count, "video", "videos")),
        limits.media.document.map(|rules| counted(rules.max_count, "document", "documents")),
        limits.poll.map(|_| "poll".to_owned()),
        limits.thread.then(|| "thread".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(", ")
}

fn text(spec: &Spec) -> String {
    let unit = match spec.limits.text.unit {
        Unit::Graphemes => "graphemes",
        Unit::CodePoints => "characters",
        Unit::Utf16 => "UTF-16 units",
        Unit::Weighted => "weighted characters",
    };
    let url = spec.limits.text.url_weight.map(|weight| format!(", a link counts {weight}")).unwrap_or_default();
    format!("{} {unit}{url}", spec.limits.text.max)
}

fn connect(spec: &Spec) -> &'static str {
    match spec.connect {
        ConnectKind::OAuth2(oauth) if oauth.needs_app => "login page, with your own app",
        ConnectKind::OAuth2(_) => "login page",
        ConnectKind::Credentials { .. } => "typed in",
    }
}

fn readme() -> Outcome {
    let path = root().join("README.md");
    let Ok(readme) = fs::read_to_string(&path) else { return Ok(()) };
    let Some((start, end)) = place(&readme) else { return Ok(()) };
    let wanted = table();
    if readme[start..end] == wanted {
        Ok(())
    } else {
        Err(format!("the table in README.md is out of date; `--write-readme` writes this one:\n{wanted}"))
    }
}

/// Writes the table between the markers.
pub(crate) fn write_readme() -> Outcome {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (start, end) = place(&readme).ok_or_else(|| format!("README.md has no {} … {}", MARKERS.0, MARKERS.1))?;
    let written = format!("{}{}{}", &readme[..start], table(), &readme[end..]);
    fs::write(&path, written).map_err(|error| format!("{}: {error}", path.display()))
}

fn place(readme: &str) -> Option<(usize, usize)> {
    let start = readme.find(MARKERS.0)?;
    let end = start + readme[start..].find(MARKERS.1)? + MARKERS.1.len();
    Some((start, end))
}

fn all(problems: Vec<String>) -> Outcome {
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n  ")) }
}
