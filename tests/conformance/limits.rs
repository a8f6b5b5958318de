//! Texts at the very limit go out; texts one over are refused by the check and, if sent all the same, by the network.

use crieur_domain::{ErrorKind, content::Outgoing};
use crieur_platforms::compose;
use serde_json::json;

use crate::{
    contents::Files,
    control::Outcome,
    matrix::Verdict,
    stage::Stage,
    worker::{Delivery, End},
};

/// What a text is filled up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filler {
    Letters,
    Ideographs,
    Emoji,
    BehindALink,
}

impl Filler {
    pub(crate) const ALL: [Self; 4] = [Self::Letters, Self::Ideographs, Self::Emoji, Self::BehindALink];

    /// What it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Letters => "letters",
            Self::Ideographs => "ideographs",
            Self::Emoji => "emoji",
            Self::BehindALink => "behind a link",
        }
    }

    const fn pieces(self) -> (&'static str, &'static str) {
        match self {
            Self::Letters => ("", "a"),
            Self::Ideographs => ("", "麦"),
            Self::Emoji => ("", "🥖"),
            Self::BehindALink => {
                ("https://example.com/the/long/way/to/the/bakery/that/is/open/at/seven/in/the/morning ", "b")
            }
        }
    }
}

/// Plays the text at the limit, or the one that is `over` it by one.
pub(crate) async fn play(mut stage: Stage, filler: Filler, over: bool) -> Outcome<Verdict> {
    let limits = stage.limits()?;
    if limits.media.required {
        return Ok(Verdict::NotOffered("a post needs a file".into()));
    }
    let (composer, facts) = (stage.scene.composer()?, stage.account.facts.clone());
    let length = |text: &str| {
        let post = Outgoing { text: text.to_owned(), ..Outgoing::default() };
        composer.render_for(&post, &facts).length
    };
    let text = filled(filler, limits.text.max + u64::from(over), length)?;
    let post = Outgoing { text, ..Outgoing::default() };
    let problems = compose::check(composer, &post, &facts);
    let files = Files::default();
    if !over {
        if !problems.is_empty() {
            return Err(format!("the check refuses {} of {}: {problems:?}", length(&post.text), limits.text.max));
        }
        return match Delivery::new(&mut stage, post, &files).await?.drive().await? {
            End::Published(_) => Ok(Verdict::Passed),
            other => Err(format!("the network does not take the longest text: {other:?}")),
        };
    }
    let told = problems.iter().find(|problem| problem.pointer == "/content/text" && problem.limit.is_some());
    let told = told.ok_or_else(|| format!("the check lets it pass: {problems:?}"))?;
    if told.actual <= told.limit || told.remedy.is_empty() {
        return Err(format!("the check does not say by how much: {told:?}"));
    }
    match Delivery::new(&mut stage, post, &files).await?.drive().await? {
        End::Failed(failure) if failure.kind == ErrorKind::Refused => {}
        other => return Err(format!("the network, asked all the same, came to {other:?}")),
    }
    if stage.scene.control.posts().await?.is_empty() { Ok(Verdict::Passed) } else { Err("it is visible".into()) }
}

/// A text of exactly that length.
fn filled(filler: Filler, wanted: u64, length: impl Fn(&str) -> u64) -> Outcome<String> {
    let (mut text, piece) = (filler.pieces().0.to_owned(), filler.pieces().1);
    let weight = length(piece).max(1);
    let room = wanted.checked_sub(length(&text)).ok_or("the limit is shorter than a link")?;
    text.push_str(&piece.repeat(usize::try_from(room / weight).map_err(|_| "no such limit")?));
    while length(&text) < wanted {
        text.push('a');
    }
    if length(&text) == wanted { Ok(text) } else { Err(format!("no text of {wanted}: {} instead", length(&text))) }
}

/// Options that the network does not have are refused by name.
pub(crate) async fn unknown_option(stage: Stage) -> Outcome<Verdict> {
    let composer = stage.scene.composer()?;
    let problems = composer.check_options(&json!({"no_such_option": 1})).err().unwrap_or_default();
    if !problems.iter().any(|problem| problem.message.contains("no_such_option")) {
        return Err(format!("an unknown option is not named: {problems:?}"));
    }
    composer.check_options(&serde_json::Value::Null).map_err(|problems| format!("no options at all: {problems:?}"))?;
    let schema = (stage.scene.spec.options)().to_value();
    if schema["additionalProperties"] != false {
        return Err("the schema of the options allows unknown names".into());
    }
    Ok(Verdict::Passed)
}
