//! Reading back: the account's own posts, and the numbers of posts and of the account.

use async_trait::async_trait;
use crieur_domain::{
    ErrorKind, Failure,
    content::{Outgoing, Published},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Client, ask, base, text, wire};
use crate::{
    graph::{self, Page},
    insights::{Insights, Metric, Numbers},
    manage::{Manage, Seen},
    publish::Context,
    threads::Options,
};

/// How far the network's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_secs(30);
/// Posts on a page.
const PAGE: usize = 50;
/// Pages that one look reads at most.
const PAGES: usize = 5;
/// No number is older. <https://developers.facebook.com/docs/threads/insights>, read 2026-11-22.
const FIRST_NUMBERS: i64 = 1_712_991_600;

/// Our names for theirs.
const METRICS: &[(&str, Metric)] = &[
    ("views", Metric::Views),
    ("likes", Metric::Likes),
    ("replies", Metric::Comments),
    ("reposts", Metric::Reposts),
    ("quotes", Metric::Quotes),
    ("shares", Metric::Shares),
    ("clicks", Metric::LinkClicks),
    ("followers_count", Metric::Followers),
];

/// Posts, or replies, from `since` on, newest first.
async fn own(cx: &Context<'_>, replies: bool, since: Timestamp, most: usize) -> Result<Vec<wire::Thread>, Failure> {
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES {
        let request = wire::own(&base(cx), replies, since.as_second(), PAGE.min(most), after.as_deref());
        let page: Page<wire::Thread> = ask(cx, request).await?.json()?;
        after = page.after().map(str::to_owned);
        found.extend(page.data);
        if after.is_none() || found.len() >= most {
            break;
        }
    }
    found.truncate(most);
    Ok(found)
}

/// The posts that say the same, with as many files, since then, under the same parent.
pub(super) async fn find(cx: &Context<'_>, post: &Outgoing, since: Timestamp) -> Result<Vec<Published>, Failure> {
    let since = since.checked_sub(SKEW).unwrap_or(since);
    let candidates = own(cx, post.is_reply, since, PAGE * PAGES).await?;
    Ok(candidates.into_iter().filter(|thread| is(thread, post, since)).map(published).collect())
}

fn is(thread: &wire::Thread, post: &Outgoing, since: Timestamp) -> bool {
    let wanted = text::rendered(post, &Options::of(post));
    let at = thread.timestamp.as_deref().and_then(graph::time);
    let parent = post.reply_to.as_ref().map(|reply| reply.parent.network_id.as_str());
    let answers = thread.replied_to.as_ref().map(|parent| parent.id.as_str());
    thread.text.as_deref().unwrap_or_default().trim() == wanted.trim()
        && thread.files() == post.media.len()
        // The network tells whole seconds.
        && at.is_some_and(|at| at.as_second() >= since.as_second())
        && parent == answers
}

fn published(thread: wire::Thread) -> Published {
    Published { network_id: thread.id, permalink: thread.permalink, detail: Value::Null }
}

fn seen(thread: wire::Thread) -> Option<Seen> {
    let created_at = thread.timestamp.as_deref().and_then(graph::time)?;
    let (text, media) = (thread.text.clone().unwrap_or_default(), thread.files());
    Some(Seen { published: published(thread), text, media, created_at })
}

#[async_trait]
impl Manage for Client {
    async fn read_back(&self, cx: &Context<'_>, published: &Published) -> Result<Option<Seen>, Failure> {
        match ask(cx, wire::thread(&base(cx), &published.network_id)).await {
            Ok(answer) => Ok(seen(answer.json()?)),
            Err(failure) if failure.kind == ErrorKind::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn recent(&self, cx: &Context<'_>, since: Timestamp, limit: usize) -> Result<Vec<Seen>, Failure> {
        let threads = own(cx, false, since, limit).await?;
        Ok(threads.into_iter().filter_map(seen).filter(|seen| seen.created_at >= since).collect())
    }

    async fn edit(&self, _: &Context<'_>, _: &Published, _: &Outgoing) -> Result<Published, Failure> {
        Err(Failure::new(ErrorKind::Refused, "Threads lets no app change a post.")
            .remedy("Take the post off and send a new one."))
    }
}

#[async_trait]
impl Insights for Client {
    async fn posts(&self, cx: &Context<'_>, posts: &[Published]) -> Result<Vec<Numbers>, Failure> {
        let mut all = Vec::with_capacity(posts.len());
        for post in posts {
            all.push(match ask(cx, wire::insights(&base(cx), &post.network_id)).await {
                Ok(answer) => graph::numbers(answer.json()?, METRICS)?,
                Err(failure) if failure.kind == ErrorKind::NotFound => Numbers::default(),
                Err(failure) => return Err(failure),
            });
        }
        Ok(all)
    }

    async fn account(&self, cx: &Context<'_>) -> Result<Numbers, Failure> {
        let request = wire::account_insights(&base(cx), FIRST_NUMBERS, cx.now.as_second());
        graph::numbers(ask(cx, request).await?.json()?, METRICS)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crieur_domain::content::ReplyTo;

    use super::*;

    fn listed() -> Vec<wire::Thread> {
        let page: Page<wire::Thread> = serde_json::from_str(include_str!("fixtures/threads.json")).unwrap();
        assert_eq!(page.after(), None);
        page.data
    }

    fn ids(post: &Outgoing, since: &str) -> Vec<String> {
        let since = since.parse().unwrap();
        listed().into_iter().filter(|thread| is(thread, post, since)).map(|thread| thread.id).collect()
    }

    #[test]
    fn only_the_same_text_after_the_commit_under_the_same_parent_is_it() {
        let post = Outgoing { text: "This is a test post ".into(), ..Outgoing::default() };
        assert_eq!(ids(&post, "2024-09-12T23:17:30Z"), ["18050206876707110"]);
        assert_eq!(ids(&post, "2024-09-12T23:17:40Z"), Vec::<String>::new());
        let other = Outgoing { text: "This is a test".into(), ..Outgoing::default() };
        assert_eq!(ids(&other, "2024-09-12T00:00:00Z"), Vec::<String>::new());
        let parent = Published { network_id: "7".into(), permalink: None, detail: Value::Null };
        let reply = ReplyTo { root: parent.clone(), parent };
        let answer = Outgoing { reply_to: Some(reply), is_reply: true, ..post };
        assert_eq!(ids(&answer, "2024-09-12T23:17:30Z"), Vec::<String>::new());
    }

    #[test]
    fn files_are_counted_by_what_the_network_tells() {
        let files: Vec<_> = listed().iter().map(wire::Thread::files).collect();
        assert_eq!(files, [0, 2, 1]);
        let seen = listed().into_iter().next().and_then(seen).unwrap();
        assert_eq!(seen.created_at.to_string(), "2024-09-12T23:17:39Z");
    }

    #[test]
    fn the_documented_numbers_are_read() {
        let raw = serde_json::from_str(include_str!("fixtures/insights.json")).unwrap();
        let numbers = graph::numbers(raw, METRICS).unwrap();
        assert_eq!(numbers.values[..2], [(Metric::Views, 12.0), (Metric::Likes, 3.0)]);
    }
}
