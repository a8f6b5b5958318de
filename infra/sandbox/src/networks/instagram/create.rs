//! Containers and their publication. <https://developers.facebook.com/docs/instagram-platform/content-publishing>, read
//! 2026-11-22.

use bytes::Bytes;
use serde_json::json;

use super::{ID, MAX_CONTAINERS, MAX_POSTS, Twin, Written, checks};
use crate::{
    graph::{self, Container, Params, parameter},
    posts::{Post, PostMedia},
    reply::Reply,
    request::Request,
    text,
    world::{Account, World},
};

const KNOWN: [&str; 17] = [
    "alt_text",
    "audio_name",
    "caption",
    "children",
    "collaborators",
    "cover_url",
    "image_url",
    "is_carousel_item",
    "location_id",
    "media_type",
    "product_tags",
    "share_to_feed",
    "thumb_offset",
    "trial_params",
    "upload_type",
    "user_tags",
    "video_url",
];
const SCOPES: [&str; 2] = ["instagram_business_basic", "instagram_business_content_publish"];
/// What a reel alone has.
const REEL_ONLY: [&str; 5] = ["audio_name", "cover_url", "share_to_feed", "thumb_offset", "trial_params"];
/// What only a whole post has.
const POST_ONLY: [&str; 3] = ["caption", "collaborators", "location_id"];

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    /// A video of a carousel.
    Video,
    Reel,
    Story,
    Carousel,
}

/// What a container will be.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) kind: Kind,
    item: bool,
    caption: String,
    pub(super) media: Vec<PostMedia>,
    collaborators: Vec<String>,
    /// The bytes so far of a video that is uploaded.
    pub(super) arriving: Option<Vec<u8>>,
    /// How many bytes a video had that has arrived.
    pub(super) arrived: usize,
}

pub(super) fn create(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter_own(world, request, &SCOPES)?;
    let params = Params::read(request, &KNOWN)?;
    let now = world.now();
    if twin.quota.used(&account.id, "container", now) >= graph::total(world, MAX_CONTAINERS) {
        return Err(graph::error(400, 9, Some(2_207_042), "OAuthException", "Too many containers were made today."));
    }
    let item = params.flag("is_carousel_item")?;
    let (kind, video) = kind(&params, item)?;
    match kind {
        Kind::Reel => {}
        _ => params.without(&REEL_ONLY, "this media_type")?,
    }
    if item || kind == Kind::Story {
        params.without(&POST_ONLY, "a story or the item of a carousel")?;
    }
    if video || kind == Kind::Story || kind == Kind::Carousel {
        params.without(&["alt_text"], "anything but a picture")?;
    }
    checks::tags(&params, kind, video, item)?;
    let mut draft = Draft {
        kind,
        item,
        caption: checks::caption(&params)?,
        media: Vec::new(),
        collaborators: checks::collaborators(&params)?,
        arriving: None,
        arrived: 0,
    };
    if let Some(cover) = params.get("cover_url") {
        checks::image(request.fetched(cover).map(|fetched| &fetched.bytes), Kind::Story)?;
    }
    let (mut ready_at, mut failure) = (Some(now), None);
    if kind == Kind::Carousel {
        params.without(&["image_url", "video_url", "upload_type", "is_carousel_item"], "CAROUSEL")?;
        draft.media = children(twin, world, &account, &params.list("children"))?;
    } else if video {
        ready_at = match (params.get("video_url"), params.get("upload_type")) {
            (Some(url), None) => {
                match request.fetched(url) {
                    Ok(fetched) => failure = arrived(world, &mut draft, fetched.bytes.clone()).err(),
                    Err(_) => failure = Some("Error: Media upload has failed with error code 2207052".to_owned()),
                }
                Some(world.clock.after(world.processing.video_seconds))
            }
            (None, Some("resumable")) => {
                draft.arriving = Some(Vec::new());
                None
            }
            (None, Some(other)) => {
                return Err(parameter(&format!("Param upload_type must be resumable - got {other:?}")));
            }
            (Some(_), Some(_)) => return Err(parameter("Param video_url cannot be used with upload_type.")),
            (None, None) => return Err(parameter("The parameter video_url is required")),
        };
    } else {
        params.without(&["video_url", "upload_type"], "a picture")?;
        let fetched = request.fetched(params.need("image_url")?).map(|fetched| &fetched.bytes);
        checks::image(fetched, kind)?;
        let medium = world.media.keep("image/jpeg", fetched.cloned().unwrap_or_default());
        draft.media = vec![PostMedia::new(&medium, checks::alt_text(&params)?.as_deref())];
        ready_at = Some(world.clock.after(world.processing.image_seconds));
    }
    twin.quota.spend(&account.id, "container", now);
    let id = world.tick().to_string();
    let mut body = json!({"id": id});
    if draft.arriving.is_some() {
        body["uri"] = format!("{}/ig-api-upload/v26.0/{id}", request.base).into();
    }
    let container =
        Container { account_id: account.id, created_at: now, ready_at, failure, published: None, content: draft };
    twin.containers.insert(id, container);
    Ok(Reply::json(200, &body))
}

/// What is made, and whether it is a video.
fn kind(params: &Params, item: bool) -> Result<(Kind, bool), Reply> {
    let moves = params.get("video_url").is_some() || params.get("upload_type").is_some();
    let unknown = || {
        let message = "The media type is unknown: it is CAROUSEL, REELS, STORIES, or VIDEO for the item of a carousel.";
        graph::error(400, 100, Some(2_207_023), "OAuthException", message)
    };
    match params.get("media_type") {
        None | Some("IMAGE") => Ok((Kind::Image, false)),
        Some("VIDEO") if item => Ok((Kind::Video, true)),
        Some("REELS") if !item => Ok((Kind::Reel, true)),
        Some("STORIES") if !item => Ok((Kind::Story, moves)),
        Some("CAROUSEL") if !item => Ok((Kind::Carousel, false)),
        Some(_) => Err(unknown()),
    }
}

/// A video is there as a whole.
pub(super) fn arrived(world: &mut World, draft: &mut Draft, bytes: Bytes) -> Result<(), String> {
    draft.arrived = bytes.len();
    let content_type = checks::video(&bytes, draft.kind)?;
    let medium = world.media.keep(content_type, bytes);
    draft.media = vec![PostMedia::new(&medium, None)];
    Ok(())
}

/// The files of a carousel: 2 to 10 finished containers of the account's own.
fn children(twin: &Twin, world: &World, account: &Account, ids: &[String]) -> Result<Vec<PostMedia>, Reply> {
    if !(2..=10).contains(&ids.len()) {
        let message = "A carousel must have between 2 and 10 photos or videos.";
        return Err(graph::error(400, 100, Some(2_207_028), "OAuthException", message));
    }
    let mut media = Vec::new();
    for id in ids {
        let child = twin.containers.get(id).filter(|child| child.account_id == account.id && child.content.item);
        let child = child.ok_or_else(|| graph::missing(id))?;
        match child.state(world.now()) {
            "FINISHED" => media.extend(child.content.media.iter().cloned()),
            state => return Err(not_ready(&format!("the child {id} is {state}"))),
        }
    }
    Ok(media)
}

fn not_ready(log: &str) -> Reply {
    let message = "Media ID is not available: The media is not ready for publishing, please wait for a moment.";
    graph::error(400, 9007, Some(2_207_027), "OAuthException", message).strict([log])
}

pub(super) fn publish(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter_own(world, request, &SCOPES)?;
    let params = Params::read(request, &["creation_id"])?;
    let now = world.now();
    let id = params.need("creation_id")?;
    let refused = |code, subcode, message: &str| graph::error(400, code, Some(subcode), "OAuthException", message);
    let found = twin.containers.get_mut(id);
    let found = found.filter(|found| found.account_id == account.id && !found.content.item);
    let found = found.ok_or_else(|| refused(24, 2_207_006, "The requested media could not be found."))?;
    match found.state(now) {
        "FINISHED" => {}
        "EXPIRED" => return Err(refused(-2, 2_207_020, "The media you are trying to access has expired.")),
        // UNCONFIRMED: what the network says of one that is out already.
        "PUBLISHED" => return Err(refused(24, 2_207_006, "The media has been published already.")),
        "ERROR" => {
            return Err(refused(24, 2_207_008, "The media builder with the specified creation id does not exist."));
        }
        state => return Err(not_ready(&format!("the container is {state}"))),
    }
    if twin.quota.used(&account.id, "post", now) >= graph::total(world, MAX_POSTS) {
        return Err(refused(9, 2_207_042, "You reached the maximum number of posts that is allowed to be published."));
    }
    twin.quota.spend(&account.id, "post", now);
    let id = world.tick().to_string();
    found.published = Some(id.clone());
    let draft = found.content.clone();
    let place = match draft.kind {
        Kind::Reel => "reel",
        Kind::Story => "stories",
        Kind::Image | Kind::Video | Kind::Carousel => "p",
    };
    world.posts.publish(Post {
        platform: ID,
        account: account.handle.clone(),
        account_id: account.id.clone(),
        account_name: account.name.clone(),
        url: format!("{}/{place}/{id}", request.base),
        spans: text::spans(&draft.caption),
        text: draft.caption,
        media: draft.media,
        parent: None,
        created_at: now,
        edited_at: None,
        title: None,
        warning: None,
        sensitive: false,
        visibility: (draft.kind == Kind::Story).then(|| "story".to_owned()),
        quote: None,
        languages: vec!["und".to_owned()],
        poll: None,
        card: None,
        id: id.clone(),
    });
    twin.written.insert(id.clone(), Written { kind: draft.kind, collaborators: draft.collaborators });
    Ok(Reply::json(200, &json!({"id": id})))
}
