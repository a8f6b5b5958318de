//! What a file is, told from its bytes and never from its name.
//!
//! Only the beginning of a file is looked at ([`READ`]), so that a file of any size costs one short read. Nothing is
//! decoded: types are told by magic numbers, sizes stand in headers. What does not stand in that beginning is left
//! absent, and absent is not zero.

mod gif;
mod mp4;

use crieur_domain::media::MediaKind;

/// How much of a file [`probe`] wants to see: its first 256 KB. That is where a JPEG with a large preview and a colour
/// profile still has its size, and where a video that was made for the web has its index.
pub const READ: u64 = 256 * 1024;

/// The most pixels of a picture. Networks take 5 to 60 megapixels; whatever decodes one of more runs out of memory.
pub const MAX_PIXELS: u64 = 100_000_000;

/// The types that are taken, as they are declared.
pub const TYPES: &[&str] =
    &["image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/quicktime", "application/pdf"];

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probed {
    /// MIME type, one of [`TYPES`].
    pub content_type: &'static str,
    /// What it is to a network.
    pub kind: MediaKind,
    /// Pixels, as they are shown: a video's rotation counts, a picture's EXIF orientation does not.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Milliseconds, for videos.
    pub duration_ms: Option<u64>,
}

/// Why a file cannot be used, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It has no bytes.
    #[error("The file is empty.")]
    Empty,
    /// It is of a type that no network here takes.
    #[error("The file is none of JPEG, PNG, GIF, WebP, MP4, QuickTime and PDF{}.", seen.map(|seen| format!(": it is {seen}")).unwrap_or_default())]
    UnknownType {
        /// What it is instead, if that can be told.
        seen: Option<&'static str>,
    },
    /// It begins like its type and goes on otherwise.
    #[error("The file begins like {0} and cannot be read as that: it is cut off or damaged.")]
    Damaged(&'static str),
    /// A picture that nothing could decode.
    #[error("The picture has {width} × {height} pixels; {MAX_PIXELS} in all are the most.")]
    TooManyPixels {
        /// Pixels.
        width: u64,
        /// Pixels.
        height: u64,
    },
}

/// Tells what a file is. `head` is its beginning, up to [`READ`] bytes; `total_size` is the length of all of it.
///
/// # Errors
/// Why it cannot be used.
pub fn probe(head: &[u8], total_size: u64) -> Result<Probed, Rejected> {
    if head.is_empty() {
        return Err(Rejected::Empty);
    }
    let whole = head.len() as u64 >= total_size;
    match known_type(head)? {
        content_type @ ("image/jpeg" | "image/png" | "image/webp") => {
            picture(head, whole, content_type, MediaKind::Image)
        }
        "image/gif" => {
            let kind = if gif::moves(head) { MediaKind::Gif } else { MediaKind::Image };
            picture(head, whole, "image/gif", kind)
        }
        content_type @ ("video/mp4" | "video/quicktime") => {
            let index = mp4::index(head);
            if index.is_none() && whole {
                return Err(Rejected::Damaged(content_type));
            }
            let mp4::Index { width, height, duration_ms } = index.unwrap_or_default();
            Ok(Probed { content_type, kind: MediaKind::Video, width, height, duration_ms })
        }
        content_type => {
            Ok(Probed { content_type, kind: MediaKind::Document, width: None, height: None, duration_ms: None })
        }
    }
}

/// The type by its magic number, as one of [`TYPES`].
fn known_type(head: &[u8]) -> Result<&'static str, Rejected> {
    let seen = infer::get(head).map(|seen| seen.mime_type());
    let meant = match seen {
        // Apple's name for an MP4.
        Some("video/x-m4v") => Some("video/mp4"),
        // Newer revisions of the format than the table of magic numbers knows.
        None if head.get(4..11) == Some(b"ftypiso") => Some("video/mp4"),
        seen => seen,
    };
    TYPES.iter().copied().find(|known| meant == Some(*known)).ok_or(Rejected::UnknownType { seen })
}

fn picture(head: &[u8], whole: bool, content_type: &'static str, kind: MediaKind) -> Result<Probed, Rejected> {
    let (width, height) = match imagesize::blob_size(head) {
        Ok(size) => (size.width as u64, size.height as u64),
        Err(imagesize::ImageError::IoError(_)) if !whole => {
            return Ok(Probed { content_type, kind, width: None, height: None, duration_ms: None });
        }
        Err(_) => return Err(Rejected::Damaged(content_type)),
    };
    if width == 0 || height == 0 {
        return Err(Rejected::Damaged(content_type));
    }
    if width.saturating_mul(height) > MAX_PIXELS {
        return Err(Rejected::TooManyPixels { width, height });
    }
    let pixels = |count: u64| u32::try_from(count).ok();
    Ok(Probed { content_type, kind, width: pixels(width), height: pixels(height), duration_ms: None })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, Frame, ImageFormat, RgbaImage, codecs::gif::GifEncoder};
    use proptest::prelude::*;

    use super::*;

    fn picture_of(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).expect("encodes");
        bytes.into_inner()
    }

    fn gif_of(frames: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        for _ in 0..frames {
            encoder.encode_frame(Frame::new(RgbaImage::new(7, 5))).expect("encodes");
        }
        drop(encoder);
        bytes
    }

    fn probe_all(bytes: &[u8]) -> Result<Probed, Rejected> {
        probe(bytes, bytes.len() as u64)
    }

    #[test]
    fn a_picture_tells_its_type_and_size_whatever_it_is_called() {
        for (format, content_type) in [(ImageFormat::Png, "image/png"), (ImageFormat::Jpeg, "image/jpeg")] {
            let probed = probe_all(&picture_of(40, 30, format)).expect("a picture");
            assert_eq!((probed.content_type, probed.kind), (content_type, MediaKind::Image));
            assert_eq!((probed.width, probed.height), (Some(40), Some(30)));
        }
    }

    #[test]
    fn a_gif_of_one_frame_is_a_picture_and_of_two_an_animation() {
        let still = probe_all(&gif_of(1)).expect("a picture");
        assert_eq!((still.kind, still.width, still.height), (MediaKind::Image, Some(7), Some(5)));
        assert_eq!(probe_all(&gif_of(2)).expect("an animation").kind, MediaKind::Gif);
    }

    #[test]
    fn a_picture_that_nothing_could_decode_is_refused_by_its_header() {
        let mut bytes = picture_of(1, 1, ImageFormat::Png);
        bytes[16..20].copy_from_slice(&40_000u32.to_be_bytes());
        bytes[20..24].copy_from_slice(&40_000u32.to_be_bytes());
        let refused = probe_all(&bytes).expect_err("1,600 megapixels");
        assert_eq!(refused, Rejected::TooManyPixels { width: 40_000, height: 40_000 });
        assert!(refused.to_string().contains("40000 × 40000"), "{refused}");
    }

    #[test]
    fn what_is_no_picture_is_refused_with_what_it_is() {
        assert_eq!(probe_all(b""), Err(Rejected::Empty));
        assert_eq!(probe_all(b"hello, world"), Err(Rejected::UnknownType { seen: None }));
        let zip = probe_all(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0").expect_err("an archive");
        assert!(zip.to_string().contains("application/zip"), "{zip}");
        assert_eq!(probe_all(&picture_of(4, 4, ImageFormat::Png)[..20]), Err(Rejected::Damaged("image/png")));
    }

    #[test]
    fn a_document_has_no_size_in_pixels() {
        let probed = probe_all(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n").expect("a document");
        assert_eq!((probed.kind, probed.width), (MediaKind::Document, None));
    }

    #[test]
    fn a_size_behind_what_was_read_is_absent_and_not_zero() {
        // An APP1 segment of the largest length, several times over, as cameras write previews.
        let mut bytes = vec![0xff, 0xd8];
        for _ in 0..2 {
            bytes.extend([0xff, 0xe1, 0xff, 0xff]);
            bytes.resize(bytes.len() + 0xfffd, 0);
        }
        let probed = probe(&bytes[..100_000], 5_000_000).expect("more follows");
        assert_eq!((probed.content_type, probed.width), ("image/jpeg", None));
        assert_eq!(probe(&bytes[..100_000], 100_000), Err(Rejected::Damaged("image/jpeg")));
    }

    proptest! {
        #[test]
        fn no_bytes_at_all_bring_it_down(
            start in prop::sample::select(vec![&b"GIF89a"[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP",
                b"\0\0\0\x10ftypisom\0\0\0\0", b"\0\0\0\x10ftypqt  \0\0\0\0", b"%PDF-", b""]),
            rest in prop::collection::vec(any::<u8>(), 0..512),
            total in 0u64..2048,
        ) {
            let bytes = [start, &rest].concat();
            if let Ok(probed) = probe(&bytes, total) {
                prop_assert!(TYPES.contains(&probed.content_type));
                prop_assert!(probed.width != Some(0) && probed.height != Some(0));
            }
        }
    }
}
