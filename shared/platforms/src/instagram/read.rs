//! Reading back: the account's own posts and stories, and the numbers of posts and of the account.

use async_trait::async_trait;
use crieur_domain::{
    ErrorKind, Failure,
    content::{Outgoing, Published},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Client, Kind, Options, ask, base, wire};
use crate::{
    graph::{self, Page},
    insights::{Insights, Metric, Numbers},
    manage::{Manage, Seen},
    publish::Context,
    text::with_link,
};

/// How far the network's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_secs(30);
/// Posts on a page.
const PAGE: usize = 50;
/// Pages that one look reads at most.
const PAGES: usize = 5;

/// Numbers by kind of post; asking for one that a kind does not have is refused.
/// <https://developers.facebook.com/docs/instagram-platform/reference/instagram-media/insights>, read 2026-11-22.
const FEED: &str = "views,reach,likes,comments,saved,shares,total_interactions,follows,profile_visits";
const REELS: &str =
    "views,reach,likes,comments,saved,shares,total_interactions,ig_reels_avg_watch_time,ig_reels_video_view_total_time";
const STORY: &str = "views,reach,replies,shares,total_interactions,follows,profile_visits";

/// Our names for theirs.
const METRICS: &[(&str, Metric)] = &[
    ("views", Metric::Views),
    ("reach", Metric::Reach),
    ("likes", Metric::Likes),
    ("comments", Metric::Comments),
    ("replies", Metric::Comments),
    ("saved", Metric::Saves),
    ("shares", Metric::Shares),
    ("total_interactions", Metric::Engagements),
    ("follows", Metric::Follows),
    ("profile_visits", Metric::ProfileVisits),
    ("ig_reels_avg_watch_time", Metric::AverageWatchTimeMs),
    ("ig_reels_video_view_total_time", Metric::WatchTimeMs),
];

/// Posts, or stories, from `since` on, newest first.
async fn own(cx: &Context<'_>, stories: bool, since: Timestamp, most: usize) -> Result<Vec<wire::Media>, Failure> {
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES {
        let request = wire::own(&base(cx), stories, since.as_second(), PAGE.min(most), after.as_deref());
        let page: Page<wire::Media> = ask(cx, request).await?.json()?;
        after = page.after().map(str::to_owned);
        found.extend(page.data);
        if after.is_none() || found.len() >= most {
            break;
        }
    }
    found.truncate(most);
    Ok(found)
}

/// The posts of the same kind that say the same, with as many files, since then.
pub(super) async fn find(cx: &Context<'_>, post: &Outgoing, since: Timestamp) -> Result<Vec<Published>, Failure> {
    let since = since.checked_sub(SKEW).unwrap_or(since);
    let kind = Kind::of(post, &Options::of(post));
    let candidates = own(cx, kind == Kind::Story, since, PAGE * PAGES).await?;
    Ok(candidates.into_iter().filter(|media| is(media, post, kind, since)).map(published).collect())
}

fn is(media: &wire::Media, post: &Outgoing, kind: Kind, since: Timestamp) -> bool {
    let wanted = match kind {
        Kind::Story => String::new(),
        Kind::Image | Kind::Reel | Kind::Carousel => with_link(&post.text, post.link.as_deref()),
    };
    let at = media.timestamp.as_deref().and_then(graph::time);
    media.caption.as_deref().unwrap_or_default().trim() == wanted.trim()
        && files(media) == post.media.len()
        && media.media_product_type.as_deref().is_none_or(|product| product == kind.product())
        // The network tells whole seconds.
        && at.is_some_and(|at| at.as_second() >= since.as_second())
}

fn files(media: &wire::Media) -> usize {
    media.children.as_ref().map_or(1, |children| children.data.len())
}

fn published(media: wire::Media) -> Published {
    let detail = media.media_product_type.map_or(Value::Null, |product| json!({"product": product}));
    Published { network_id: media.id, permalink: media.permalink, detail }
}

fn seen(media: wire::Media) -> Option<Seen> {
    let created_at = media.timestamp.as_deref().and_then(graph::time)?;
    let (text, count) = (media.caption.clone().unwrap_or_default(), files(&media));
    Some(Seen { published: published(media), text, media: count, created_at })
}

#[async_trait]
impl Manage for Client {
    async fn read_back(&self, cx: &Context<'_>, published: &Published) -> Result<Option<Seen>, Failure> {
        match ask(cx, wire::media(&base(cx), &published.network_id)).await {
            Ok(answer) => Ok(seen(answer.json()?)),
            Err(failure) if failure.kind == ErrorKind::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Stories are not among them: they are gone after a day.
    async fn recent(&self, cx: &Context<'_>, since: Timestamp, limit: usize) -> Result<Vec<Seen>, Failure> {
        let media = own(cx, false, since, limit).await?;
        Ok(media.into_iter().filter_map(seen).filter(|seen| seen.created_at >= since).collect())
    }

    async fn edit(&self, _: &Context<'_>, _: &Published, _: &Outgoing) -> Result<Published, Failure> {
        Err(Failure::new(ErrorKind::Refused, "Instagram lets no app change what a post says.")
            .remedy("Change it in the app."))
    }
}

/// What to ask of a kind of post.
fn metrics(product: &str) -> &'static str {
    match product {
        "REELS" => REELS,
        "STORY" => STORY,
        _ => FEED,
    }
}

async fn of_post(cx: &Context<'_>, post: &Published) -> Result<Numbers, Failure> {
    let product = match post.detail["product"].as_str() {
        Some(product) => product.to_owned(),
        None => {
            let media: wire::Media = ask(cx, wire::media(&base(cx), &post.network_id)).await?.json()?;
            media.media_product_type.unwrap_or_default()
        }
    };
    let request = wire::insights(&base(cx), &post.network_id, metrics(&product));
    graph::numbers(ask(cx, request).await?.json()?, METRICS)
}

#[async_trait]
impl Insights for Client {
    async fn posts(&self, cx: &Context<'_>, posts: &[Published]) -> Result<Vec<Numbers>, Failure> {
        let mut all = Vec::with_capacity(posts.len());
        for post in posts {
            all.push(match of_post(cx, post).await {
                Err(failure) if failure.kind == ErrorKind::NotFound => Numbers::default(),
                numbers => numbers?,
            });
        }
        Ok(all)
    }

    /// Instagram's insights of an account cover days and not its whole time, so its totals come from the account itself.
    async fn account(&self, cx: &Context<'_>) -> Result<Numbers, Failure> {
        let raw: Value = ask(cx, wire::me(&base(cx))).await?.json()?;
        let user: wire::User = serde::Deserialize::deserialize(&raw).map_err(|error| {
            Failure::new(ErrorKind::Interrupted, format!("the network's account cannot be read: {error}"))
        })?;
        let told = [
            (Metric::Followers, user.followers_count),
            (Metric::Following, user.follows_count),
            (Metric::Posts, user.media_count),
        ];
        // Counts are far below the precision of a float.
        #[expect(clippy::cast_precision_loss)]
        let values = told.into_iter().filter_map(|(metric, count)| Some((metric, count? as f64))).collect();
        Ok(Numbers { values, raw })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_same_caption_with_as_many_files_after_the_commit_is_it() {
        let page: Page<wire::Media> = serde_json::from_str(include_str!("fixtures/media.json")).unwrap();
        let post = Outgoing { text: "Fresh bread".into(), ..Outgoing::default() };
        let since = |text: &str| text.parse::<Timestamp>().unwrap();
        let found = |kind, files: usize, from: &str| -> Vec<String> {
            let item = super::super::tests::picture();
            let post = Outgoing { media: vec![item; files], ..post.clone() };
            let fits = |media: &&wire::Media| is(media, &post, kind, since(from));
            page.data.iter().filter(fits).map(|media| media.id.clone()).collect()
        };
        assert_eq!(found(Kind::Image, 1, "2026-11-22T08:00:00Z"), ["17900000000000002"]);
        assert_eq!(found(Kind::Carousel, 2, "2026-11-22T08:00:00Z"), ["17900000000000003"]);
        assert_eq!(found(Kind::Reel, 1, "2026-11-22T08:00:00Z"), ["17900000000000001"]);
        assert!(found(Kind::Image, 1, "2026-11-22T09:30:00Z").is_empty());
    }

    #[test]
    fn the_documented_numbers_are_read() {
        let raw = serde_json::from_str(include_str!("fixtures/insights.json")).unwrap();
        let numbers = graph::numbers(raw, METRICS).unwrap();
        assert_eq!(numbers.values, [(Metric::Reach, 13.0), (Metric::Saves, 1.0)]);
        assert_eq!((metrics("REELS"), metrics("AD")), (REELS, FEED));
    }
}
