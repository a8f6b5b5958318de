//! Counting, rendering and checking content: pure, and the same code for `validate`, for creating and for publishing.

use crieur_domain::{
    Problem,
    content::{Outgoing, Poll},
    media::{MediaItem, MediaKind},
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Spec,
    spec::{FileLimits, Limits, PollLimits},
    text,
};

/// What a client adds to the rules that its [`Spec`] states as data.
///
/// 1. Nothing here does I/O or reads a clock.
/// 2. `render` gives the text exactly as it will be sent, and its length as the network counts it.
/// 3. Pointers of problems start at `/content` or at `/options`; who calls puts the rest before them.
pub trait Compose: Sync {
    /// The network.
    fn spec(&self) -> &'static Spec;

    /// The limits for one account. `facts` is what the network told when the account was connected.
    fn limits(&self, _facts: &Value) -> Limits {
        self.spec().limits.clone()
    }

    /// The text as sent, and how long it is to the network.
    fn render(&self, post: &Outgoing) -> Rendered;

    /// The same for one account, on networks whose servers count differently.
    fn render_for(&self, post: &Outgoing, _facts: &Value) -> Rendered {
        self.render(post)
    }

    /// Checks `options` against the network's own type.
    ///
    /// # Errors
    /// Every unknown name and wrong value.
    fn check_options(&self, options: &Value) -> Result<(), Vec<Problem>>;

    /// Rules that the limits cannot express.
    fn check_further(&self, _post: &Outgoing, _facts: &Value) -> Vec<Problem> {
        Vec::new()
    }
}

/// A text as a network will see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// What is sent.
    pub text: String,
    /// Its length in the network's unit.
    pub length: u64,
}

/// Every rule of the network that this content breaks. Empty: the network will take it, as far as rules can tell.
#[must_use]
pub fn check(client: &dyn Compose, post: &Outgoing, facts: &Value) -> Vec<Problem> {
    let spec = client.spec();
    let limits = client.limits(facts);
    let mut problems = check_text(client, &limits, post, facts);
    problems.extend(check_media(spec, &limits, &post.media));
    if let Some(poll) = &post.poll {
        match &limits.poll {
            Some(rules) => problems.extend(check_poll(spec, rules, poll, !post.media.is_empty())),
            None => problems.push(Problem::new(
                "/content/poll",
                rule(spec, "poll.unsupported"),
                format!("{} has no polls.", spec.name),
                "Leave the poll out for this target by giving it its own content.",
            )),
        }
    }
    if post.is_reply && !limits.thread {
        problems.push(Problem::new(
            "/thread",
            rule(spec, "thread.unsupported"),
            format!("{} has no threads.", spec.name),
            "Send this account a post without `thread`.",
        ));
    }
    problems.extend(check_link(post.link.as_deref()));
    problems.extend(client.check_options(&post.options).err().into_iter().flatten());
    problems.extend(client.check_further(post, facts));
    problems
}

/// The name of a network's rule: `bluesky.text.max_graphemes`.
#[must_use]
pub fn rule(spec: &Spec, name: &str) -> String {
    format!("{}.{name}", spec.id)
}

/// Reads a network's options into its own type. `null` is the type's default.
///
/// # Errors
/// The unknown name or the wrong value, with its pointer below `/options`.
pub fn options<T: DeserializeOwned + Default>(spec: &Spec, value: &Value) -> Result<T, Vec<Problem>> {
    if value.is_null() {
        return Ok(T::default());
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { String::new() } else { format!("/{}", path.replace('.', "/")) };
        vec![Problem::new(
            format!("/options{place}"),
            rule(spec, "options"),
            format!("{} does not take this option: {}.", spec.name, error.inner()),
            format!("`GET /v1/platforms/{}` shows the options as JSON Schema.", spec.id),
        )]
    })
}

/// The JSON Schema of a network's options.
#[must_use]
pub fn schema<T: JsonSchema>() -> schemars::Schema {
    schemars::schema_for!(T)
}

fn check_text(client: &dyn Compose, limits: &Limits, post: &Outgoing, facts: &Value) -> Vec<Problem> {
    let spec = client.spec();
    let rendered = client.render_for(post, facts);
    let mut problems = Vec::new();
    if rendered.length > limits.text.max {
        let unit = match limits.text.unit {
            crate::spec::Unit::Graphemes => "graphemes",
            crate::spec::Unit::CodePoints => "characters",
            crate::spec::Unit::Utf16 => "UTF-16 units",
            crate::spec::Unit::Weighted => "weighted characters",
        };
        problems.push(
            Problem::new(
                "/content/text",
                rule(spec, &format!("text.max_{}", unit.replace([' ', '-'], "_").to_lowercase())),
                format!("{} takes {} {unit}; this text has {}.", spec.name, limits.text.max, rendered.length),
                "Shorten it, or give this target its own text.",
            )
            .over(limits.text.max, rendered.length),
        );
    }
    let bytes = rendered.text.len() as u64;
    if let Some(max) = limits.text.max_bytes.filter(|max| bytes > *max) {
        problems.push(
            Problem::new(
                "/content/text",
                rule(spec, "text.max_bytes"),
                format!("{} takes {max} bytes of UTF-8; this text has {bytes}.", spec.name),
                "Shorten it, or give this target its own text.",
            )
            .over(max, bytes),
        );
    }
    let silent = rendered.text.trim().is_empty();
    if silent && (post.poll.is_some() || (post.media.is_empty() && limits.text.required_without_media)) {
        problems.push(Problem::new(
            "/content/text",
            rule(spec, "text.required"),
            format!("{} takes no post without text, unless it has a file.", spec.name),
            "Write a text, or add a file.",
        ));
    }
    problems
}

fn check_media(spec: &Spec, limits: &Limits, media: &[MediaItem]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if limits.media.required && media.is_empty() {
        problems.push(Problem::new(
            "/content/media",
            rule(spec, "media.required"),
            format!("{} takes no post without a file.", spec.name),
            "Add a picture or a video.",
        ));
    }
    let mut kinds: Vec<MediaKind> = Vec::new();
    for (index, item) in media.iter().enumerate() {
        if !kinds.contains(&item.kind) {
            kinds.push(item.kind);
        }
        let pointer = format!("/content/media/{index}");
        match file_limits(limits, item.kind) {
            Some(rules) => problems.extend(check_file(spec, &rules, item, &pointer)),
            None => problems.push(Problem::new(
                &pointer,
                rule(spec, "media.kind"),
                format!("{} takes no {}.", spec.name, kind_name(item.kind)),
                "Leave the file out for this target by giving it its own content.",
            )),
        }
        let alt = item.alt_text.as_deref().map_or(0, text::graphemes);
        if let Some(max) = limits.media.alt_text_max.filter(|max| alt > *max) {
            problems.push(
                Problem::new(
                    &pointer,
                    rule(spec, "media.alt_text"),
                    format!("{} takes {max} characters of alt text; this file's has {alt}.", spec.name),
                    "Shorten the file's alt text.",
                )
                .over(max, alt),
            );
        }
    }
    for kind in &kinds {
        let count = media.iter().filter(|item| item.kind == *kind).count() as u64;
        if let Some(rules) = file_limits(limits, *kind).filter(|rules| count > rules.max_count) {
            problems.push(
                Problem::new(
                    "/content/media",
                    rule(spec, "media.max_count"),
                    format!(
                        "{} takes {} {}s in one post; this one has {count}.",
                        spec.name,
                        rules.max_count,
                        kind_name(*kind)
                    ),
                    "Leave some out, or give this target its own content.",
                )
                .over(rules.max_count, count),
            );
        }
    }
    let most = kinds.iter().filter_map(|kind| file_limits(limits, *kind)).map(|rules| rules.max_count).max();
    let count = media.len() as u64;
    if kinds.len() > 1 && !limits.media.mixed {
        let names: Vec<_> = kinds.iter().map(|kind| kind_name(*kind)).collect();
        problems.push(Problem::new(
            "/content/media",
            rule(spec, "media.mixed"),
            format!("{} does not take {} in one post.", spec.name, names.join(" and ")),
            "Keep one kind of file, or give this target its own content.",
        ));
    } else if let Some(most) = most.filter(|most| kinds.len() > 1 && count > *most) {
        problems.push(
            Problem::new(
                "/content/media",
                rule(spec, "media.max_count"),
                format!("{} takes {most} files in one post; this one has {count}.", spec.name),
                "Leave some out, or give this target its own content.",
            )
            .over(most, count),
        );
    }
    problems
}

fn check_file(spec: &Spec, rules: &FileLimits, item: &MediaItem, pointer: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let kind = kind_name(item.kind);
    if !rules.types.contains(&item.content_type.as_str()) {
        problems.push(Problem::new(
            pointer,
            rule(spec, "media.type"),
            format!("{} takes a {kind} as {}; this one is {}.", spec.name, rules.types.join(", "), item.content_type),
            "Upload it in one of these formats.",
        ));
    }
    let mut bound = |name: &str, limit: Option<u64>, actual: Option<u64>, under: bool, unit: &str| {
        let (Some(limit), Some(actual)) = (limit, actual) else { return };
        if (under && actual < limit) || (!under && actual > limit) {
            let least = if under { "at least " } else { "" };
            problems.push(
                Problem::new(
                    pointer,
                    rule(spec, &format!("media.{name}")),
                    format!("{} takes a {kind} of {least}{limit} {unit}; this one has {actual}.", spec.name),
                    "Upload a file that fits, or leave it out for this target.",
                )
                .over(limit, actual),
            );
        }
    };
    let (width, height) = (item.width.map(u64::from), item.height.map(u64::from));
    bound("max_bytes", Some(rules.max_bytes), Some(item.size), false, "bytes");
    bound("max_side", rules.max_side, width.max(height), false, "pixels on its longer side");
    bound("max_pixels", rules.max_pixels, width.zip(height).map(|(w, h)| w * h), false, "pixels");
    bound("min_duration_ms", rules.min_duration_ms, item.duration_ms, true, "milliseconds");
    bound("max_duration_ms", rules.max_duration_ms, item.duration_ms, false, "milliseconds");
    problems
}

fn check_poll(spec: &Spec, rules: &PollLimits, poll: &Poll, with_media: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut bound = |pointer: String, name: &str, range: (u64, u64), actual: u64, what: &str| {
        let (least, most) = range;
        if !(least..=most).contains(&actual) {
            problems.push(
                Problem::new(
                    pointer,
                    rule(spec, &format!("poll.{name}")),
                    format!("{} takes {least} to {most} {what}; this poll has {actual}.", spec.name),
                    "Change the poll, or give this target its own content.",
                )
                .over(if actual < least { least } else { most }, actual),
            );
        }
    };
    let options = (rules.min_options, rules.max_options);
    bound("/content/poll/options".into(), "options", options, poll.options.len() as u64, "answers");
    let minutes = (rules.min_minutes, rules.max_minutes);
    bound("/content/poll/duration_minutes".into(), "minutes", minutes, poll.duration_minutes.into(), "minutes");
    for (index, option) in poll.options.iter().enumerate() {
        let pointer = format!("/content/poll/options/{index}");
        let length = text::graphemes(option.trim());
        bound(pointer, "option_length", (1, rules.max_option_length), length, "characters in an answer");
    }
    if poll.multiple && !rules.multiple {
        problems.push(Problem::new(
            "/content/poll/multiple",
            rule(spec, "poll.multiple"),
            format!("{} lets a person choose one answer only.", spec.name),
            "Set `multiple` to false for this target.",
        ));
    }
    if with_media && !rules.with_media {
        problems.push(Problem::new(
            "/content/poll",
            rule(spec, "poll.with_media"),
            format!("{} takes no files beside a poll.", spec.name),
            "Leave out the poll or the files for this target.",
        ));
    }
    problems
}

fn check_link(link: Option<&str>) -> Option<Problem> {
    let link = link?;
    let whole = text::urls(link).first().is_some_and(|range| *range == (0..link.len()));
    let good = whole && url::Url::parse(link).is_ok_and(|url| url.host_str().is_some());
    (!good).then(|| {
        Problem::new(
            "/content/link",
            "link.url",
            "This is not an http or https URL.",
            "Give the whole address, such as https://example.com/page.",
        )
    })
}

/// The limits for a kind of file; `None` where the network takes none.
#[must_use]
pub fn file_limits(limits: &Limits, kind: MediaKind) -> Option<FileLimits> {
    match kind {
        MediaKind::Image => limits.media.image,
        MediaKind::Gif => limits.media.gif,
        MediaKind::Video => limits.media.video,
        MediaKind::Document => limits.media.document,
    }
}

const fn kind_name(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "picture",
        MediaKind::Gif => "animated GIF",
        MediaKind::Video => "video",
        MediaKind::Document => "document",
    }
}
