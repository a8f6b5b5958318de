//! The bytes that networks were given. Each network keeps its own upload states; what has arrived whole lies here.

use std::collections::HashMap;

use bytes::Bytes;
use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::world::{hex, random_hex};

/// What a file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MediaKind {
    Image,
    Gif,
    Video,
    Audio,
    Document,
}

impl MediaKind {
    /// The kind that a content type promises.
    pub(crate) fn of(content_type: &str) -> Self {
        match content_type.split('/').next().unwrap_or_default() {
            "image" if content_type == "image/gif" => Self::Gif,
            "image" => Self::Image,
            "video" => Self::Video,
            "audio" => Self::Audio,
            _ => Self::Document,
        }
    }
}

/// A file that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Medium {
    /// The sandbox's own id, in `/_media/{id}`.
    pub(crate) id: String,
    pub(crate) kind: MediaKind,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
    /// Lower-case hex.
    pub(crate) sha256: String,
    /// Pixels, where the first bytes say so.
    pub(crate) size: Option<(u32, u32)>,
}

/// All files of a sandbox.
#[derive(Debug, Default)]
pub(crate) struct MediaStore {
    media: HashMap<String, Medium>,
}

impl MediaStore {
    /// Keeps a file.
    pub(crate) fn keep(&mut self, content_type: &str, bytes: Bytes) -> Medium {
        let medium = Medium {
            id: random_hex(10),
            kind: MediaKind::of(content_type),
            content_type: content_type.to_owned(),
            sha256: hex(digest(&SHA256, &bytes).as_ref()),
            size: dimensions(&bytes),
            bytes,
        };
        self.media.insert(medium.id.clone(), medium.clone());
        medium
    }

    /// A file by the sandbox's own id.
    pub(crate) fn get(&self, id: &str) -> Option<&Medium> {
        self.media.get(id)
    }
}

/// The content type that the first bytes speak of, for the formats that networks take.
pub(crate) fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let at = |from: usize, magic: &[u8]| bytes.get(from..from + magic.len()) == Some(magic);
    Some(if at(0, b"\x89PNG\r\n\x1a\n") {
        "image/png"
    } else if at(0, b"\xff\xd8\xff") {
        "image/jpeg"
    } else if at(0, b"GIF87a") || at(0, b"GIF89a") {
        "image/gif"
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        "image/webp"
    } else if at(4, b"ftypavif") {
        "image/avif"
    } else if at(4, b"ftypheic") || at(4, b"ftypmif1") {
        "image/heic"
    } else if at(4, b"ftypqt") {
        "video/quicktime"
    } else if at(4, b"ftypM4A") {
        "audio/mp4"
    } else if at(4, b"ftyp") {
        "video/mp4"
    } else if at(0, b"\x1a\x45\xdf\xa3") {
        "video/webm"
    } else if at(0, b"OggS") {
        "audio/ogg"
    } else if at(0, b"RIFF") && at(8, b"WAVE") {
        "audio/wav"
    } else if at(0, b"fLaC") {
        "audio/flac"
    } else if at(0, b"ID3") || at(0, b"\xff\xfb") {
        "audio/mpeg"
    } else if at(0, b"%PDF-") {
        "application/pdf"
    } else {
        return None;
    })
}

/// Width and height of a PNG, GIF or JPEG.
pub(crate) fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let big = |at: usize| Some(u32::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let little = |at: usize| Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    match sniff(bytes)? {
        "image/png" => Some((word(16)?, word(20)?)),
        "image/gif" => Some((little(6)?, little(8)?)),
        "image/jpeg" => {
            let mut at = 2;
            loop {
                let marker = *bytes.get(at + 1)?;
                let frame = matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC);
                if frame {
                    return Some((big(at + 7)?, big(at + 5)?));
                }
                at += 2 + usize::try_from(big(at + 2)?).ok()?;
            }
        }
        _ => None,
    }
}
