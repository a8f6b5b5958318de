//! What Instagram refuses, written apart from every client.
//! <https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media> and
//! <https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes>, read 2026-11-22.

use bytes::Bytes;
use serde_json::Value;

use super::create::Kind;
use crate::{
    graph::{self, Params, parameter},
    media::{dimensions, sniff},
    posts::SpanKind,
    reply::Reply,
    text,
};

const MAX_CAPTION: usize = 2200;
const MAX_HASHTAGS: usize = 30;
const MAX_MENTIONS: usize = 20;
const MAX_ALT: usize = 1000;
const MAX_COLLABORATORS: usize = 3;
const MAX_IMAGE: usize = 8 * 1024 * 1024;
pub(super) const MAX_VIDEO: u64 = 300 * 1024 * 1024;
pub(super) const MAX_STORY_VIDEO: u64 = 100 * 1024 * 1024;

fn coded(code: i64, subcode: i64, message: &str) -> Reply {
    graph::error(400, code, Some(subcode), "OAuthException", message)
}

/// A caption, with its hashtags and mentions.
pub(super) fn caption(params: &Params) -> Result<String, Reply> {
    let caption = params.get("caption").unwrap_or_default();
    if caption.chars().count() > MAX_CAPTION {
        return Err(coded(36_004, 2_207_010, "The caption was too long."));
    }
    let spans = text::spans(caption);
    for (kind, most) in [(SpanKind::Tag, MAX_HASHTAGS), (SpanKind::Mention, MAX_MENTIONS)] {
        if spans.iter().filter(|span| span.kind == kind).count() > most {
            return Err(parameter(&format!("The caption has more than {most} of one kind of tag.")));
        }
    }
    Ok(caption.to_owned())
}

/// An alt text.
pub(super) fn alt_text(params: &Params) -> Result<Option<String>, Reply> {
    match params.get("alt_text") {
        Some(alt) if alt.chars().count() > MAX_ALT => Err(parameter("Param alt_text must be at most 1000 characters.")),
        alt => Ok(alt.map(str::to_owned)),
    }
}

/// Whoever stands beside the author.
pub(super) fn collaborators(params: &Params) -> Result<Vec<String>, Reply> {
    let names = params.list("collaborators");
    if names.len() > MAX_COLLABORATORS {
        return Err(parameter("Param collaborators must have at most 3 elements."));
    }
    Ok(names)
}

/// Tags of people and products: with a place on pictures, without one on videos.
pub(super) fn tags(params: &Params, kind: Kind, video: bool, item: bool) -> Result<(), Reply> {
    for (name, field) in [("user_tags", "username"), ("product_tags", "product_id")] {
        let Some(tags) = params.json(name)? else { continue };
        let tags = tags.as_array().ok_or_else(|| parameter(&format!("Param {name} must be an array.")))?;
        if item && video {
            return Err(parameter(&format!("Param {name} cannot be used on the videos of a carousel.")));
        }
        if kind == Kind::Carousel || (kind == Kind::Story && name == "product_tags") {
            return Err(parameter(&format!("Param {name} cannot be used here.")));
        }
        for tag in tags {
            let fields = tag.as_object().ok_or_else(|| parameter(&format!("Param {name} must hold objects.")))?;
            let unknown = fields.keys().find(|key| ![field, "x", "y"].contains(&key.as_str()));
            if let Some(unknown) = unknown {
                return Err(parameter(&format!("Param {name} has the unknown field {unknown}.")));
            }
            if tag[field].as_str().is_none_or(str::is_empty) {
                return Err(parameter(&format!("Param {name} needs {field}.")));
            }
            let inside = |axis: &Value| axis.as_f64().is_some_and(|value| (0.0..=1.0).contains(&value));
            let (placed, unplaced) = (inside(&tag["x"]) && inside(&tag["y"]), tag["x"].is_null() && tag["y"].is_null());
            let sound = if video { unplaced } else { placed || (kind == Kind::Story && unplaced) };
            if !sound {
                let subcode = if video { 2_207_035 } else { 2_207_036 };
                return Err(coded(100, subcode, &format!("The position of a tag in {name} is missing or invalid.")));
            }
        }
    }
    Ok(())
}

/// A picture, or why it is refused.
pub(super) fn image(fetched: Result<&Bytes, &str>, kind: Kind) -> Result<(), Reply> {
    let unreachable = |why| coded(9004, 2_207_052, &format!("The media could not be fetched from this URI: {why}"));
    let bytes = fetched.map_err(unreachable)?;
    if sniff(bytes) != Some("image/jpeg") {
        return Err(coded(36_001, 2_207_005, "The image format is not supported: only JPEG is."));
    }
    if bytes.len() > MAX_IMAGE {
        return Err(coded(36_000, 2_207_004, "The image is too large to download. It should be less than 8 MiB."));
    }
    let ratio = dimensions(bytes).map(|(width, height)| f64::from(width) / f64::from(height.max(1)));
    if kind != Kind::Story && ratio.is_some_and(|ratio| !(0.79..=1.92).contains(&ratio)) {
        return Err(coded(36_003, 2_207_009, "The image's aspect ratio does not fall in our acceptable range."));
    }
    Ok(())
}

/// A video's type, or the sentence with which its container comes to nothing.
pub(super) fn video(bytes: &[u8], kind: Kind) -> Result<&'static str, String> {
    let told = |code| format!("Error: Media upload has failed with error code {code}");
    let most = if kind == Kind::Story { MAX_STORY_VIDEO } else { MAX_VIDEO };
    let known = sniff(bytes).filter(|kind| ["video/mp4", "video/quicktime"].contains(kind));
    known.filter(|_| bytes.len() as u64 <= most).ok_or_else(|| told(2_207_026))
}
