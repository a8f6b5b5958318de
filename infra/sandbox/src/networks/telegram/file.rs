//! Files that come with a call, or that an earlier one brought: <https://core.telegram.org/bots/api#sending-files>.

use serde_json::{Value, json};

use super::{Twin, bad, call::Call, error};
use crate::{
    media::{MediaKind, Medium, sniff},
    reply::Reply,
    world::{World, random_hex},
};

/// Bytes of a picture.
const MAX_PHOTO: usize = 10 * 1024 * 1024;
/// Bytes of anything else.
const MAX_FILE: usize = 50 * 1024 * 1024;
/// Width and height of a picture together.
const MAX_SIDES: u32 = 10_000;
/// How many times longer than the other a side may be.
const MAX_RATIO: u32 = 20;

/// What a file is sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Photo,
    Video,
    Animation,
    Document,
}

impl Kind {
    /// The field of a message that holds it.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Video => "video",
            Self::Animation => "animation",
            Self::Document => "document",
        }
    }

    fn takes(self, kind: MediaKind) -> bool {
        match self {
            Self::Photo => kind == MediaKind::Image,
            Self::Video => kind == MediaKind::Video,
            Self::Animation => matches!(kind, MediaKind::Gif | MediaKind::Video),
            Self::Document => true,
        }
    }
}

/// A file that is part of a message.
pub(super) struct File {
    pub(super) kind: Kind,
    pub(super) medium: Medium,
    id: String,
}

/// The file that `named` means: a part of the call, or one that was sent before.
pub(super) fn take(
    twin: &mut Twin,
    world: &mut World,
    call: &Call<'_>,
    kind: Kind,
    named: &str,
) -> Result<File, Reply> {
    if named.starts_with("http://") || named.starts_with("https://") {
        return Err(bad("failed to get HTTP URL content").strict(["the sandbox fetches nothing"]));
    }
    let Some(name) = named.strip_prefix("attach://") else {
        let medium = twin.files.get(named).cloned().ok_or_else(|| bad("wrong file identifier/HTTP URL specified"))?;
        fits(kind, &medium)?;
        return Ok(File { kind, medium, id: named.to_owned() });
    };
    let part = call.files.iter().find(|part| part.name == name && part.file_name.is_some());
    let part = part.ok_or_else(|| bad(&format!("there is no file in the part {name}")))?;
    if part.bytes.is_empty() {
        return Err(bad("file must be non-empty"));
    }
    if part.bytes.len() > MAX_FILE {
        return Err(error(413, "Request Entity Too Large").strict([format!("{} bytes", part.bytes.len())]));
    }
    let declared = part.content_type.as_deref().unwrap_or("application/octet-stream");
    let found = sniff(&part.bytes).unwrap_or(declared);
    let medium = world.media.keep(found, part.bytes.clone());
    fits(kind, &medium)?;
    let id = format!("BQACAgIAAxkDAA{}", random_hex(16));
    twin.files.insert(id.clone(), medium.clone());
    Ok(File { kind, medium, id })
}

fn fits(kind: Kind, medium: &Medium) -> Result<(), Reply> {
    if !kind.takes(medium.kind) {
        if kind == Kind::Photo {
            return Err(bad("IMAGE_PROCESS_FAILED").strict([format!("{} is no picture", medium.content_type)]));
        }
        let (is, wanted) = (medium.kind, kind.field());
        return Err(bad(&format!("can't use file of type {is:?} as {wanted}")));
    }
    if kind != Kind::Photo {
        return Ok(());
    }
    if medium.bytes.len() > MAX_PHOTO {
        let size = medium.bytes.len();
        return Err(bad(&format!(
            "file of size {size} bytes is too big for a photo; the maximum size is {MAX_PHOTO} bytes"
        )));
    }
    let fits = medium.size.is_none_or(|(width, height)| {
        let (long, short) = (width.max(height), width.min(height));
        width.saturating_add(height) <= MAX_SIDES && long <= short.saturating_mul(MAX_RATIO)
    });
    if fits { Ok(()) } else { Err(bad("PHOTO_INVALID_DIMENSIONS")) }
}

impl File {
    /// As it stands in a message.
    pub(super) fn entity(&self, parameters: &Value) -> Value {
        let (width, height) = self.medium.size.unwrap_or((640, 360));
        let number = |name: &str, else_it_is: u32| parameters[name].as_u64().unwrap_or(else_it_is.into());
        let mut entity = json!({
            "file_id": self.id,
            "file_unique_id": &self.medium.sha256[..16],
            "file_size": self.medium.bytes.len(),
        });
        match self.kind {
            Kind::Photo => {
                (entity["width"], entity["height"]) = (Value::from(width), Value::from(height));
                return json!([entity]);
            }
            Kind::Video | Kind::Animation => {
                entity["width"] = Value::from(number("width", width));
                entity["height"] = Value::from(number("height", height));
                entity["duration"] = Value::from(number("duration", 0));
            }
            Kind::Document => {}
        }
        entity["mime_type"] = Value::from(self.medium.content_type.clone());
        entity
    }
}
