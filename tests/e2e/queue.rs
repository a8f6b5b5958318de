//! What nobody can read, in the queue.

use serde_json::json;

use crate::{
    stack::{Stack, until},
    workspace::{SOON, Workspace},
};

pub(crate) async fn a_message_that_nobody_can_read_blocks_nobody_and_is_reported(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "poison").await;
    let _on = stack.on(&["bluesky"]).await;
    let account = workspace.connect("bluesky", 0).await;
    let sqs = stack.aws.sqs();
    let mut poison = Vec::new();
    for body in ["not a message of ours", "{\"delivery_id\": 7}", "{}"] {
        let sent =
            sqs.send_message().queue_url(&stack.facts.publish_queue_url).message_body(body).send().await.unwrap();
        poison.push(sent.message_id.unwrap());
    }
    // One that can be read and leads nowhere: nobody has this delivery, so there is nothing to be done.
    let nowhere = json!({"workspace_id": workspace.id, "post_id": "post_01KAM3B5Y0QJ8Z4T6W9XV2C7DE",
        "delivery_id": "dlv_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "account_id": account});
    sqs.send_message()
        .queue_url(&stack.facts.publish_queue_url)
        .message_body(nowhere.to_string())
        .send()
        .await
        .unwrap();

    let text = stack.words("All the same");
    let post = workspace.say(&text, &[&account]).await;
    workspace.wait(&post, "published", SOON).await;
    assert_eq!(stack.visible("bluesky", &text).await.len(), 1);

    until("the publisher's word on each of them", SOON, async || {
        let log = stack.log_of("publisher").await;
        let told = |id: &String| log.iter().any(|line| line.contains(id) && line.contains("the message comes back"));
        poison.iter().all(told).then_some(())
    })
    .await;
    // They are not swallowed: they stay in the queue until they have failed five times.
    let wanted = json!({"QueueUrl": stack.facts.publish_queue_url, "AttributeNames": ["All"]});
    let queue = stack.ask_aws("sqs", "AmazonSQS.GetQueueAttributes", &wanted).await;
    let hidden: usize = queue["Attributes"]["ApproximateNumberOfMessagesNotVisible"].as_str().unwrap().parse().unwrap();
    assert!(hidden >= poison.len(), "{queue}");
    let redrive = queue["Attributes"]["RedrivePolicy"].as_str().unwrap();
    let letters = stack.facts.dead_letter_queue_url.rsplit('/').next().unwrap();
    assert!(redrive.contains(letters), "{redrive}");
}
