//! Looking for a status whose creation was not answered, by everything that is known of it.

use crieur_domain::{
    Failure,
    content::{Outgoing, Published},
    delivery::Unsettled,
};
use jiff::{SignedDuration, Timestamp};

use super::{APP_NAME, ask, base_url, options::Options, wire};
use crate::{
    publish::{Context, Sighting},
    text::with_link,
};

/// How long a repeated `Idempotency-Key` is safe: five minutes less than the server remembers it.
/// `idempotency_key` in `app/services/post_status_service.rb` of mastodon/mastodon (3,600 s), read 2026-11-22;
/// <https://docs.joinmastodon.org/methods/statuses/#create> says "up to 1 hour".
pub(super) const KEY_LASTS: SignedDuration = SignedDuration::from_mins(55);
/// How far the server's clock may be behind ours.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(5);
/// Pages of 40 statuses that are read before the search gives up.
const PAGES: usize = 5;

/// What is known of the status that is looked for.
struct Wanted<'a> {
    text: String,
    spoiler: String,
    media_ids: &'a [String],
    parent: Option<&'a str>,
    poll: Option<&'a [String]>,
    since: Timestamp,
}

/// Reads the account's own statuses back to the time of the commit.
pub(super) async fn search(
    cx: &Context<'_>,
    post: &Outgoing,
    media_ids: &[String],
    unsettled: &Unsettled,
) -> Result<Sighting, Failure> {
    let wanted = Wanted::new(post, media_ids, unsettled.since);
    let (base, token) = (base_url(cx.account)?, &cx.credentials.access_token);
    let mut before: Option<String> = None;
    for _ in 0..PAGES {
        let request = wire::own_statuses(base, token, &cx.account.network_id, before.as_deref());
        let page: Vec<wire::Status> = ask(cx.http, request, cx.now).await?.json()?;
        let Some(oldest) = page.last() else { return Ok(Sighting::NotSeen) };
        for status in page.iter().filter(|status| wanted.may_be(status)) {
            let source: wire::StatusSource =
                ask(cx.http, wire::source(base, token, &status.id), cx.now).await?.json()?;
            if wanted.says(&source) {
                return Ok(Sighting::Found(published(status.clone())));
            }
        }
        if oldest.created_at.is_some_and(|at| at < wanted.since) {
            return Ok(Sighting::NotSeen);
        }
        before = Some(oldest.id.clone());
    }
    Ok(Sighting::CannotTell)
}

/// A status as the server named it.
pub(super) fn published(status: wire::Status) -> Published {
    Published { network_id: status.id, permalink: status.url.or(status.uri), detail: serde_json::Value::Null }
}

impl<'a> Wanted<'a> {
    fn new(post: &'a Outgoing, media_ids: &'a [String], since: Timestamp) -> Self {
        Self {
            text: with_link(&post.text, post.link.as_deref()),
            spoiler: Options::of(post).spoiler().to_owned(),
            media_ids,
            parent: post.reply_to.as_ref().map(|reply| reply.parent.network_id.as_str()),
            poll: post.poll.as_ref().map(|poll| poll.options.as_slice()),
            since: since.saturating_sub(CLOCK_SKEW).unwrap_or(since),
        }
    }

    /// Everything but the text, which has to be asked for.
    fn may_be(&self, status: &wire::Status) -> bool {
        let mut theirs: Vec<&str> = status.media_attachments.iter().map(|media| media.id.as_str()).collect();
        let mut ours: Vec<&str> = self.media_ids.iter().map(String::as_str).collect();
        theirs.sort_unstable();
        ours.sort_unstable();
        let poll = status.poll.as_ref().map(|poll| poll.options.iter().map(|option| option.title.trim()));
        let same_poll = match (poll, self.poll) {
            (Some(theirs), Some(ours)) => theirs.eq(ours.iter().map(|option| option.trim())),
            (theirs, ours) => theirs.is_none() && ours.is_none(),
        };
        status.created_at.is_some_and(|at| at >= self.since)
            && theirs == ours
            && same_poll
            && status.in_reply_to_id.as_deref() == self.parent
            && status.application.as_ref().is_none_or(|app| app.name == APP_NAME)
    }

    /// The server cuts white space off both ends. Where there is no text it puts the warning or a sign in its place;
    /// such a status has files, and their ids are proof enough.
    fn says(&self, source: &wire::StatusSource) -> bool {
        self.text.trim().is_empty()
            || (source.text.trim() == self.text.trim() && source.spoiler_text.trim() == self.spoiler.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crieur_domain::content::{Poll, ReplyTo};

    const TEXT: &str = "Fresh bread & butter at seven https://a.example/";

    fn post() -> Outgoing {
        Outgoing { text: TEXT.into(), ..Outgoing::default() }
    }

    fn status() -> wire::Status {
        serde_json::from_str(include_str!("fixtures/status.json")).expect("a status")
    }

    fn source() -> wire::StatusSource {
        serde_json::from_str(include_str!("fixtures/source.json")).expect("a source")
    }

    fn since() -> Timestamp {
        "2026-11-22T10:05:00Z".parse().expect("a time")
    }

    #[test]
    fn the_same_text_after_the_commit_is_it() {
        let post = post();
        let wanted = Wanted::new(&post, &[], since());
        assert!(wanted.may_be(&status()) && wanted.says(&source()));
        let link = Outgoing {
            text: "Fresh bread & butter at seven".into(),
            link: Some("https://a.example/".into()),
            ..Outgoing::default()
        };
        assert!(!Wanted::new(&link, &[], since()).says(&source()), "the link stands on a line of its own");
    }

    #[test]
    fn nothing_else_is_it() {
        let mine = post();
        let wanted = Wanted::new(&mine, &[], since());
        let older = wire::Status { created_at: Some(since() - SignedDuration::from_secs(6)), ..status() };
        let answer = wire::Status { in_reply_to_id: Some("7".into()), ..status() };
        let elsewhere = wire::Status { application: Some(wire::PostedBy { name: "Web".into() }), ..status() };
        let pictured = wire::Status { media_attachments: vec![wire::MediaAttachment { id: "1".into() }], ..status() };
        for other in [older, answer, elsewhere, pictured] {
            assert!(!wanted.may_be(&other), "{other:?}");
        }
        let warned = wire::StatusSource { spoiler_text: "bread".into(), ..source() };
        let other_text = wire::StatusSource { text: "Fresh bread".into(), ..source() };
        assert!(!wanted.says(&warned) && !wanted.says(&other_text));
    }

    #[test]
    fn files_polls_and_parents_have_to_be_the_same() {
        let parent = Published { network_id: "7".into(), permalink: None, detail: serde_json::Value::Null };
        let post = Outgoing {
            poll: Some(Poll { options: vec!["Rye ".into(), "Wheat".into()], duration_minutes: 60, multiple: false }),
            reply_to: Some(ReplyTo { parent: parent.clone(), root: parent }),
            is_reply: true,
            ..post()
        };
        let media = ["9".to_owned(), "8".to_owned()];
        let wanted = Wanted::new(&post, &media, since());
        let option = |title: &str| wire::PollOption { title: title.into() };
        let same = wire::Status {
            in_reply_to_id: Some("7".into()),
            media_attachments: ["8", "9"].map(|id| wire::MediaAttachment { id: id.into() }).into(),
            poll: Some(wire::Poll { options: vec![option("Rye"), option("Wheat")] }),
            ..status()
        };
        assert!(wanted.may_be(&same));
        let swapped = wire::Poll { options: vec![option("Wheat"), option("Rye")] };
        assert!(!wanted.may_be(&wire::Status { poll: Some(swapped), ..same.clone() }));
        assert!(!wanted.may_be(&wire::Status { poll: None, ..same }));
    }
}
