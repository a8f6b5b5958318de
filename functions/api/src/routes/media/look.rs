//! Looking at a file whose bytes have come: is it what was promised?

use crieur_aws::{StoreError, digest::sha256_hex, objects::ObjectError};
use crieur_domain::media::{Media, MediaStatus};
use crieur_media::{Probed, READ, probe};

use crate::{
    problem::{ApiProblem, Code},
    state::App,
};

/// Looks at a file that is awaited, and keeps what it turned out to be. One that was looked at before, or whose bytes
/// have not come, is given back as it is.
pub(in crate::routes) async fn look(app: &App, media: Media) -> Result<Media, ApiProblem> {
    if media.status != MediaStatus::AwaitingUpload {
        return Ok(media);
    }
    let key = Media::object_key(media.workspace_id, media.id);
    let size = match app.objects.head(&key).await {
        Ok(head) => head.size,
        Err(ObjectError::NotFound) => return Ok(media),
        Err(error) => return Err(unavailable(&error)),
    };
    let head = match app.objects.read(&key, 0, size.min(READ)).await {
        Ok(head) => head,
        Err(ObjectError::NotFound) => return Ok(media),
        Err(error) => return Err(unavailable(&error)),
    };
    let judged = match judge(&media, &head, size) {
        Ok(probed) => Media {
            status: MediaStatus::Ready,
            kind: Some(probed.kind),
            width: probed.width,
            height: probed.height,
            duration_ms: probed.duration_ms,
            ..media.clone()
        },
        Err(reason) => Media { status: MediaStatus::Rejected, reason: Some(reason), ..media.clone() },
    };
    match app.store.media().put(&judged, MediaStatus::AwaitingUpload).await {
        Ok(()) => {}
        // Somebody else looked at it, described it or removed it at the same moment.
        Err(StoreError::Conflict) => {
            let stands = app.store.media().get(media.workspace_id, media.id).await?;
            return stands.ok_or_else(|| ApiProblem::not_found("file"));
        }
        Err(error) => return Err(error.into()),
    }
    if judged.status == MediaStatus::Rejected
        && let Err(error) = app.objects.delete(&key).await
    {
        // Nobody can use it any more; erasing the workspace takes it along.
        tracing::warn!(%error, media = %media.id, "the bytes of a rejected file could not be removed");
    }
    Ok(judged)
}

/// Holds the bytes against the promise. `head` is their beginning.
fn judge(promise: &Media, head: &[u8], size: u64) -> Result<Probed, String> {
    if size != promise.size {
        return Err(format!("{} bytes were declared, and {size} have come.", promise.size));
    }
    let probed = probe(head, size).map_err(|rejected| rejected.to_string())?;
    if probed.content_type != promise.content_type {
        return Err(format!("It was declared as {} and is {}.", promise.content_type, probed.content_type));
    }
    // A larger file's hash is checked by S3, which takes no other content under a URL that names one.
    let is_whole = head.len() as u64 == size;
    if promise.sha256.as_deref().is_some_and(|wanted| is_whole && wanted != sha256_hex(head)) {
        return Err("Its SHA-256 is not the one that was declared.".to_owned());
    }
    Ok(probed)
}

/// The bucket cannot be used.
pub(super) fn unavailable(error: &ObjectError) -> ApiProblem {
    let detail = "The storage of files did not answer. Nothing was done; the same call works a moment later.";
    ApiProblem::new(Code::Unavailable, detail).retry_after(2).because(error.to_string())
}

#[cfg(test)]
mod tests {
    use crieur_domain::{MediaId, WorkspaceId};
    use jiff::Timestamp;

    use super::*;

    fn promise(content_type: &str, bytes: &[u8]) -> Media {
        Media {
            id: MediaId::from_parts(0, 1),
            workspace_id: WorkspaceId::from_parts(0, 1),
            status: MediaStatus::AwaitingUpload,
            reason: None,
            file_name: "file".to_owned(),
            content_type: content_type.to_owned(),
            size: bytes.len() as u64,
            sha256: Some(sha256_hex(bytes)),
            kind: None,
            width: None,
            height: None,
            duration_ms: None,
            alt_text: None,
            labels: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n";

    #[test]
    fn a_file_that_is_not_what_was_promised_is_turned_down_with_the_difference() {
        let good = promise("application/pdf", PDF);
        assert!(judge(&good, PDF, PDF.len() as u64).is_ok());
        let reason = |promise: Media, bytes: &[u8]| judge(&promise, bytes, bytes.len() as u64).expect_err("differs");
        assert_eq!(reason(promise("image/png", PDF), PDF), "It was declared as image/png and is application/pdf.");
        assert_eq!(reason(Media { size: 3, ..good.clone() }, PDF), "3 bytes were declared, and 17 have come.");
        let mut other = PDF.to_vec();
        other[16] = b' ';
        assert!(reason(good, &other).contains("SHA-256"));
    }
}
