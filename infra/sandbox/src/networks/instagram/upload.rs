//! A video's bytes into its container: from the byte that has been confirmed, to its end, as often as it takes.
//! <https://developers.facebook.com/docs/instagram-platform/content-publishing/resumable-uploads>, read 2026-11-22. The
//! names of what goes wrong with an offset were observed by other clients, UNCONFIRMED.

use bytes::Bytes;
use serde_json::json;

use super::{Twin, checks, create};
use crate::{reply::Reply, request::Request, world::World};

fn refused(kind: &str, retriable: bool, message: &str) -> Reply {
    let body = json!({"debug_info": {"retriable": retriable, "type": kind, "message": message}});
    Reply::json(400, &body).strict([message])
}

pub(super) fn upload(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let scopes = ["instagram_business_basic", "instagram_business_content_publish"];
    let account = twin.enter(world, request, &scopes)?;
    let unauthorized = || refused("ProcessingFailedError", false, "unauthorized user request");
    if !request.header("authorization").is_some_and(|value| value.starts_with("OAuth ")) {
        return Err(unauthorized());
    }
    let (id, now) = (request.param("id"), world.now());
    let container = twin.containers.get_mut(id).filter(|container| container.account_id == account.id);
    let container = container.ok_or_else(unauthorized)?;
    let number = |name: &str| {
        let value = request.header(name).and_then(|value| value.parse::<u64>().ok());
        value.ok_or_else(|| refused("HeaderInvalidError", false, &format!("the header {name} is missing or no number")))
    };
    let (offset, size) = (number("offset")?, number("file_size")?);
    if container.state(now) != "IN_PROGRESS" {
        return Err(refused("ProcessingFailedError", false, &format!("the container is {}", container.state(now))));
    }
    let Some(arriving) = container.content.arriving.as_mut() else {
        return Err(refused("ProcessingFailedError", false, "the container awaits no upload"));
    };
    if size == 0 || size > checks::MAX_VIDEO {
        return Err(refused("ProcessingFailedError", false, &format!("a file of {size} bytes is not taken")));
    }
    if offset != arriving.len() as u64 {
        let message = format!("Request starting offset is invalid: {} bytes have arrived", arriving.len());
        return Err(refused("OffsetInvalidError", false, &message));
    }
    if offset + request.body.len() as u64 > size {
        return Err(refused("PartialRequestError", false, "more bytes came than file_size says"));
    }
    arriving.extend_from_slice(&request.body);
    if (arriving.len() as u64) < size {
        return Err(refused("PartialRequestError", true, "Partial request (did not match length of file)"));
    }
    let whole = Bytes::from(container.content.arriving.take().unwrap_or_default());
    container.failure = create::arrived(world, &mut container.content, whole).err();
    container.ready_at = Some(world.clock.after(world.processing.video_seconds));
    Ok(Reply::json(200, &json!({"success": true, "message": "Upload successful."})))
}
