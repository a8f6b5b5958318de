//! What can be done with messages that are out, and the one number that the API tells.

use async_trait::async_trait;
use crieur_domain::{
    ErrorKind, Failure,
    content::{Outgoing, Published},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Client, chat_id,
    send::{Detail, Kind, Written, call},
    wire,
};
use crate::{
    insights::{Insights, Metric, Numbers},
    manage::{Manage, Seen},
    publish::Context,
};

#[async_trait]
impl Manage for Client {
    async fn read_back(&self, _: &Context<'_>, _: &Published) -> Result<Option<Seen>, Failure> {
        Err(not_readable())
    }

    async fn recent(&self, _: &Context<'_>, _: Timestamp, _: usize) -> Result<Vec<Seen>, Failure> {
        Err(not_readable())
    }

    async fn edit(&self, cx: &Context<'_>, published: &Published, post: &Outgoing) -> Result<Published, Failure> {
        let (detail, written) = (Detail::of(published)?, Written::new(post));
        let (method, body) = edit(chat_id(cx.account)?, &detail, post, &written)?;
        match call::<Value>(cx, method, &body).await {
            // It says that already.
            Err(failure) if failure.kind == ErrorKind::Duplicate => Ok(published.clone()),
            answer => answer.map(|_| published.clone()),
        }
    }
}

fn not_readable() -> Failure {
    Failure::new(ErrorKind::Refused, "A bot cannot read the messages of a chat.")
        .remedy("Look at the chat in a Telegram app.")
}

/// The method and its body. Buttons that are not given again go away.
pub(super) fn edit<'a>(
    chat_id: i64,
    detail: &Detail,
    post: &'a Outgoing,
    written: &'a Written,
) -> Result<(&'static str, wire::Edit<'a>), Failure> {
    let mut edit = wire::Edit {
        chat_id,
        message_id: detail.message_ids[0],
        text: None,
        caption: None,
        parse_mode: written.mode,
        show_caption_above_media: None,
        link_preview_options: None,
        reply_markup: written.keyboard().filter(|_| detail.message_ids.len() == 1),
    };
    match detail.kind {
        Kind::Poll => Err(Failure::new(ErrorKind::Refused, "A poll on Telegram cannot be changed.")
            .remedy("Delete the poll and send a new one.")),
        Kind::Text => {
            edit.text = Some(&written.text);
            edit.link_preview_options = written.preview(post);
            Ok(("editMessageText", edit))
        }
        Kind::Caption => {
            edit.caption = Some(&written.text);
            edit.show_caption_above_media = written.options.caption_above.then_some(true);
            Ok(("editMessageCaption", edit))
        }
    }
}

/// Takes all messages of a post off.
pub(super) async fn delete(cx: &Context<'_>, published: &Published) -> Result<(), Failure> {
    let (chat_id, detail) = (chat_id(cx.account)?, Detail::of(published)?);
    let tried = match detail.message_ids.as_slice() {
        [one] => call::<bool>(cx, "deleteMessage", &json!({"chat_id": chat_id, "message_id": one})).await,
        many => call::<bool>(cx, "deleteMessages", &json!({"chat_id": chat_id, "message_ids": many})).await,
    };
    match tried {
        Err(failure) if failure.kind == ErrorKind::NotFound => Ok(()),
        answer => answer.map(drop),
    }
}

#[async_trait]
impl Insights for Client {
    async fn posts(&self, _: &Context<'_>, _: &[Published]) -> Result<Vec<Numbers>, Failure> {
        Err(Failure::new(ErrorKind::Refused, "Telegram tells bots no numbers of a message.")
            .remedy("Look at the channel's statistics in a Telegram app."))
    }

    async fn account(&self, cx: &Context<'_>) -> Result<Numbers, Failure> {
        let raw: Value = call(cx, "getChatMemberCount", &json!({"chat_id": chat_id(cx.account)?})).await?;
        Ok(members(raw))
    }
}

/// Who reads a channel follows it.
fn members(raw: Value) -> Numbers {
    let values = raw.as_f64().map(|count| (Metric::Followers, count)).into_iter().collect();
    Numbers { values, raw: json!({ "getChatMemberCount": raw }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_of_a_chat_are_its_followers() {
        let answer: wire::Answer<Value> =
            serde_json::from_str(include_str!("fixtures/get_chat_member_count.json")).expect("an answer");
        let numbers = members(answer.result.expect("a number"));
        assert_eq!(numbers.values, [(Metric::Followers, 1842.0)]);
        assert_eq!(numbers.raw, json!({"getChatMemberCount": 1842}));
    }

    #[test]
    fn a_text_a_caption_and_a_poll_are_changed_each_in_its_way() {
        let post = Outgoing {
            text: "Sold <b>out</b>".into(),
            options: json!({"parse_mode": "HTML", "buttons": [[{"text": "Menu", "url": "https://a.example"}]]}),
            ..Outgoing::default()
        };
        let written = Written::new(&post);
        let detail = |kind: Kind, ids: &[i64]| Detail { message_ids: ids.to_vec(), kind };
        let text = edit(-1, &detail(Kind::Text, &[42]), &post, &written).expect("a text");
        assert_eq!(text.0, "editMessageText");
        assert_eq!(
            serde_json::to_value(text.1).expect("plain data"),
            json!({
                "chat_id": -1, "message_id": 42, "text": "Sold <b>out</b>", "parse_mode": "HTML",
                "reply_markup": {"inline_keyboard": [[{"text": "Menu", "url": "https://a.example"}]]},
            })
        );
        let album = edit(-1, &detail(Kind::Caption, &[42, 43]), &post, &written).expect("a caption");
        let body = serde_json::to_value(album.1).expect("plain data");
        assert_eq!((album.0, &body["caption"]), ("editMessageCaption", &json!("Sold <b>out</b>")));
        assert_eq!(body.get("reply_markup"), None);
        let poll = edit(-1, &detail(Kind::Poll, &[42]), &post, &written).map(|(method, _)| method);
        assert_eq!(poll.expect_err("a poll").kind, ErrorKind::Refused);
    }
}
