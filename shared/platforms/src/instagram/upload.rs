//! A video into its container: the network is asked how many bytes it has, and gets the rest.
//! <https://developers.facebook.com/docs/instagram-platform/content-publishing/resumable-uploads>, read 2026-11-22.

use crieur_domain::{Failure, media::MediaItem};

use super::{SPEC, ask, base, errors, wire};
use crate::{graph, publish::Context};

/// Sends what is missing. An upload that was cut, whether or not its bytes arrived, goes on from there the next time.
pub(super) async fn rest(cx: &Context<'_>, file: &MediaItem, container: &str) -> Result<(), Failure> {
    let uploading: wire::Uploading = ask(cx, wire::uploading(&base(cx), container)).await?.json()?;
    let phase = uploading.video_status.and_then(|status| status.uploading_phase);
    let confirmed = phase.and_then(|phase| phase.bytes_transferred).unwrap_or(0);
    if confirmed >= file.size {
        return Ok(());
    }
    let token = cx.credentials.access_token.expose();
    let request = wire::upload(&cx.http.base(&SPEC, "upload"), container, token, confirmed, file.size);
    let response = cx.http.send_rest(request, file, confirmed, cx.media).await?;
    if response.is_success() { Ok(()) } else { Err(graph::failure(&SPEC, errors::CODES, &response, cx.now)) }
}
