//! The media library: <https://developer.wordpress.org/rest-api/reference/media/>.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    API, Twin, before_the_site, error, user,
    words::{self, MEDIA, moment, rendered},
};
use crate::{
    media::{MediaKind, Medium, sniff},
    posts::PostMedia,
    reply::Reply,
    request::Request,
    world::World,
};

/// What the web server before the site takes.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Types that the site takes; others are refused by their content.
const TYPES: [&str; 16] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/avif",
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "video/ogg",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/flac",
    "audio/mp4",
    "application/pdf",
    "application/zip",
];

/// A file in the library.
#[derive(Debug, Clone)]
pub(super) struct File {
    author: String,
    medium: Medium,
    /// Below `/wp-content/uploads/`.
    pub(super) place: String,
    title: String,
    alt_text: String,
    caption: String,
    created_at: Timestamp,
}

impl File {
    /// As the page shows it.
    pub(super) fn shown(&self) -> PostMedia {
        PostMedia::new(&self.medium, Some(&self.alt_text))
    }

    fn entity(&self, id: u64, request: &Request) -> Value {
        let url = format!("{}/wp-content/uploads/{}", request.base, self.place);
        let slug = words::slug_of(&self.title);
        let mut details = json!({"file": self.place, "filesize": self.medium.bytes.len(), "sizes": {}});
        if let Some((width, height)) = self.medium.size {
            (details["width"], details["height"]) = (Value::from(width), Value::from(height));
        }
        json!({
            "id": id,
            "date": moment(self.created_at),
            "date_gmt": moment(self.created_at),
            "guid": {"rendered": url, "raw": url},
            "modified": moment(self.created_at),
            "modified_gmt": moment(self.created_at),
            "slug": slug,
            "status": "inherit",
            "type": "attachment",
            "link": format!("{}/{slug}/", request.base),
            "title": {"raw": self.title, "rendered": self.title},
            "author": self.author.parse::<u64>().unwrap_or_default(),
            "featured_media": 0,
            "comment_status": "open",
            "ping_status": "closed",
            "template": "",
            "meta": [],
            "permalink_template": format!("{}/?attachment_id={id}", request.base),
            "generated_slug": slug,
            "description": rendered("", true),
            "caption": rendered(&self.caption, true),
            "alt_text": self.alt_text,
            "media_type": if matches!(self.medium.kind, MediaKind::Image | MediaKind::Gif) { "image" } else { "file" },
            "mime_type": self.medium.content_type,
            "media_details": details,
            "post": null,
            "source_url": url,
            "class_list": [format!("post-{id}"), "attachment", "type-attachment", "status-inherit"],
            "missing_image_sizes": [],
            "_links": {"self": [{"href": format!("{}{API}/media/{id}", request.base)}]},
        })
    }

    fn describe(&mut self, fields: &Value) {
        let text = |name: &str| words::raw(&fields[name]);
        if let Some(title) = text("title") {
            self.title = title;
        }
        if let Some(alt_text) = text("alt_text") {
            self.alt_text = alt_text;
        }
        if let Some(caption) = text("caption") {
            self.caption = caption;
        }
    }
}

pub(super) fn upload(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = user::maker(twin, world, request, "upload_files")?;
    let empty = || error(400, "rest_upload_no_data", "No data supplied.");
    let (name, declared, bytes, fields) = if request.content_type() == "multipart/form-data" {
        let parts = request.parts.as_ref().map_err(|why| empty().strict([why.as_str()]))?;
        let file = parts.iter().find(|part| part.name == "file" && part.file_name.is_some()).ok_or_else(empty)?;
        let fields: Map<String, Value> = parts
            .iter()
            .filter(|part| part.file_name.is_none())
            .map(|part| (part.name.clone(), Value::from(String::from_utf8_lossy(&part.bytes).into_owned())))
            .collect();
        let name = file.file_name.clone().unwrap_or_default();
        (name, file.content_type.clone().unwrap_or_default(), file.bytes.clone(), Value::Object(fields))
    } else {
        let disposition = request
            .header("content-disposition")
            .ok_or_else(|| error(400, "rest_upload_no_content_disposition", "No Content-Disposition supplied."))?;
        let name = disposition.split_once("filename=").map(|(_, name)| name.trim_matches('"').to_owned());
        let name = name.ok_or_else(|| {
            let message = "Invalid Content-Disposition supplied. Content-Disposition needs to be formatted as \
                           `attachment; filename=\"image.png\"` or similar.";
            error(400, "rest_upload_invalid_disposition", message)
        })?;
        (name, request.content_type(), request.body.clone(), json!({}))
    };
    if bytes.is_empty() {
        return Err(empty());
    }
    if bytes.len() > MAX_BYTES {
        return Err(before_the_site(413));
    }
    MEDIA.check(&fields)?;
    let found = sniff(&bytes).unwrap_or("application/octet-stream");
    if !TYPES.contains(&found) || (!declared.is_empty() && declared != found) {
        let why = format!("the file is {found} and says {declared}");
        let message = "Sorry, you are not allowed to upload this file type.";
        return Err(error(500, "rest_upload_sideload_error", message).strict([why]));
    }
    let now = world.now();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name.as_str(), "bin"));
    let folder = now.strftime("%Y/%m").to_string();
    let base = Some(words::slug_of(stem)).filter(|stem| !stem.is_empty()).unwrap_or_else(|| "file".to_owned());
    let taken = |place: &str| twin.files.values().any(|file| file.place == place);
    let mut place = format!("{folder}/{base}.{extension}");
    let mut number = 1;
    while taken(&place) {
        place = format!("{folder}/{base}-{number}.{extension}");
        number += 1;
    }
    let medium = world.media.keep(found, bytes);
    let mut file = File {
        author: account.id,
        medium,
        place,
        title: stem.to_owned(),
        alt_text: String::new(),
        caption: String::new(),
        created_at: now,
    };
    file.describe(&fields);
    let id = twin.next_id();
    let reply = Reply::json(201, &file.entity(id, request))
        .header("x-wp-upload-attachment-id", id.to_string())
        .header("location", format!("{}{API}/media/{id}", request.base));
    twin.files.insert(id, file);
    Ok(reply)
}

fn known(twin: &Twin, request: &Request) -> Result<u64, Reply> {
    let id = request.param("id").parse().ok().filter(|id| twin.files.contains_key(id));
    id.ok_or_else(|| error(404, "rest_post_invalid_id", "Invalid post ID."))
}

pub(super) fn show(twin: &mut Twin, _: &mut World, request: &Request) -> Result<Reply, Reply> {
    let id = known(twin, request)?;
    Ok(Reply::json(200, &twin.files[&id].entity(id, request)))
}

pub(super) fn update(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = user::enter(twin, world, request)?;
    let id = known(twin, request)?;
    let fields = words::body(request)?;
    MEDIA.check(&fields)?;
    if twin.files[&id].author != account.id && !user::may(&account, "edit_others_posts") {
        return Err(error(403, "rest_cannot_edit", "Sorry, you are not allowed to edit this post."));
    }
    if let Some(file) = twin.files.get_mut(&id) {
        file.describe(&fields);
    }
    Ok(Reply::json(200, &twin.files[&id].entity(id, request)))
}

pub(super) fn delete(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    user::enter(twin, world, request)?;
    let id = known(twin, request)?;
    if request.query("force") != Some("true") {
        let message = "The post does not support trashing. Set 'force=true' to delete.";
        return Err(error(501, "rest_trash_not_supported", message));
    }
    let previous = twin.files[&id].entity(id, request);
    twin.files.remove(&id);
    Ok(Reply::json(200, &json!({"deleted": true, "previous": previous})))
}

/// The file itself.
pub(super) fn bytes(twin: &mut Twin, _: &mut World, request: &Request) -> Result<Reply, Reply> {
    let place = request.param("rest");
    let found = twin.files.values().find(|file| file.place == place);
    let file = found.ok_or_else(|| before_the_site(404))?;
    Ok(Reply::redirect(&format!("/_media/{}", file.medium.id)))
}
