//! The one request that makes something visible. <https://docs.x.com/x-api/posts/create-post>, read 2026-11-22.

use crieur_domain::{ErrorKind, Failure, content::Outgoing};

use super::{Client, SPEC, answer, options::Options, settle, upload::Checkpoint, wire};
use crate::{
    compose::{Compose, options},
    http::Request,
    publish::{Context, Progress},
};

/// Publishes. A success that cannot be read is a lost answer, never a post that may be sent again.
pub(super) async fn perform(cx: &Context<'_>, post: &Outgoing, checkpoint: &Checkpoint) -> Result<Progress, Failure> {
    let body = body(post, checkpoint)?;
    let request = Request::post(format!("{}/2/tweets", cx.http.base(&SPEC, "api"))).json(&body);
    let response = cx.http.send(request.bearer(cx.credentials.access_token.expose())).await?;
    let created: wire::Created = answer(&response, cx.now)?;
    Ok(Progress::Done(settle::published(cx, &created.id)))
}

fn body(post: &Outgoing, checkpoint: &Checkpoint) -> Result<wire::CreatePost, Failure> {
    let wishes: Options = options(&SPEC, &post.options).map_err(|problems| {
        let message = problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join(" ");
        Failure::new(ErrorKind::Refused, message)
    })?;
    let media_ids = checkpoint.media_ids();
    let first = !post.is_reply;
    Ok(wire::CreatePost {
        text: Client.render(post).text,
        media: (!media_ids.is_empty()).then_some(wire::Media { media_ids }),
        poll: post
            .poll
            .as_ref()
            .map(|poll| wire::Poll { options: poll.options.clone(), duration_minutes: poll.duration_minutes }),
        reply: parent(post, &wishes).map(|id| wire::Reply { in_reply_to_tweet_id: id }),
        quote_tweet_id: quote(post, &wishes),
        reply_settings: wishes.reply_settings.filter(|_| first),
        community_id: wishes.community_id.filter(|_| first),
        share_with_followers: wishes.share_with_followers && first,
        made_with_ai: wishes.made_with_ai && !post.media.is_empty(),
        paid_partnership: wishes.paid_partnership,
    })
}

/// The post that this one answers: the one above it in its thread, or for a first part the one that the options name.
pub(super) fn parent(post: &Outgoing, wishes: &Options) -> Option<String> {
    match &post.reply_to {
        Some(reply) => Some(reply.parent.network_id.clone()),
        None => wishes.in_reply_to_tweet_id.clone().filter(|_| !post.is_reply),
    }
}

/// The post that this one quotes; only the first part of a thread does.
pub(super) fn quote(post: &Outgoing, wishes: &Options) -> Option<String> {
    wishes.quote_tweet_id.clone().filter(|_| !post.is_reply)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crieur_domain::content::{Poll, Published, ReplyTo};
    use serde_json::{Value, json};

    use super::*;

    fn sent(post: &Outgoing, checkpoint: Value) -> Value {
        let checkpoint = crate::publish::checkpoint(&checkpoint).unwrap();
        serde_json::to_value(body(post, &checkpoint).unwrap()).unwrap()
    }

    fn ready(id: &str) -> Value {
        json!({"media_id": id, "expires_at": "2026-11-23T12:00:00Z", "stage": "ready", "described": true})
    }

    #[test]
    fn a_text_is_all_that_a_text_post_sends() {
        let post = Outgoing { text: "hi".into(), link: Some("https://example.com".into()), ..Outgoing::default() };
        assert_eq!(sent(&post, Value::Null), json!({"text": "hi\n\nhttps://example.com"}));
    }

    #[test]
    fn files_poll_and_wishes_stand_where_x_wants_them() {
        let post = Outgoing {
            text: "Q".into(),
            poll: Some(Poll { options: vec!["A".into(), "B".into()], duration_minutes: 1440, multiple: false }),
            options: json!({"reply_settings": "mentionedUsers", "community_id": "12", "share_with_followers": true,
                "paid_partnership": true, "quote_tweet_id": "34", "in_reply_to_tweet_id": "56"}),
            ..Outgoing::default()
        };
        assert_eq!(
            sent(&post, json!({"files": [ready("1"), ready("2")]})),
            json!({
                "text": "Q",
                "media": {"media_ids": ["1", "2"]},
                "poll": {"options": ["A", "B"], "duration_minutes": 1440},
                "reply": {"in_reply_to_tweet_id": "56"},
                "quote_tweet_id": "34",
                "reply_settings": "mentionedUsers",
                "community_id": "12",
                "share_with_followers": true,
                "paid_partnership": true,
            })
        );
    }

    #[test]
    fn a_part_of_a_thread_answers_the_part_above_and_repeats_no_wish_of_the_first() {
        let published = |id: &str| Published { network_id: id.into(), permalink: None, detail: Value::Null };
        let post = Outgoing {
            text: "2/".into(),
            options: json!({"reply_settings": "verified", "quote_tweet_id": "34", "in_reply_to_tweet_id": "56"}),
            reply_to: Some(ReplyTo { parent: published("9"), root: published("8") }),
            is_reply: true,
            ..Outgoing::default()
        };
        assert_eq!(sent(&post, Value::Null), json!({"text": "2/", "reply": {"in_reply_to_tweet_id": "9"}}));
    }
}
