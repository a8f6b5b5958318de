//! Rules that neither the limits nor the options alone can express: what goes with which kind of post.
//! <https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media>, read 2026-11-22.

use crieur_domain::{
    Problem,
    content::Outgoing,
    media::{MediaItem, MediaKind},
};

use super::{Kind, Options, SPEC};
use crate::{compose::rule, text::with_link};

const MAX_HASHTAGS: u64 = 30;
const MAX_MENTIONS: u64 = 20;
/// A story's video.
const MAX_STORY_MS: u64 = 60_000;
const MAX_STORY_BYTES: u64 = 100 * 1024 * 1024;
/// Width over height of a picture in the feed.
const RATIO: (f64, f64) = (0.8, 1.91);

/// Everything that this post breaks.
pub(super) fn check(post: &Outgoing, wishes: &Options) -> Vec<Problem> {
    let kind = Kind::of(post, wishes);
    let mut problems = Vec::new();
    caption(post, &mut problems);
    match kind {
        Kind::Story => story(post, wishes, &mut problems),
        Kind::Image | Kind::Carousel => ratios(post, &mut problems),
        Kind::Reel => {}
    }
    if kind != Kind::Reel {
        let reel = [
            ("cover_url", wishes.cover_url.is_some()),
            ("thumb_offset_ms", wishes.thumb_offset_ms.is_some()),
            ("audio_name", wishes.audio_name.is_some()),
            ("share_to_feed", wishes.share_to_feed.is_some()),
            ("trial", wishes.trial.is_some()),
        ];
        for (name, _) in reel.into_iter().filter(|(_, there)| *there) {
            problems.push(option(name, name, "This is for reels: one video, and no story."));
        }
    }
    let duration = post.media.first().and_then(|file| file.duration_ms);
    if wishes.thumb_offset_ms.zip(duration).is_some_and(|(moment, whole)| moment > whole) {
        problems.push(option("thumb_offset_ms", "thumb_offset_ms", "This moment lies behind the end of the video."));
    }
    tags(post, wishes, kind, &mut problems);
    problems
}

fn option(place: &str, name: &str, message: &str) -> Problem {
    let remedy = "Leave it out, or give this target other files.";
    Problem::new(format!("/options/{place}"), rule(&SPEC, &format!("options.{name}")), message, remedy)
}

fn caption(post: &Outgoing, problems: &mut Vec<Problem>) {
    let text = with_link(&post.text, post.link.as_deref());
    for (sign, what, limit) in [('#', "hashtags", MAX_HASHTAGS), ('@', "mentions", MAX_MENTIONS)] {
        let count = words(&text, sign);
        if count > limit {
            let message = format!("Instagram takes {limit} {what}; this text has {count}.");
            let remedy = "Leave some out, or give this target its own text.";
            let name = rule(&SPEC, &format!("text.max_{what}"));
            problems.push(Problem::new("/content/text", name, message, remedy).over(limit, count));
        }
    }
}

/// Words behind a sign that stands at the beginning of a word.
fn words(text: &str, sign: char) -> u64 {
    let mut before = ' ';
    let mut count = 0;
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next();
        let word = next.is_some_and(|next| next.is_alphanumeric() || next == '_');
        count += u64::from(c == sign && word && !before.is_alphanumeric() && before != '/');
        before = c;
    }
    count
}

fn story(post: &Outgoing, wishes: &Options, problems: &mut Vec<Problem>) {
    if post.media.len() > 1 {
        problems.push(option("story", "story", "A story is one file."));
    }
    if !post.text.trim().is_empty() || post.link.is_some() {
        problems.push(Problem::new(
            "/content/text",
            rule(&SPEC, "options.story"),
            "A story carries neither a text nor a link.",
            "Give this target its own content without them.",
        ));
    }
    for (name, there) in [
        ("collaborators", !wishes.collaborators.is_empty()),
        ("location_id", wishes.location_id.is_some()),
        ("product_tags", !wishes.product_tags.is_empty()),
    ] {
        if there {
            problems.push(option(name, name, "Stories take none."));
        }
    }
    for (index, file) in post.media.iter().enumerate().filter(|(_, file)| file.kind == MediaKind::Video) {
        let mut over = |name: &str, what: &str, limit: u64, actual: u64| {
            if actual > limit {
                let message = format!("Instagram takes a story of {limit} {what}; this one has {actual}.");
                let problem = Problem::new(
                    format!("/content/media/{index}"),
                    rule(&SPEC, &format!("media.{name}")),
                    message,
                    "Cut it, or send it as a reel.",
                );
                problems.push(problem.over(limit, actual));
            }
        };
        over("max_duration_ms", "milliseconds", MAX_STORY_MS, file.duration_ms.unwrap_or(0));
        over("max_bytes", "bytes", MAX_STORY_BYTES, file.size);
    }
}

fn ratios(post: &Outgoing, problems: &mut Vec<Problem>) {
    for (index, file) in post.media.iter().enumerate().filter(|(_, file)| file.kind == MediaKind::Image) {
        let Some((width, height)) = file.width.zip(file.height) else { continue };
        let ratio = f64::from(width) / f64::from(height.max(1));
        // A pixel more or less is borne by the network.
        if ratio < RATIO.0 - 0.01 || ratio > RATIO.1 + 0.01 {
            problems.push(Problem::new(
                format!("/content/media/{index}"),
                rule(&SPEC, "media.ratio"),
                format!("Instagram takes pictures from 4 to 5 up to 1.91 to 1; this one has {width} to {height}."),
                "Crop the picture, or send it as a story.",
            ));
        }
    }
}

fn tags(post: &Outgoing, wishes: &Options, kind: Kind, problems: &mut Vec<Problem>) {
    let users = wishes.user_tags.iter().map(|tag| ("user_tags", tag.file, tag.x));
    let products = wishes.product_tags.iter().map(|tag| ("product_tags", tag.file, tag.x));
    for (at, (name, file, x)) in users.enumerate().chain(products.enumerate()) {
        let place = format!("{name}/{at}");
        let Some(file): Option<&MediaItem> = post.media.get(file) else {
            problems.push(option(&format!("{place}/file"), name, "The post has no such file."));
            continue;
        };
        let video = file.kind == MediaKind::Video;
        let message = match (kind, video, x) {
            (Kind::Carousel, true, _) => "The videos of a carousel take no tags.",
            (_, true, Some(_)) => "Tags on a video have no place.",
            (Kind::Image | Kind::Carousel, false, None) => "Tags on a picture need a place, `x` and `y`.",
            _ => continue,
        };
        problems.push(option(&place, name, message));
    }
}
