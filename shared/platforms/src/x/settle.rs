//! Looking for a post whose commit got no answer: the account's own posts since then, compared by everything that is
//! known of it. X rewrites a text before it shows it; both sides are brought to one form first.
//! <https://docs.x.com/x-api/posts/timelines/introduction>, read 2026-11-22.

use crieur_domain::{
    Failure,
    content::{Outgoing, Published},
    delivery::Unsettled,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::{Client, SPEC, create, errors, options::Options, urls::urls, wire};
use crate::{
    compose::{Compose, options},
    http::Request,
    publish::{Context, Sighting},
};

/// How far X's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_secs(30);
/// Pages of 100 that one look reads at most.
const PAGES: usize = 5;

/// Looks once. More than one post that fits proves nothing about either.
pub(super) async fn look(cx: &Context<'_>, post: &Outgoing, unsettled: &Unsettled) -> Result<Sighting, Failure> {
    let wanted = Wanted::of(post, unsettled.since);
    let base = cx.http.base(&SPEC, "api");
    let mut found: Vec<wire::Post> = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..PAGES {
        let request = recent(&base, &cx.account.network_id, wanted.since, token.as_deref());
        let response = cx.http.send(request.bearer(cx.credentials.access_token.expose())).await?;
        if !response.is_success() {
            return Err(errors::read(&response, cx.now));
        }
        let page: wire::Answer<Vec<wire::Post>> = response.json()?;
        found.extend(page.data.into_iter().flatten().filter(|post| wanted.is(post)));
        token = page.meta.next_token;
        if token.is_none() {
            break;
        }
    }
    Ok(match (found.as_slice(), token) {
        ([one], _) => Sighting::Found(published(cx, &one.id)),
        ([], None) => Sighting::NotSeen,
        _ => Sighting::CannotTell,
    })
}

/// A post by its id, with the address at which a person sees it.
pub(super) fn published(cx: &Context<'_>, id: &str) -> Published {
    let permalink = format!("{}/{}/status/{id}", cx.http.base(&SPEC, "web"), cx.account.handle);
    Published { network_id: id.to_owned(), permalink: Some(permalink), detail: Value::Null }
}

fn recent(base: &str, user: &str, since: Timestamp, token: Option<&str>) -> Request {
    let start = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut pairs = vec![
        ("max_results", "100"),
        ("exclude", "retweets"),
        ("start_time", start.as_str()),
        ("post.fields", "attachments,conversation_id,created_at,entities,note_post"),
        ("expansions", "referenced_posts"),
    ];
    pairs.extend(token.map(|token| ("pagination_token", token)));
    Request::get(format!("{base}/2/users/{user}/tweets")).query(&pairs)
}

/// All that is known of the post that is looked for.
struct Wanted {
    since: Timestamp,
    text: String,
    files: usize,
    poll: bool,
    parent: Option<String>,
    root: Option<String>,
    quote: Option<String>,
}

impl Wanted {
    fn of(post: &Outgoing, since: Timestamp) -> Self {
        let wishes: Options = options(&SPEC, &post.options).unwrap_or_default();
        let parent = create::parent(post, &wishes);
        Self {
            since: since.checked_sub(SKEW).unwrap_or(since),
            text: plain(&Client.render(post).text, parent.is_some()),
            files: post.media.len(),
            poll: post.poll.is_some(),
            parent,
            root: post.reply_to.as_ref().map(|reply| reply.root.network_id.clone()),
            quote: create::quote(post, &wishes),
        }
    }

    fn is(&self, post: &wire::Post) -> bool {
        let attachments = post.attachments.as_ref();
        let files = attachments.and_then(|found| found.media_keys.as_ref()).map_or(0, Vec::len);
        let poll = attachments.and_then(|found| found.poll_ids.as_ref()).is_some_and(|ids| !ids.is_empty());
        post.created_at.is_some_and(|at| at >= self.since)
            && files == self.files
            && poll == self.poll
            && self.is_answer(post)
            && self.text == shown(post, self.quote.as_deref(), self.parent.is_some())
    }

    /// Whether it answers the right post, or none. Where X names no references, the conversation has to do.
    fn is_answer(&self, post: &wire::Post) -> bool {
        let reference = |kind: &str| {
            post.referenced_posts.iter().flatten().find(|found| found.kind == kind).map(|found| found.id.as_str())
        };
        let conversation = post.conversation_id.as_deref();
        let parent = match (&self.parent, reference("replied_to")) {
            (Some(wanted), Some(found)) => wanted == found,
            (Some(wanted), None) => {
                let root = self.root.as_deref().unwrap_or(wanted);
                post.referenced_posts.is_none() && conversation == Some(root)
            }
            (None, Some(_)) => false,
            (None, None) => conversation.is_none_or(|id| id == post.id),
        };
        let quoted = reference("quoted");
        parent && (quoted.is_none() || quoted == self.quote.as_deref())
    }
}

/// What X shows of a post, as it was written: entities of HTML read, `t.co` opened, addresses that X itself added (of
/// files, of the quoted post) taken out.
fn shown(post: &wire::Post, quote: Option<&str>, is_answer: bool) -> String {
    let (text, entities) = match &post.note_post {
        Some(note) => (&note.text, note.entities.as_ref()),
        None => (&post.text, post.entities.as_ref()),
    };
    let mut text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    for entity in entities.into_iter().flat_map(|found| found.urls.iter().flatten()) {
        let Some(short) = entity.url.as_deref() else { continue };
        let opened = entity.expanded_url.as_deref().unwrap_or(short);
        let of_file = entity.media_key.is_some()
            || opened.contains(&format!("/status/{}/photo/", post.id))
            || opened.contains(&format!("/status/{}/video/", post.id));
        let of_quote = quote.is_some_and(|id| opened.ends_with(&format!("/status/{id}"))) && text.ends_with(short);
        text = match of_file || of_quote {
            true => text.replace(short, ""),
            false => text.replacen(short, opened, 1),
        };
    }
    plain(&text, is_answer)
}

/// One form for all spellings of the same text: composed characters, single blanks, addresses without their scheme. An
/// answer may begin with the names that X puts before it.
fn plain(text: &str, is_answer: bool) -> String {
    let text: String = text.nfc().collect();
    let (mut plain, mut from) = (String::with_capacity(text.len()), 0);
    for url in urls(&text) {
        plain.push_str(&text[from..url.start]);
        plain.push_str(&address(&text[url.clone()]));
        from = url.end;
    }
    plain.push_str(&text[from..]);
    let words = plain.split_whitespace().skip_while(|word| is_answer && word.starts_with('@'));
    words.collect::<Vec<_>>().join(" ")
}

fn address(url: &str) -> String {
    let bare = ["https://", "http://"]
        .into_iter()
        .find_map(|scheme| url.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)))
        .map_or(url, |scheme| &url[scheme.len()..]);
    let parsed = url::Url::parse(&format!("https://{bare}"));
    let full = parsed.map_or_else(|_| bare.to_owned(), |url| url.as_str()["https://".len()..].to_owned());
    full.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crieur_domain::{
        MediaId,
        content::{Poll, ReplyTo},
        media::{MediaItem, MediaKind},
    };

    use super::*;

    fn page() -> Vec<wire::Post> {
        let page: wire::Answer<Vec<wire::Post>> = serde_json::from_str(include_str!("fixtures/recent.json")).unwrap();
        page.data.unwrap()
    }

    fn ids(post: &Outgoing, since: &str) -> Vec<String> {
        let wanted = Wanted::of(post, since.parse().unwrap());
        page().iter().filter(|post| wanted.is(post)).map(|post| post.id.clone()).collect()
    }

    const SINCE: &str = "2026-11-22T12:00:01Z";

    fn picture() -> MediaItem {
        MediaItem {
            id: MediaId::from_parts(0, 1),
            kind: MediaKind::Image,
            content_type: "image/png".into(),
            file_name: "a.png".into(),
            size: 1,
            width: None,
            height: None,
            duration_ms: None,
            alt_text: None,
        }
    }

    fn bread() -> Outgoing {
        Outgoing {
            text: "Fresh bread & salt <3 Bread.example.com".into(),
            link: Some("https://example.com/a?b=1&c=2".into()),
            media: vec![picture(), picture()],
            ..Outgoing::default()
        }
    }

    #[test]
    fn a_post_is_found_behind_everything_that_x_did_to_its_text() {
        assert_eq!(ids(&bread(), SINCE), ["1990000000000000005"]);
    }

    #[test]
    fn another_number_of_files_another_word_or_an_older_time_is_another_post() {
        let fewer = Outgoing { media: vec![picture()], ..bread() };
        let other = Outgoing { text: "Fresh bread & salt <3 bread.example.org".into(), ..bread() };
        let poll = Poll { options: vec!["a".into(), "b".into()], duration_minutes: 5, multiple: false };
        let with_poll = Outgoing { poll: Some(poll), ..bread() };
        for post in [&fewer, &other, &with_poll] {
            assert_eq!(ids(post, SINCE), Vec::<String>::new());
        }
        assert_eq!(ids(&bread(), "2026-11-22T12:00:38Z"), Vec::<String>::new());
    }

    #[test]
    fn a_part_of_a_thread_is_found_under_its_own_parent_only() {
        let reply = |parent: &str| {
            let parent = Published { network_id: parent.into(), permalink: None, detail: Value::Null };
            Outgoing {
                text: "2/2 And the recipe.".into(),
                reply_to: Some(ReplyTo { root: parent.clone(), parent }),
                is_reply: true,
                ..Outgoing::default()
            }
        };
        assert_eq!(ids(&reply("1990000000000000001"), SINCE), ["1990000000000000004"]);
        assert_eq!(ids(&reply("1990000000000000009"), SINCE), Vec::<String>::new());
        let no_reply = Outgoing { text: "2/2 And the recipe.".into(), ..Outgoing::default() };
        assert_eq!(ids(&no_reply, SINCE), Vec::<String>::new());
    }

    #[test]
    fn polls_and_long_texts_are_told_apart() {
        let poll = Poll { options: vec!["Rye".into(), "Wheat".into()], duration_minutes: 60, multiple: false };
        let with_poll = Outgoing { text: "Rye or wheat?".into(), poll: Some(poll), ..Outgoing::default() };
        assert_eq!(ids(&with_poll, SINCE), ["1990000000000000003"]);
        let without = Outgoing { text: "Rye or wheat?".into(), ..Outgoing::default() };
        assert_eq!(ids(&without, SINCE), Vec::<String>::new());
        let long = Outgoing { text: "The whole of a  long text.\n".into(), ..Outgoing::default() };
        assert_eq!(ids(&long, SINCE), ["1990000000000000001"]);
    }

    #[test]
    fn names_that_x_puts_before_an_answer_do_not_hide_it() {
        assert_eq!(plain("@ada @bob Indeed, @ada", true), plain("Indeed, @ada", true));
        assert_ne!(plain("@ada Indeed", false), plain("Indeed", false));
    }

    #[test]
    fn the_look_is_bounded_by_time_and_names_the_fields_it_needs() {
        let request = recent("https://api.x.com", "7", SINCE.parse().unwrap(), Some("next"));
        let url = url::Url::parse(&request.url).unwrap();
        assert_eq!(url.path(), "/2/users/7/tweets");
        let pairs: std::collections::HashMap<_, _> = url.query_pairs().collect();
        assert_eq!(pairs["start_time"], SINCE);
        assert_eq!(pairs["pagination_token"], "next");
        assert!(pairs["post.fields"].contains("entities"));
    }
}
