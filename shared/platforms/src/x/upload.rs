//! Files on their way to X, one exchange a step: pictures in one piece, GIFs and videos in segments.
//! <https://docs.x.com/x-api/media/quickstart/media-upload-chunked>, read 2026-11-22.

use std::time::Duration;

use bytes::Bytes;
use crieur_domain::{
    ErrorKind, Failure,
    content::Outgoing,
    media::{MediaItem, MediaKind},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{SPEC, answer, wire};
use crate::{
    http::{Body, Part, Request, Response},
    publish::{Context, Progress, Step, to_checkpoint},
};

/// Bytes of one segment. X recommends at most 5 MB and numbers segments from 0 to 999.
pub(super) const SEGMENT: u64 = 4 * 1024 * 1024;
/// How long X keeps a file that is not posted, where its answer does not say.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long to stay away from a file in work, where X's answer does not say.
const PATIENCE: u64 = 5;

/// How far a post's files are: one entry for each that X has named, in the order of the post.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    #[serde(default)]
    files: Vec<File>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    media_id: String,
    expires_at: Timestamp,
    stage: Stage,
    described: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// So many segments were confirmed.
    Sending { segments: u64 },
    /// X has all bytes and works on them.
    Processing,
    /// It can be posted.
    Ready,
}

/// What is to be done next for a post; the number is that of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    UploadImage(usize),
    Initialize(usize),
    Append(usize, u64),
    Finalize(usize),
    CheckProcessing(usize),
    Describe(usize),
    CreatePost,
}

impl Next {
    pub(super) const fn step(self) -> Step {
        match self {
            Self::UploadImage(_) => Step::prepare("upload_image"),
            Self::Initialize(_) => Step::prepare("initialize_upload"),
            Self::Append(..) => Step::prepare("append_segment"),
            Self::Finalize(_) => Step::prepare("finalize_upload"),
            Self::CheckProcessing(_) => Step::prepare("check_processing"),
            Self::Describe(_) => Step::prepare("describe_media"),
            Self::CreatePost => Step::commit("create_post"),
        }
    }
}

impl Checkpoint {
    pub(super) fn next(&self, post: &Outgoing) -> Result<Next, Failure> {
        for (index, item) in post.media.iter().enumerate() {
            let Some(file) = self.files.get(index) else {
                return match item.kind {
                    MediaKind::Image => Ok(Next::UploadImage(index)),
                    MediaKind::Gif | MediaKind::Video => Ok(Next::Initialize(index)),
                    MediaKind::Document => Err(Failure::new(ErrorKind::Refused, "X takes no documents.")),
                };
            };
            match file.stage {
                Stage::Sending { segments } if segments * SEGMENT < item.size => {
                    return Ok(Next::Append(index, segments));
                }
                Stage::Sending { .. } => return Ok(Next::Finalize(index)),
                Stage::Processing => return Ok(Next::CheckProcessing(index)),
                Stage::Ready if !file.described && alt_text(item).is_some() => return Ok(Next::Describe(index)),
                Stage::Ready => {}
            }
        }
        Ok(Next::CreatePost)
    }

    /// The ids to post.
    pub(super) fn media_ids(&self) -> Vec<String> {
        self.files.iter().map(|file| file.media_id.clone()).collect()
    }

    /// The same without files that X has thrown away by now, and what comes after them; `None` while it has them all.
    pub(super) fn without_expired(&self, now: Timestamp) -> Option<Self> {
        let first = self.files.iter().position(|file| file.expires_at <= now)?;
        Some(Self { files: self.files[..first].to_vec() })
    }

    fn with(mut self, index: usize, file: File) -> Self {
        self.files.truncate(index);
        self.files.push(file);
        self
    }

    fn file(&self, index: usize) -> Result<File, Failure> {
        self.files
            .get(index)
            .cloned()
            .ok_or_else(|| Failure::new(ErrorKind::Unavailable, "the checkpoint does not name the file"))
    }
}

/// Carries out a step that sends or asks for a file.
pub(super) async fn perform(
    cx: &Context<'_>,
    post: &Outgoing,
    checkpoint: Checkpoint,
    next: Next,
) -> Result<Progress, Failure> {
    let base = cx.http.base(&SPEC, "api");
    let token = cx.credentials.access_token.expose();
    match next {
        Next::UploadImage(index) => {
            let item = &post.media[index];
            let bytes = read(cx, item, 0, item.size).await?;
            let response = cx.http.send(upload_image(&base, item, bytes).bearer(token)).await?;
            let upload: wire::Upload = answer(&response, cx.now)?;
            let file = named(&upload, Stage::Ready, cx.now);
            after_processing(checkpoint, index, file, upload.processing_info)
        }
        Next::Initialize(index) => {
            let response = cx.http.send(initialize(&base, &post.media[index]).bearer(token)).await?;
            let upload: wire::Upload = answer(&response, cx.now)?;
            let file = named(&upload, Stage::Sending { segments: 0 }, cx.now);
            Ok(Progress::Next(to_checkpoint(&checkpoint.with(index, file))))
        }
        Next::Append(index, segment) => {
            let (item, mut file) = (&post.media[index], checkpoint.file(index)?);
            let offset = segment * SEGMENT;
            let bytes = read(cx, item, offset, SEGMENT.min(item.size - offset)).await?;
            let response = cx.http.send(append(&base, &file.media_id, segment, bytes).bearer(token)).await?;
            succeeded(&response, cx.now)?;
            file.stage = Stage::Sending { segments: segment + 1 };
            Ok(Progress::Next(to_checkpoint(&checkpoint.with(index, file))))
        }
        Next::Finalize(index) => {
            let file = checkpoint.file(index)?;
            let request = Request::post(format!("{base}/2/media/upload/{}/finalize", file.media_id));
            let upload: wire::Upload = answer(&cx.http.send(request.bearer(token)).await?, cx.now)?;
            after_processing(checkpoint, index, file, upload.processing_info)
        }
        Next::CheckProcessing(index) => {
            let file = checkpoint.file(index)?;
            let request = Request::get(format!("{base}/2/media/upload"))
                .query(&[("command", "STATUS"), ("media_id", &file.media_id)]);
            let upload: wire::Upload = answer(&cx.http.send(request.bearer(token)).await?, cx.now)?;
            after_processing(checkpoint, index, file, upload.processing_info)
        }
        Next::Describe(index) => {
            let mut file = checkpoint.file(index)?;
            let text = alt_text(&post.media[index]).unwrap_or_default();
            let response = cx.http.send(describe(&base, &file.media_id, text).bearer(token)).await?;
            succeeded(&response, cx.now)?;
            file.described = true;
            let mut checkpoint = checkpoint;
            checkpoint.files[index] = file;
            Ok(Progress::Next(to_checkpoint(&checkpoint)))
        }
        Next::CreatePost => Err(Failure::new(ErrorKind::Refused, "the files are there; nothing is left to send")),
    }
}

/// What X's word on a file's processing leads to. A word that is not known is no end.
fn after_processing(
    checkpoint: Checkpoint,
    index: usize,
    mut file: File,
    info: Option<wire::Processing>,
) -> Result<Progress, Failure> {
    let Some(info) = info.filter(|info| info.state.as_deref() != Some("succeeded")) else {
        file.stage = Stage::Ready;
        return Ok(Progress::Next(to_checkpoint(&checkpoint.with(index, file))));
    };
    if info.state.as_deref() == Some("failed") {
        let said = info.error.as_ref();
        let message = said.and_then(|error| error.message.clone()).unwrap_or_else(|| "X cannot use this file.".into());
        let failure = Failure::new(ErrorKind::Refused, message).remedy("Upload the file in a format that X takes.");
        return Err(match said.and_then(|error| error.name.clone()) {
            Some(name) => failure.code(name),
            None => failure,
        });
    }
    file.stage = Stage::Processing;
    let after = Duration::from_secs(info.check_after_secs.unwrap_or(PATIENCE));
    Ok(Progress::Pending { checkpoint: to_checkpoint(&checkpoint.with(index, file)), after })
}

fn named(upload: &wire::Upload, stage: Stage, now: Timestamp) -> File {
    let kept = upload.expires_after_secs.map_or(KEPT, SignedDuration::from_secs);
    // Five minutes early, so that a file does not run out on its way.
    let expires_at = now.checked_add(kept - SignedDuration::from_mins(5)).unwrap_or(Timestamp::MAX);
    File { media_id: upload.id.clone(), expires_at, stage, described: false }
}

async fn read(cx: &Context<'_>, item: &MediaItem, offset: u64, length: u64) -> Result<Bytes, Failure> {
    let bytes = cx.media.read(item, offset, length).await?;
    if bytes.len() as u64 == length {
        return Ok(bytes);
    }
    let why = format!("{} of {length} bytes of a file could be read at {offset}", bytes.len());
    Err(Failure::new(ErrorKind::Unavailable, why))
}

fn succeeded(response: &Response, now: Timestamp) -> Result<(), Failure> {
    if response.is_success() { Ok(()) } else { Err(super::errors::read(response, now)) }
}

/// The alt text, where there is one to be sent.
fn alt_text(item: &MediaItem) -> Option<&str> {
    item.alt_text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn category(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Gif => "tweet_gif",
        MediaKind::Video => "tweet_video",
        MediaKind::Image | MediaKind::Document => "tweet_image",
    }
}

fn upload_image(base: &str, item: &MediaItem, bytes: Bytes) -> Request {
    Request::post(format!("{base}/2/media/upload")).body(Body::Multipart(vec![
        Part { name: "media_category", file: None, content: category(item.kind).into() },
        // The name that the uploader gave the file is nobody's business.
        Part { name: "media", file: Some(("media".into(), item.content_type.clone())), content: bytes },
    ]))
}

fn initialize(base: &str, item: &MediaItem) -> Request {
    Request::post(format!("{base}/2/media/upload/initialize")).json(&wire::Initialize {
        media_type: &item.content_type,
        total_bytes: item.size,
        media_category: category(item.kind),
    })
}

fn append(base: &str, media_id: &str, segment: u64, bytes: Bytes) -> Request {
    Request::post(format!("{base}/2/media/upload/{media_id}/append")).body(Body::Multipart(vec![
        Part { name: "segment_index", file: None, content: segment.to_string().into() },
        Part { name: "media", file: Some(("segment".into(), "application/octet-stream".into())), content: bytes },
    ]))
}

fn describe(base: &str, media_id: &str, text: &str) -> Request {
    Request::post(format!("{base}/2/media/metadata"))
        .json(&wire::Metadata { id: media_id, metadata: wire::About { alt_text: wire::AltText { text } } })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crieur_domain::MediaId;
    use serde_json::{Value, json};

    use super::*;

    fn item(kind: MediaKind, size: u64, alt_text: Option<&str>) -> MediaItem {
        MediaItem {
            id: MediaId::from_parts(0, 1),
            kind,
            content_type: "video/mp4".into(),
            file_name: "secret-plan.mp4".into(),
            size,
            width: None,
            height: None,
            duration_ms: None,
            alt_text: alt_text.map(str::to_owned),
        }
    }

    fn file(stage: Stage) -> File {
        File { media_id: "7".into(), expires_at: "2026-11-22T12:00:00Z".parse().unwrap(), stage, described: false }
    }

    fn next(post: &Outgoing, stages: &[Stage]) -> Next {
        Checkpoint { files: stages.iter().map(|stage| file(*stage)).collect() }.next(post).unwrap()
    }

    #[test]
    fn a_video_goes_up_segment_by_segment_and_is_described_before_it_is_posted() {
        let media = vec![item(MediaKind::Video, SEGMENT * 2 + 1, Some("A crier"))];
        let post = Outgoing { media, ..Outgoing::default() };
        assert_eq!(next(&post, &[]), Next::Initialize(0));
        for segments in 0..3 {
            assert_eq!(next(&post, &[Stage::Sending { segments }]), Next::Append(0, segments));
        }
        assert_eq!(next(&post, &[Stage::Sending { segments: 3 }]), Next::Finalize(0));
        assert_eq!(next(&post, &[Stage::Processing]), Next::CheckProcessing(0));
        assert_eq!(next(&post, &[Stage::Ready]), Next::Describe(0));
        let described = Checkpoint { files: vec![File { described: true, ..file(Stage::Ready) }] };
        assert_eq!(described.next(&post).unwrap(), Next::CreatePost);
        assert!(Next::CreatePost.step().commit && !Next::Describe(0).step().commit);
    }

    #[test]
    fn pictures_go_up_one_after_the_other_in_one_piece() {
        let media = vec![item(MediaKind::Image, 10, None), item(MediaKind::Image, 10, Some("  "))];
        let post = Outgoing { media, ..Outgoing::default() };
        assert_eq!(next(&post, &[]), Next::UploadImage(0));
        assert_eq!(next(&post, &[Stage::Ready]), Next::UploadImage(1));
        assert_eq!(next(&post, &[Stage::Ready, Stage::Ready]), Next::CreatePost);
    }

    #[test]
    fn a_file_that_x_has_thrown_away_is_sent_again() {
        let late = File { expires_at: Timestamp::MAX, ..file(Stage::Ready) };
        let checkpoint = Checkpoint { files: vec![late.clone(), file(Stage::Ready)] };
        let end: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        assert_eq!(checkpoint.without_expired(end - SignedDuration::from_secs(1)), None);
        assert_eq!(checkpoint.without_expired(end), Some(Checkpoint { files: vec![late] }));
    }

    #[test]
    fn a_checkpoint_survives_being_stored() {
        let checkpoint = Checkpoint { files: vec![file(Stage::Sending { segments: 2 }), file(Stage::Processing)] };
        let stored: Value = to_checkpoint(&checkpoint);
        assert_eq!(crate::publish::checkpoint::<Checkpoint>(&stored).unwrap(), checkpoint);
    }

    #[test]
    fn requests_look_as_x_describes_them() {
        let request = initialize("https://api.x.com", &item(MediaKind::Video, 1_048_576, None));
        assert_eq!(request.url, "https://api.x.com/2/media/upload/initialize");
        assert_eq!(
            request.body,
            Body::Json(json!({"media_type": "video/mp4", "total_bytes": 1_048_576, "media_category": "tweet_video"}))
        );
        let request = describe("https://api.x.com", "7", "A crier");
        assert_eq!(request.body, Body::Json(json!({"id": "7", "metadata": {"alt_text": {"text": "A crier"}}})));
        let Body::Multipart(parts) = append("https://api.x.com", "7", 2, Bytes::from_static(b"abc")).body else {
            panic!("a segment is sent as a multipart form");
        };
        assert_eq!(parts[0].content, "2");
        assert!(parts.iter().all(|part| part.file.as_ref().is_none_or(|(name, _)| !name.contains("secret"))));
    }

    fn processed(body: &str) -> Result<Progress, Failure> {
        let answer: wire::Answer<wire::Upload> = serde_json::from_str(body).unwrap();
        after_processing(Checkpoint::default(), 0, file(Stage::Processing), answer.data.unwrap().processing_info)
    }

    #[test]
    fn processing_ends_only_by_a_word_that_is_known() {
        let Ok(Progress::Pending { after, .. }) = processed(include_str!("fixtures/processing.json")) else {
            panic!("it is still in work");
        };
        assert_eq!(after, Duration::from_secs(5));
        assert!(matches!(processed(include_str!("fixtures/processing_succeeded.json")), Ok(Progress::Next(_))));
        assert!(matches!(processed(include_str!("fixtures/uploaded_image.json")), Ok(Progress::Next(_))));
        let failure = processed(include_str!("fixtures/processing_failed.json")).unwrap_err();
        assert_eq!((failure.kind, failure.code.as_deref()), (ErrorKind::Refused, Some("InvalidMedia")));
        let unknown = r#"{"data": {"id": "7", "processing_info": {"state": "dreaming"}}}"#;
        assert!(matches!(processed(unknown), Ok(Progress::Pending { .. })));
    }
}
