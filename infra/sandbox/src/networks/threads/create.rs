//! Containers, their publication, and taking down. <https://developers.facebook.com/docs/threads/posts>, read 2026-11-22.

use serde_json::json;

use super::{ID, MAX_DELETIONS, MAX_POSTS, MAX_REPLIES, Twin, Written, checks};
use crate::{
    graph::{self, Container, Params, parameter},
    network::Step,
    posts::{Card, Poll, Post, PostMedia},
    reply::Reply,
    request::Request,
    text,
    world::{Account, World},
};

const KNOWN: [&str; 22] = [
    "media_type",
    "text",
    "image_url",
    "video_url",
    "alt_text",
    "is_carousel_item",
    "children",
    "reply_to_id",
    "quote_post_id",
    "reply_control",
    "topic_tag",
    "link_attachment",
    "poll_attachment",
    "gif_attachment",
    "text_attachment",
    "is_ghost_post",
    "is_spoiler_media",
    "text_entities",
    "allowlisted_country_codes",
    "enable_reply_approvals",
    "auto_publish_text",
    "fields",
];
/// What stands beside a text alone.
const TEXT_ONLY: [&str; 6] =
    ["link_attachment", "poll_attachment", "gif_attachment", "text_attachment", "is_ghost_post", "auto_publish_text"];
/// How long a poll takes votes, and how long a ghost is to be seen.
const DAY: i64 = 86_400;

/// What a container will be.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    kind: &'static str,
    item: bool,
    text: String,
    media: Vec<PostMedia>,
    parent: Option<String>,
    quote: Option<String>,
    reply_control: Option<String>,
    topic: Option<String>,
    poll: Option<Vec<String>>,
    card: Option<Card>,
    sensitive: bool,
}

/// A text that publishes itself is a publication.
pub(super) fn step(request: &Request) -> Step {
    let itself = Params::loose(request).is_ok_and(|params| params.flag("auto_publish_text").unwrap_or(false));
    if itself { Step::Commit } else { Step::Media }
}

pub(super) fn create(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter_own(world, request, &["threads_basic", "threads_content_publish"])?;
    let params = Params::read(request, &KNOWN)?;
    let mut draft = Draft {
        text: checks::text(&params)?,
        item: params.flag("is_carousel_item")?,
        parent: params.get("reply_to_id").map(str::to_owned),
        quote: params.get("quote_post_id").map(str::to_owned),
        reply_control: params.get("reply_control").map(str::to_owned),
        topic: params.get("topic_tag").map(str::to_owned),
        poll: checks::poll(&params)?,
        card: card(&params)?,
        sensitive: params.flag("is_spoiler_media")?,
        ..Draft::default()
    };
    checks::audience(&params)?;
    for id in draft.parent.iter().chain(&draft.quote) {
        world.posts.get(ID, id).ok_or_else(|| graph::missing(id))?;
    }
    let (mut failure, mut seconds) = (None, 0);
    match params.need("media_type")? {
        "TEXT" => {
            params.without(&["image_url", "video_url", "alt_text", "children", "is_spoiler_media"], "TEXT")?;
            draft.kind = "TEXT_POST";
            if draft.text.trim().is_empty() && draft.card.is_none() {
                return Err(parameter("The parameter text is required"));
            }
        }
        "IMAGE" => {
            params.without(&["video_url", "children"], "IMAGE")?;
            params.without(&TEXT_ONLY, "IMAGE")?;
            let url = params.need("image_url")?;
            let fetched = request.fetched(url).map(|fetched| &fetched.bytes);
            let kind = checks::image(fetched)?;
            let medium = world.media.keep(kind, fetched.cloned().unwrap_or_default());
            draft.media = vec![PostMedia::new(&medium, checks::alt_text(&params)?.as_deref())];
            draft.kind = "IMAGE";
            seconds = world.processing.image_seconds;
        }
        "VIDEO" => {
            params.without(&["image_url", "children"], "VIDEO")?;
            params.without(&TEXT_ONLY, "VIDEO")?;
            let url = params.need("video_url")?;
            let fetched = request.fetched(url).map(|fetched| &fetched.bytes);
            match checks::video(fetched) {
                Ok(kind) => {
                    let medium = world.media.keep(kind, fetched.cloned().unwrap_or_default());
                    draft.media = vec![PostMedia::new(&medium, checks::alt_text(&params)?.as_deref())];
                }
                Err(word) => failure = Some(word.to_owned()),
            }
            draft.kind = "VIDEO";
            seconds = world.processing.video_seconds;
        }
        "CAROUSEL" => {
            params.without(&["image_url", "video_url", "alt_text", "is_carousel_item"], "CAROUSEL")?;
            params.without(&TEXT_ONLY, "CAROUSEL")?;
            draft.kind = "CAROUSEL_ALBUM";
            draft.media = children(twin, world, &account, &params.list("children"))?;
        }
        other => {
            return Err(parameter(&format!(
                "Param media_type must be one of {{TEXT, IMAGE, VIDEO, CAROUSEL}} - got {other:?}."
            )));
        }
    }
    if draft.item {
        params.without(&["text", "reply_to_id", "quote_post_id", "reply_control", "topic_tag"], "is_carousel_item")?;
        if draft.kind == "TEXT_POST" {
            return Err(parameter("Param is_carousel_item is for IMAGE and VIDEO."));
        }
    }
    let id = world.tick().to_string();
    let ready_at = Some(world.clock.after(seconds));
    let (account_id, created_at) = (account.id.clone(), world.now());
    let container = Container { account_id, created_at, ready_at, failure, published: None, content: draft };
    twin.containers.insert(id.clone(), container);
    if params.flag("auto_publish_text")? {
        return published(twin, world, request, &account, &id);
    }
    Ok(Reply::json(200, &json!({"id": id})))
}

fn card(params: &Params) -> Result<Option<Card>, Reply> {
    let of =
        |url: String, title: &str, description: String| Card { url, title: title.to_owned(), description, image: None };
    let attached = params.get("link_attachment").map(|url| {
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        of(url.to_owned(), &host.unwrap_or_default(), String::new())
    });
    let gif = checks::gif(params)?.map(|id| of(format!("https://giphy.com/gifs/{id}"), "GIPHY", String::new()));
    let long = checks::long_text(params)?.map(|(words, link)| of(link.unwrap_or_default(), "Read more", words));
    let all: Vec<Card> = [attached, gif, long].into_iter().flatten().collect();
    if all.len() + usize::from(params.get("poll_attachment").is_some()) > 1 {
        return Err(parameter("A post takes one attachment."));
    }
    Ok(all.into_iter().next())
}

/// The files of a carousel: 2 to 20 finished containers of the account's own.
fn children(twin: &Twin, world: &World, account: &Account, ids: &[String]) -> Result<Vec<PostMedia>, Reply> {
    if !(2..=20).contains(&ids.len()) {
        return Err(parameter("Param children must have 2 to 20 elements."));
    }
    let mut media = Vec::new();
    for id in ids {
        let child = twin.containers.get(id).filter(|child| child.account_id == account.id && child.content.item);
        let child = child.ok_or_else(|| graph::missing(id))?;
        match child.state(world.now()) {
            "FINISHED" => media.extend(child.content.media.iter().cloned()),
            state => return Err(parameter(&format!("The child {id} is {state}."))),
        }
    }
    Ok(media)
}

pub(super) fn publish(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter_own(world, request, &["threads_basic", "threads_content_publish"])?;
    let params = Params::read(request, &["creation_id"])?;
    published(twin, world, request, &account, params.need("creation_id")?)
}

fn published(
    twin: &mut Twin,
    world: &mut World,
    request: &Request,
    account: &Account,
    container: &str,
) -> Result<Reply, Reply> {
    let now = world.now();
    let refused = |subcode, message: &str| graph::error(400, 24, Some(subcode), "OAuthException", message);
    let missing = || refused(4_279_009, "The requested resource does not exist: Media Not Found");
    let found =
        twin.containers.get_mut(container).filter(|found| found.account_id == account.id && !found.content.item);
    let found = found.ok_or_else(missing)?;
    match found.state(now) {
        "FINISHED" => {}
        // UNCONFIRMED: what the network says of one that is out already.
        "PUBLISHED" => return Err(parameter("The container has been published already.")),
        state => return Err(missing().strict([format!("the container is {state}")])),
    }
    let (kind, most) = if found.content.parent.is_some() { ("reply", MAX_REPLIES) } else { ("post", MAX_POSTS) };
    if twin.quota.used(&account.id, kind, now) >= graph::total(world, most) {
        return Err(refused(2_207_051, "The quota of the last 24 hours is used up."));
    }
    twin.quota.spend(&account.id, kind, now);
    let id = world.tick().to_string();
    found.published = Some(id.clone());
    let draft = found.content.clone();
    let ends_at = world.clock.after(DAY);
    world.posts.publish(Post {
        platform: ID,
        account: account.handle.clone(),
        account_id: account.id.clone(),
        account_name: account.name.clone(),
        url: format!("{}/@{}/post/{id}", request.base, account.handle),
        spans: text::spans(&draft.text),
        text: draft.text,
        media: draft.media,
        parent: draft.parent,
        created_at: now,
        edited_at: None,
        title: None,
        warning: None,
        sensitive: draft.sensitive,
        visibility: draft.reply_control,
        quote: draft.quote,
        languages: vec!["und".to_owned()],
        poll: draft.poll.map(|answers| Poll {
            options: answers.into_iter().map(|answer| (answer, 0)).collect(),
            multiple: false,
            ends_at,
        }),
        card: draft.card,
        id: id.clone(),
    });
    twin.written.insert(id.clone(), Written { kind: draft.kind, topic: draft.topic });
    Ok(Reply::json(200, &json!({"id": id})))
}

pub(super) fn delete(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["threads_basic", "threads_delete"])?;
    let (id, now) = (request.param("id"), world.now());
    let own = world.posts.get(ID, id).is_some_and(|post| post.account_id == account.id);
    if !own {
        return Err(graph::missing(id));
    }
    if twin.quota.used(&account.id, "deletion", now) >= graph::total(world, MAX_DELETIONS) {
        return Err(graph::error(
            400,
            4,
            None,
            "OAuthException",
            "(#4) The deletions of the last 24 hours are used up.",
        ));
    }
    twin.quota.spend(&account.id, "deletion", now);
    world.posts.remove(ID, id);
    twin.written.remove(id);
    Ok(Reply::json(200, &json!({"success": true, "deleted_id": id})))
}
