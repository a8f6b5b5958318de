//! A workspace that is deleted is gone.

use std::time::Duration;

use crieur_domain::media::Media;
use reqwest::Method;
use serde_json::json;

use crate::{
    api::Api,
    secrets::rows,
    stack::{Stack, until},
    workspace::{SOON, Workspace, now, objects, targets},
};

/// Requests that were under way get 35 s to end, and then the next tick begins.
const ERASURE: Duration = Duration::from_secs(240);
/// A key that was deleted may be taken for a minute more.
const FORGETTING: Duration = Duration::from_secs(75);

pub(crate) async fn a_deleted_workspace_leaves_nothing_behind(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "to be deleted").await;
    let (id, administrator) = (workspace.id.clone(), Api::administrator(stack, None));
    let (post, picture) = {
        let _on = stack.on(&["bluesky", "mastodon"]).await;
        let accounts = [workspace.connect("bluesky", 0).await, workspace.connect("mastodon", 0).await];
        let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let picture = workspace.picture().await;
        let mut body = now(&stack.words("Soon forgotten"), &accounts);
        body["content"]["media"] = json!([picture.id]);
        let post = workspace.post(&body).await["id"].as_str().unwrap().to_owned();
        workspace.wait(&post, "published", SOON).await;
        let body =
            json!({"content": {"text": "Never said"}, "targets": targets(&accounts), "publish": {"mode": "draft"}});
        workspace.post(&body).await;
        (post, picture)
    };
    let file = Media::object_key(id.parse().unwrap(), picture.id.parse().unwrap());
    objects(stack).head(&file).await.unwrap();
    assert!(rows(stack).await.iter().filter(|row| row.contains(&id)).count() > 10);

    let answer = administrator.call(Method::DELETE, &format!("/v1/workspaces/{id}"), None).await.expect(202);
    let job = answer["job_id"].as_str().unwrap().to_owned();
    administrator.get(&format!("/v1/workspaces/{id}")).await.problem(404, "not_found");
    until("the end of the job", ERASURE, async || {
        let read = administrator.get(&format!("/v1/jobs/{job}")).await.expect(200);
        assert_ne!(read["status"], "failed", "{read}");
        (read["status"] == "complete").then_some(())
    })
    .await;

    Api::administrator(stack, Some(&id)).get(&format!("/v1/posts/{post}")).await.problem(404, "not_found");
    // A function that has seen the key within the last minute may still know it; there is nothing left to see with it.
    until("the end of its key", FORGETTING, async || (workspace.api.get("/v1/me").await.status == 401).then_some(()))
        .await;
    // The record of the job is the one thing that outlives it.
    let left: Vec<String> =
        rows(stack).await.into_iter().filter(|row| row.contains(&id) && !row.contains(&job)).collect();
    assert!(left.is_empty(), "{left:#?}");
    assert!(objects(stack).head(&file).await.is_err(), "its picture is still there");
    let s3 = stack.aws.s3();
    let listed = s3.list_objects_v2().bucket(&stack.facts.media_bucket).prefix(format!("{id}/")).send().await.unwrap();
    assert_eq!(listed.key_count.unwrap_or(0), 0);
}
