//! Attachments, which take a while to be ready: <https://docs.joinmastodon.org/methods/media/>.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{MEDIA_LIMIT, Twin, body, checks, error, instance};
use crate::{
    media::{MediaKind, Medium, sniff},
    posts::PostMedia,
    reply::Reply,
    request::Request,
    world::World,
};

/// A file and what is said about it.
#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) account_id: String,
    pub(super) medium: Medium,
    pub(super) description: Option<String>,
    pub(super) focus: (f64, f64),
    pub(super) ready_at: Timestamp,
    /// The status that it stands on.
    pub(super) status_id: Option<String>,
}

impl Attachment {
    /// As the feed shows it.
    pub(super) fn shown(&self) -> PostMedia {
        PostMedia::new(&self.medium, self.description.as_deref())
    }

    /// <https://docs.joinmastodon.org/entities/MediaAttachment/>; the addresses are null until it is ready.
    pub(super) fn entity(&self, id: &str, now: Timestamp, request: &Request) -> Value {
        let url = (now >= self.ready_at).then(|| format!("{}/_media/{}", request.origin, self.medium.id));
        let size = self.medium.size.map_or(Value::Null, |(width, height)| {
            json!({
                "width": width,
                "height": height,
                "size": format!("{width}x{height}"),
                "aspect": f64::from(width) / f64::from(height.max(1)),
            })
        });
        let (x, y) = self.focus;
        json!({
            "id": id,
            "type": match self.medium.kind {
                MediaKind::Image => "image",
                MediaKind::Gif => "gifv",
                MediaKind::Video => "video",
                MediaKind::Audio => "audio",
                MediaKind::Document => "unknown",
            },
            "url": url,
            "preview_url": url,
            "remote_url": null,
            "text_url": null,
            "meta": {"original": size, "small": size, "focus": {"x": x, "y": y}},
            "description": self.description,
            "blurhash": "UFBWY:8_0Jxv4mx]t8t64.%M-:IUWGWAt6M}",
        })
    }
}

pub(super) fn upload(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["write:media"])?;
    twin.spend(world, MEDIA_LIMIT, &account)?;
    if request.content_type() != "multipart/form-data" {
        return Err(
            checks::invalid("Validation failed: File can't be blank").strict(["the body is not multipart/form-data"])
        );
    }
    let parts = request.parts.as_ref().map_err(|why| error(400, "Bad Request").strict([why.as_str()]))?;
    if let Some(unknown) =
        parts.iter().find(|part| !["file", "thumbnail", "description", "focus"].contains(&part.name.as_str()))
    {
        return Err(checks::invalid(&format!("Validation failed: {} is not a field of an upload", unknown.name)));
    }
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let text = |name: &str| part(name).map(|part| String::from_utf8_lossy(&part.bytes).into_owned());
    let file = part("file")
        .filter(|file| !file.bytes.is_empty())
        .ok_or_else(|| checks::invalid("Validation failed: File can't be blank"))?;
    let wrong_type =
        |why: String| error(422, "Validation failed: File content type is invalid, File is invalid").strict([why]);
    let declared = file.content_type.as_deref().ok_or_else(|| wrong_type("the file part names no type".to_owned()))?;
    let found =
        sniff(&file.bytes).ok_or_else(|| wrong_type(format!("the bytes are not the {declared} they claim to be")))?;
    if !instance::MIME_TYPES.contains(&found) {
        return Err(wrong_type(format!("{found} is not taken")));
    }
    let kind = MediaKind::of(found);
    let limit = if kind == MediaKind::Image { instance::IMAGE_SIZE } else { instance::VIDEO_SIZE };
    if file.bytes.len() > limit {
        return Err(checks::invalid(&format!("Validation failed: File file size must be less than {limit} bytes")));
    }
    let description = text("description").filter(|text| !text.is_empty());
    checks::description(description.as_deref().unwrap_or_default())?;
    let focus = text("focus").map_or(Ok((0.0, 0.0)), |focus| checks::focus(&focus))?;

    let medium = world.media.keep(found, file.bytes.clone());
    if let Some((width, height)) = medium.size.filter(|_| kind == MediaKind::Image)
        && u64::from(width) * u64::from(height) > instance::IMAGE_MATRIX
    {
        return Err(checks::invalid(&format!("{width}x{height} images are not supported")));
    }
    let wait = match kind {
        MediaKind::Image => world.processing.image_seconds,
        MediaKind::Gif | MediaKind::Video | MediaKind::Audio | MediaKind::Document => world.processing.video_seconds,
    };
    let id = world.tick().to_string();
    let attachment = Attachment {
        account_id: account.id,
        medium,
        description,
        focus,
        ready_at: world.clock.after(wait),
        status_id: None,
    };
    let now = world.now();
    let status = if now >= attachment.ready_at { 200 } else { 202 };
    let reply = Reply::json(status, &attachment.entity(&id, now, request));
    twin.attachments.insert(id, attachment);
    let claims_otherwise = (declared != found).then(|| format!("the file claims to be {declared} and is {found}"));
    Ok(reply.strict(claims_otherwise))
}

pub(super) fn show(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["write:media"])?;
    let id = request.param("id");
    let attachment = unattached(twin, id, &account.id)?;
    let now = world.now();
    let status = if now >= attachment.ready_at { 200 } else { 206 };
    Ok(Reply::json(status, &attachment.entity(id, now, request)))
}

pub(super) fn update(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["write:media"])?;
    let body = body::read(request)?;
    checks::UPDATE_MEDIA.check(&body)?;
    let id = request.param("id");
    let attachment = unattached(twin, id, &account.id)?;
    if let Some(description) = body["description"].as_str() {
        checks::description(description)?;
        attachment.description = Some(description.to_owned()).filter(|text| !text.is_empty());
    }
    if let Some(focus) = body["focus"].as_str() {
        attachment.focus = checks::focus(focus)?;
    }
    Ok(Reply::json(200, &attachment.entity(id, world.now(), request)))
}

pub(super) fn delete(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["write:media"])?;
    let id = request.param("id");
    unattached(twin, id, &account.id)?;
    twin.attachments.remove(id);
    Ok(Reply::json(200, &json!({})))
}

/// Attachments on a status are out of reach, and so are other people's.
fn unattached<'a>(twin: &'a mut Twin, id: &str, account_id: &str) -> Result<&'a mut Attachment, Reply> {
    twin.attachments
        .get_mut(id)
        .filter(|attachment| attachment.account_id == account_id && attachment.status_id.is_none())
        .ok_or_else(|| error(404, "Record not found"))
}
