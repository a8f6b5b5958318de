//! One post of every kind, made from a network's own limits, and how to recognise it once it is out.

use std::{collections::HashMap, io::Cursor};

use async_trait::async_trait;
use bytes::Bytes;
use crieur_domain::{
    ErrorKind, Failure, MediaId,
    content::{Outgoing, Poll},
    media::{MediaItem, MediaKind},
};
use crieur_platforms::{
    compose::file_limits,
    publish::MediaSource,
    spec::{FileLimits, Limits},
};
use image::{Delay, Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage, codecs::gif::GifEncoder};
use serde_json::Value;

use crate::{addresses, control::Outcome};

/// A kind of post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PostType {
    Text,
    Link,
    Image,
    Images,
    Gif,
    Video,
    Document,
    Poll,
    Thread,
}

/// A post, its forerunners in a thread before it.
pub(crate) struct Sample {
    pub(crate) parts: Vec<Outgoing>,
    pub(crate) files: Files,
}

const LINK: &str = "https://example.com/a-longer-way-to-the-bakery/and-its-rye-bread?at=seven";

impl PostType {
    pub(crate) const ALL: [Self; 9] = [
        Self::Text,
        Self::Link,
        Self::Image,
        Self::Images,
        Self::Gif,
        Self::Video,
        Self::Document,
        Self::Poll,
        Self::Thread,
    ];

    /// Its column.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Link => "link",
            Self::Image => "image",
            Self::Images => "images",
            Self::Gif => "gif",
            Self::Video => "video",
            Self::Document => "document",
            Self::Poll => "poll",
            Self::Thread => "thread",
        }
    }

    /// Why the network does not offer it, where it does not.
    pub(crate) fn missing(self, limits: &Limits) -> Option<String> {
        let absent = |there: bool, what: &str| (!there).then(|| format!("its limits name no {what}"));
        match self {
            Self::Text | Self::Link => limits.media.required.then(|| "a post needs a file".to_owned()),
            Self::Image => absent(limits.media.image.is_some(), "pictures"),
            Self::Images => match limits.media.image {
                Some(image) if image.max_count > 1 => None,
                _ => Some("its limits name one picture at most".to_owned()),
            },
            Self::Gif => absent(limits.media.gif.is_some(), "animated GIFs"),
            Self::Video => absent(limits.media.video.is_some(), "videos"),
            Self::Document => absent(limits.media.document.is_some(), "documents"),
            Self::Poll => absent(limits.poll.is_some(), "polls"),
            Self::Thread => absent(limits.thread, "threads"),
        }
    }

    /// Makes one. A large video has to be uploaded in pieces where the network has pieces.
    pub(crate) fn sample(self, limits: &Limits, large: bool) -> Outcome<Sample> {
        let mut files = Files::default();
        let mut post =
            Outgoing { text: format!("Fresh rye at seven 🥖 #bakery ({})", self.name()), ..Outgoing::default() };
        let mut attach = |kind: MediaKind, count: u64| -> Outcome<Vec<MediaItem>> {
            let rules = file_limits(limits, kind).ok_or_else(|| format!("no limits for {kind:?}"))?;
            (0..count).map(|number| files.make(kind, &rules, number, large, limits.media.alt_text_max)).collect()
        };
        match self {
            Self::Text | Self::Thread => {}
            Self::Link => post.link = Some(LINK.into()),
            Self::Image => post.media = attach(MediaKind::Image, 1)?,
            Self::Images => {
                post.media = attach(MediaKind::Image, limits.media.image.map_or(0, |image| image.max_count))?
            }
            Self::Gif => post.media = attach(MediaKind::Gif, 1)?,
            Self::Video => post.media = attach(MediaKind::Video, 1)?,
            Self::Document => post.media = attach(MediaKind::Document, 1)?,
            Self::Poll => {
                let rules = limits.poll.ok_or("no limits for polls")?;
                let options = (1..=rules.max_options).map(|number| format!("Loaf {number}")).collect();
                let minutes = 1440.clamp(rules.min_minutes, rules.max_minutes);
                post.poll = Some(Poll {
                    options,
                    duration_minutes: u32::try_from(minutes).map_err(|_| "a poll that long")?,
                    multiple: false,
                });
            }
        }
        let mut parts = vec![post];
        if self == Self::Thread {
            parts.extend(["2/3 The recipe.", "3/3 The oven. 🔥"].map(|text| Outgoing {
                text: text.into(),
                is_reply: true,
                ..Outgoing::default()
            }));
        }
        Ok(Sample { parts, files })
    }
}

/// Whether the visible post is the one that was meant.
pub(crate) fn shows(visible: &Value, meant: &Outgoing, files: &Files, alt_texts: bool) -> Outcome {
    let text = visible["text"].as_str().unwrap_or_default();
    if !text.contains(&meant.text) {
        return Err(format!("the text is {text:?} and not {:?}", meant.text));
    }
    if let Some(link) = &meant.link
        && !visible.to_string().contains(link.as_str())
    {
        return Err(format!("the link {link} is nowhere in {visible}"));
    }
    let shown = visible["media"].as_array().map(Vec::as_slice).unwrap_or_default();
    if shown.len() != meant.media.len() {
        return Err(format!("{} files are shown instead of {}", shown.len(), meant.media.len()));
    }
    for (shown, item) in shown.iter().zip(&meant.media) {
        if shown["size"].as_u64() != Some(item.size) {
            return Err(format!("{} is shown with {} bytes instead of {}", item.file_name, shown["size"], item.size));
        }
        let whole = files.sha256(item)?;
        if shown["sha256"].as_str() != Some(whole.as_str()) {
            return Err(format!("{} arrived with other bytes", item.file_name));
        }
        // Some networks take alt texts for pictures only.
        let silent = item.kind != MediaKind::Image && shown["alt_text"].is_null();
        if alt_texts && !silent && shown["alt_text"].as_str() != item.alt_text.as_deref() {
            return Err(format!("{} is shown with the alt text {}", item.file_name, shown["alt_text"]));
        }
    }
    let asked: Vec<&str> = meant.poll.iter().flat_map(|poll| &poll.options).map(String::as_str).collect();
    let shown = visible["poll"]["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    let shown: Vec<&str> = shown.iter().filter_map(|option| option[0].as_str()).collect();
    if shown != asked {
        return Err(format!("the poll shows {shown:?} instead of {asked:?}"));
    }
    Ok(())
}

/// The bytes of a sample's files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    bytes: HashMap<MediaId, Bytes>,
}

impl Files {
    fn make(
        &mut self,
        kind: MediaKind,
        rules: &FileLimits,
        number: u64,
        large: bool,
        alt_text_max: Option<u64>,
    ) -> Outcome<MediaItem> {
        const SIDES: (u32, u32) = (64, 48);
        let shade = u8::try_from(number % 256).unwrap_or_default().wrapping_mul(40);
        let (content_type, extension, bytes) = match kind {
            MediaKind::Image if rules.types.contains(&"image/png") => {
                ("image/png", "png", picture(shade, ImageFormat::Png)?)
            }
            MediaKind::Image => ("image/jpeg", "jpg", picture(shade, ImageFormat::Jpeg)?),
            MediaKind::Gif => ("image/gif", "gif", animation()?),
            MediaKind::Video => ("video/mp4", "mp4", video(if large { 6 * 1024 * 1024 + 11 } else { 40_000 })),
            MediaKind::Document => ("application/pdf", "pdf", b"%PDF-1.4\n%%EOF\n".to_vec()),
        };
        let id = MediaId::from_parts(0, u128::from(number) + 1);
        let plays = matches!(kind, MediaKind::Video | MediaKind::Gif);
        let item = MediaItem {
            id,
            kind,
            content_type: content_type.into(),
            file_name: format!("loaf-{number}.{extension}"),
            size: bytes.len() as u64,
            width: (kind != MediaKind::Document).then_some(SIDES.0),
            height: (kind != MediaKind::Document).then_some(SIDES.1),
            duration_ms: plays
                .then(|| 6000.clamp(rules.min_duration_ms.unwrap_or(0), rules.max_duration_ms.unwrap_or(u64::MAX))),
            alt_text: alt_text_max.map(|_| format!("Loaf number {number} on a board")),
        };
        self.bytes.insert(id, bytes.into());
        Ok(item)
    }

    fn of(&self, item: &MediaItem) -> Outcome<&Bytes> {
        self.bytes.get(&item.id).ok_or_else(|| format!("no bytes for {}", item.file_name))
    }

    fn sha256(&self, item: &MediaItem) -> Outcome<String> {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.of(item)?);
        Ok(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

#[async_trait]
impl MediaSource for Files {
    async fn read(&self, item: &MediaItem, offset: u64, length: u64) -> Result<Bytes, Failure> {
        let bytes = self.of(item).map_err(|why| Failure::new(ErrorKind::Unavailable, why))?;
        let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.slice(at(offset)..at(offset.saturating_add(length))))
    }

    async fn url(&self, item: &MediaItem) -> Result<String, Failure> {
        let lost = |why: String| Failure::new(ErrorKind::Unavailable, why);
        let (sha256, bytes) = (self.sha256(item).map_err(lost)?, self.of(item).map_err(lost)?.clone());
        addresses::of(sha256, bytes).await.map_err(|error| lost(error.to_string()))
    }
}

fn picture(shade: u8, format: ImageFormat) -> Outcome<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = RgbImage::from_pixel(64, 48, Rgb([200, shade, 90]));
    picture.write_to(&mut bytes, format).map_err(|error| format!("a picture: {error}"))?;
    Ok(bytes.into_inner())
}

fn animation() -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    let frames = [40, 200].map(|shade| {
        let image = RgbaImage::from_pixel(64, 48, Rgba([shade, 90, 90, 255]));
        Frame::from_parts(image, 0, 0, Delay::from_numer_denom_ms(200, 1))
    });
    GifEncoder::new(&mut bytes).encode_frames(frames).map_err(|error| format!("an animation: {error}"))?;
    Ok(bytes)
}

/// The head of an MP4 and a body that no two places share, so that pieces in the wrong order are seen.
fn video(size: usize) -> Vec<u8> {
    let mut bytes = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    let mut state = 0x2545_f491_u32;
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
