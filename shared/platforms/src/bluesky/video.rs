//! Videos go to the video service, which makes them playable and puts them on the account's server.
//!
//! Most go in one piece, as the tutorial shows it (<https://docs.bsky.app/docs/tutorials/video>, read 2026-11-22), what is
//! too large for one exchange in parts, as the lexicons say
//! (<https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky/video>, read 2026-11-22). Which token opens the
//! upload in parts is UNCONFIRMED; here it is the one of the upload in one piece.

use std::time::Duration;

use bytes::Bytes;
use crieur_domain::{ErrorKind, Failure, media::MediaItem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{
    SPEC, calls, connect, errors,
    wire::{Blob, FinishUpload, JobAnswer, JobStatus, ServiceAuth, StartUpload, UploadFinished, UploadStarted},
};
use crate::{
    http::{Body, Response},
    publish::{Context, Step},
};

/// The largest video that goes in one piece: what one exchange can carry before it is given up ([`crate::http::TIMEOUT`]).
const WHOLE_BYTES: u64 = 50 * 1024 * 1024;
/// How long to stay away from a video that is being worked on.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long a token for the video service is good for, in seconds; the tutorial's value.
const TOKEN_SECONDS: i64 = 30 * 60;

/// How far a video has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Video {
    /// It goes up in parts.
    Uploading {
        /// The service's name of the upload.
        job: String,
        /// Bytes of every part but the last.
        part_bytes: u64,
        /// How many parts there are.
        parts: u64,
        /// How many are there.
        sent: u64,
    },
    /// It is being worked on.
    Processing {
        /// The service's name of the work.
        job: String,
    },
    /// It lies on the account's server.
    Ready {
        /// As records name it.
        blob: Blob,
    },
}

/// What came of a step.
pub(super) enum Moved {
    /// It has come further.
    On(Video),
    /// It is being worked on; look again after so long.
    Waiting(Duration),
    /// What was uploaded is lost or was spoiled by the network; it has to be sent again.
    StartOver(Failure),
}

/// The next step of a video; `None` once it is ready.
pub(super) fn step(item: &MediaItem, video: Option<&Video>) -> Option<Step> {
    Some(Step::prepare(match video {
        None if item.size <= WHOLE_BYTES => "upload_video",
        None => "start_video_upload",
        Some(Video::Uploading { parts, sent, .. }) if sent < parts => "upload_video_part",
        Some(Video::Uploading { .. }) => "finish_video_upload",
        Some(Video::Processing { .. }) => "await_video",
        Some(Video::Ready { .. }) => return None,
    }))
}

/// Carries out that step.
///
/// # Errors
/// What the network answered, classified.
pub(super) async fn perform(cx: &Context<'_>, item: &MediaItem, video: Option<&Video>) -> Result<Moved, Failure> {
    match video {
        None if item.size <= WHOLE_BYTES => {
            let name = format!("{}.mp4", item.id);
            let parameters = [("did", cx.account.network_id.as_str()), ("name", name.as_str())];
            let request = calls::procedure(&base(cx), "app.bsky.video.uploadVideo").query(&parameters);
            let response = cx.http.send_bare_file(request.bearer(&token(cx).await?), item, cx.media).await?;
            let job = uploaded(&response).ok_or_else(|| errors::failure(&response, cx.now))?;
            Ok(Moved::On(Video::Processing { job }))
        }
        None => {
            let name = format!("{}.mp4", item.id);
            let body = StartUpload {
                size_bytes: item.size,
                mime_type: &item.content_type,
                name: &name,
                duration_ms: item.duration_ms,
                width: item.width,
                height: item.height,
            };
            let request = calls::procedure(&base(cx), "app.bsky.video.startUpload").json(&body);
            let started: UploadStarted = calls::call(cx.http, cx.now, request.bearer(&token(cx).await?)).await?;
            let (part_bytes, parts) = (started.part_size_bytes, started.part_count);
            if part_bytes == 0 || parts != item.size.div_ceil(part_bytes) {
                let why = "the network's parts do not add up to the video";
                return Err(Failure::new(ErrorKind::Unavailable, why));
            }
            Ok(Moved::On(Video::Uploading { job: started.job_id, part_bytes, parts, sent: 0 }))
        }
        Some(Video::Uploading { job, part_bytes, parts, sent }) if sent < parts => {
            let bytes: Bytes = cx.media.read(item, sent * part_bytes, *part_bytes).await?;
            let number = (sent + 1).to_string();
            let request = calls::procedure(&base(cx), "app.bsky.video.uploadPart")
                .query(&[("jobId", job.as_str()), ("partNumber", number.as_str())])
                .body(Body::Bytes("application/octet-stream", bytes));
            match calls::call::<Value>(cx.http, cx.now, request.bearer(&token(cx).await?)).await {
                Ok(_) => Ok(Moved::On(Video::Uploading {
                    job: job.clone(),
                    part_bytes: *part_bytes,
                    parts: *parts,
                    sent: sent + 1,
                })),
                // A repetition of a finish whose answer was lost: the service has all it needs.
                Err(failure) if failure.code.as_deref() == Some("UploadAlreadyCompleted") => {
                    Ok(Moved::On(Video::Uploading {
                        job: job.clone(),
                        part_bytes: *part_bytes,
                        parts: *parts,
                        sent: *parts,
                    }))
                }
                Err(failure) => lost(failure),
            }
        }
        Some(Video::Uploading { job, .. }) => {
            let request =
                calls::procedure(&base(cx), "app.bsky.video.finishUpload").json(&FinishUpload { job_id: job });
            match calls::call::<UploadFinished>(cx.http, cx.now, request.bearer(&token(cx).await?)).await {
                Ok(finished) => Ok(Moved::On(Video::Processing { job: finished.completed_job_id })),
                Err(failure) => lost(failure),
            }
        }
        Some(Video::Processing { job }) => {
            let request = calls::query(&base(cx), "app.bsky.video.getJobStatus", &[("jobId", job.as_str())]);
            let answer: JobAnswer = calls::call(cx.http, cx.now, request).await?;
            judge(answer.job_status)
        }
        Some(ready @ Video::Ready { .. }) => Ok(Moved::On(ready.clone())),
    }
}

fn base(cx: &Context<'_>) -> String {
    cx.http.base(&SPEC, "video")
}

/// A token by which the video service may put a blob on the account's server. It is asked for when it is needed and kept
/// nowhere.
async fn token(cx: &Context<'_>) -> Result<String, Failure> {
    let base = connect::base(cx.http, cx.account);
    let expires = (cx.now.as_second() + TOKEN_SECONDS).to_string();
    let audience = audience(&base);
    let parameters = [("aud", audience.as_str()), ("lxm", "com.atproto.repo.uploadBlob"), ("exp", expires.as_str())];
    let request = calls::query(&base, "com.atproto.server.getServiceAuth", &parameters);
    let answer: ServiceAuth =
        calls::call(cx.http, cx.now, request.bearer(cx.credentials.access_token.expose())).await?;
    Ok(answer.token)
}

/// A server's DID: `did:web:` and its host, a port behind `%3A`. <https://w3c-ccg.github.io/did-method-web/>
fn audience(base: &str) -> String {
    let url = Url::parse(base).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    match url.as_ref().and_then(Url::port) {
        Some(port) => format!("did:web:{host}%3A{port}"),
        None => format!("did:web:{host}"),
    }
}

/// The job of an upload in one piece. A video that was uploaded before is answered with 409 and the job of then, either
/// in `jobStatus` or bare (UNCONFIRMED which).
fn uploaded(response: &Response) -> Option<String> {
    if !response.is_success() && response.status != 409 {
        return None;
    }
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    let job = body.get("jobStatus").unwrap_or(&body).get("jobId")?.as_str()?;
    (!job.is_empty()).then(|| job.to_owned())
}

/// An upload that the service no longer has is begun again.
fn lost(failure: Failure) -> Result<Moved, Failure> {
    if failure.kind == ErrorKind::NotFound { Ok(Moved::StartOver(failure)) } else { Err(failure) }
}

/// Every state that is not known means that the work goes on: so says the lexicon.
fn judge(status: JobStatus) -> Result<Moved, Failure> {
    match (status.state.as_str(), status.blob) {
        ("JOB_STATE_COMPLETED", Some(blob)) => Ok(Moved::On(Video::Ready { blob })),
        ("JOB_STATE_FAILED", _) => {
            let code = status.failure_code.or(status.error).unwrap_or_default();
            let message = status.message.unwrap_or_else(|| format!("the network could not use the video: {code}"));
            match code.as_str() {
                "pds_upload_failure" | "generic_failure" => {
                    let failure = Failure::new(ErrorKind::Unavailable, message).code(code);
                    Ok(Moved::StartOver(failure))
                }
                _ => Err(Failure::new(ErrorKind::Refused, message)
                    .code(code)
                    .remedy("Upload a video that the network takes, and send the post again.")),
            }
        }
        (state, _) => {
            tracing::debug!(job = status.job_id, state, "the video is being worked on");
            Ok(Moved::Waiting(LOOK_AGAIN))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(value: Value) -> Result<Moved, Failure> {
        judge(serde_json::from_value::<JobAnswer>(json!({"jobStatus": value})).expect("a job").job_status)
    }

    #[test]
    fn a_video_is_ready_only_with_its_blob() {
        let blob = json!({"$type": "blob", "ref": {"$link": "bafkrei"}, "mimeType": "video/mp4", "size": 7});
        let done = json!({"jobId": "j", "did": "did:plc:a", "state": "JOB_STATE_COMPLETED", "blob": blob});
        assert!(matches!(status(done), Ok(Moved::On(Video::Ready { blob: found })) if found == blob));
        for state in ["JOB_STATE_CREATED", "JOB_STATE_ENCODING", "JOB_STATE_DREAMING", "JOB_STATE_COMPLETED"] {
            let told = status(json!({"jobId": "j", "did": "did:plc:a", "state": state, "progress": 30}));
            assert!(matches!(told, Ok(Moved::Waiting(_))), "{state}");
        }
    }

    #[test]
    fn the_networks_own_failures_are_tried_again_and_the_videos_are_not() {
        let failed = |code: &str| {
            status(
                json!({"jobId": "j", "did": "d", "state": "JOB_STATE_FAILED", "failureCode": code, "message": "No."}),
            )
        };
        assert!(matches!(failed("generic_failure"), Ok(Moved::StartOver(_))));
        let refused = failed("validation_failure").err().expect("a refusal");
        assert_eq!((refused.kind, refused.message.as_str()), (ErrorKind::Refused, "No."));
    }

    #[test]
    fn a_video_that_is_already_there_keeps_its_job() {
        let answer =
            |status, body: Value| Response { status, headers: http::HeaderMap::new(), body: body.to_string().into() };
        let bare = json!({"jobId": "j", "did": "d", "state": "JOB_STATE_COMPLETED", "error": "already_exists"});
        assert_eq!(uploaded(&answer(409, bare.clone())).as_deref(), Some("j"));
        assert_eq!(uploaded(&answer(200, json!({"jobStatus": bare}))).as_deref(), Some("j"));
        assert_eq!(uploaded(&answer(400, bare)), None);
        assert_eq!(uploaded(&answer(200, json!({}))), None);
    }

    #[test]
    fn a_server_is_named_as_a_did() {
        assert_eq!(audience("https://morel.us-east.host.bsky.network"), "did:web:morel.us-east.host.bsky.network");
        assert_eq!(audience("http://127.0.0.1:4100/bluesky"), "did:web:127.0.0.1%3A4100");
    }
}
