//! A status as the API tells it: <https://docs.joinmastodon.org/entities/Status/>.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ID, Twin, account};
use crate::{
    oauth::escaped,
    posts::{Post, Span, SpanKind},
    request::Request,
    world::World,
};

/// Milliseconds, as the server writes them.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The whole entity.
pub(super) fn status(twin: &Twin, world: &World, post: &Post, request: &Request) -> Value {
    let now = world.now();
    let author = world.account(ID, &post.account_id).map(|author| account::entity(world, author, request));
    let replies = world.posts.list(Some(ID)).filter(|other| other.parent.as_deref() == Some(&post.id)).count();
    let parent = post.parent.as_deref().and_then(|id| world.posts.get(ID, id));
    let media: Vec<Value> = twin
        .attached(&post.id)
        .iter()
        .filter_map(|id| Some(twin.attachments.get(id)?.entity(id, now, request)))
        .collect();
    let marked = |kind| {
        let spans = post.spans.iter().filter(move |span| span.kind == kind);
        spans.map(|span| post.text[span.start + 1..span.end].to_owned())
    };
    let tags: Vec<Value> = marked(SpanKind::Tag)
        .map(|tag| json!({"name": tag.to_lowercase(), "url": format!("{}/tags/{}", request.base, tag.to_lowercase())}))
        .collect();
    let mentions: Vec<Value> = marked(SpanKind::Mention)
        .filter_map(|name| world.accounts_of(ID).find(|account| account.handle == name))
        .map(|account| {
            json!({
                "id": account.id,
                "username": account.handle,
                "acct": account.handle,
                "url": format!("{}/@{}", request.base, account.handle),
            })
        })
        .collect();
    let poll = post.poll.as_ref().map(|poll| {
        json!({
            "id": post.id,
            "expires_at": moment(poll.ends_at),
            "expired": now >= poll.ends_at,
            "multiple": poll.multiple,
            "votes_count": poll.options.iter().map(|(_, votes)| votes).sum::<u64>(),
            "voters_count": 0,
            "voted": false,
            "own_votes": [],
            "options": poll.options.iter().map(|(title, votes)| json!({"title": title, "votes_count": votes}))
                .collect::<Vec<_>>(),
            "emojis": [],
        })
    });
    json!({
        "id": post.id,
        "created_at": moment(post.created_at),
        "in_reply_to_id": post.parent,
        "in_reply_to_account_id": parent.map(|parent| parent.account_id.clone()),
        "sensitive": post.sensitive,
        "spoiler_text": post.warning.clone().unwrap_or_default(),
        "visibility": post.visibility,
        "language": post.languages.first(),
        "uri": format!("{}/users/{}/statuses/{}", request.base, post.account, post.id),
        "url": post.url,
        "replies_count": replies,
        "reblogs_count": post.grown(now, 24),
        "favourites_count": post.grown(now, 90),
        "quotes_count": world.posts.list(Some(ID)).filter(|other| other.quote.as_deref() == Some(&post.id)).count(),
        "edited_at": post.edited_at.map(moment),
        "favourited": false,
        "reblogged": false,
        "muted": false,
        "bookmarked": false,
        "pinned": false,
        "content": content(&post.text, &post.spans, request),
        "filtered": [],
        "reblog": null,
        "application": {"name": twin.app_of(&post.id), "website": null},
        "account": author,
        "media_attachments": media,
        "mentions": mentions,
        "tags": tags,
        "emojis": [],
        "card": null,
        "poll": poll,
        "quote": post.quote.as_ref().map(|id| json!({"state": "accepted", "quoted_status_id": id})),
    })
}

/// Text as HTML: paragraphs, breaks, and links whose scheme and tail are hidden.
fn content(text: &str, spans: &[Span], request: &Request) -> String {
    if text.is_empty() {
        return String::new();
    }
    let plain = |text: &str| escaped(text).replace("\n\n", "</p><p>").replace('\n', "<br />");
    let mut html = String::from("<p>");
    let mut at = 0;
    for span in spans {
        html.push_str(&plain(&text[at..span.start]));
        let shown = &text[span.start..span.end];
        html.push_str(&match span.kind {
            SpanKind::Link => link(shown),
            SpanKind::Mention => {
                let name = shown[1..].split('@').next().unwrap_or_default();
                format!(
                    "<span class=\"h-card\" translate=\"no\"><a href=\"{base}/@{name}\" class=\"u-url mention\">\
                     @<span>{name}</span></a></span>",
                    base = request.base,
                )
            }
            SpanKind::Tag => format!(
                "<a href=\"{base}/tags/{lower}\" class=\"mention hashtag\" rel=\"tag\">#<span>{tag}</span></a>",
                base = request.base,
                lower = escaped(&shown[1..].to_lowercase()),
                tag = escaped(&shown[1..]),
            ),
        });
        at = span.end;
    }
    html.push_str(&plain(&text[at..]));
    html.push_str("</p>");
    html
}

fn link(url: &str) -> String {
    let scheme = url.find("://").map_or(0, |at| at + 3);
    let scheme = scheme + if url[scheme..].starts_with("www.") { 4 } else { 0 };
    let shown = &url[scheme..];
    let cut = shown.char_indices().nth(30).map_or(shown.len(), |(at, _)| at);
    format!(
        "<a href=\"{href}\" target=\"_blank\" rel=\"nofollow noopener\" translate=\"no\">\
         <span class=\"invisible\">{scheme}</span><span class=\"{class}\">{middle}</span>\
         <span class=\"invisible\">{tail}</span></a>",
        href = escaped(url),
        scheme = escaped(&url[..scheme]),
        class = if cut < shown.len() { "ellipsis" } else { "" },
        middle = escaped(&shown[..cut]),
        tail = escaped(&shown[cut..]),
    )
}
