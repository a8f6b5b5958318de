use crieur_aws::{
    StoreError, ids,
    store::{Created, Listing},
};
use crieur_domain::{
    WorkspaceId,
    job::{Job, JobKind, JobStatus},
    key::Key,
    media::MediaStatus,
    workspace::Workspace,
};

use crate::{
    engine::Table,
    samples::{self, now, seconds, workspace},
};

fn key(ws: WorkspaceId) -> Key {
    Key {
        id: ids::fresh(now()),
        workspace_id: ws,
        name: "CMS".to_owned(),
        scopes: Vec::new(),
        account_ids: Vec::new(),
        secret_hash: "first".to_owned(),
        previous_hash: None,
        previous_until: None,
        expires_at: None,
        created_at: now(),
    }
}

fn page(cursor: &str) -> Listing<'_> {
    Listing { cursor: Some(cursor), ..Listing::default() }
}

#[tokio::test]
async fn a_cursor_from_elsewhere_is_refused() {
    let table = Table::new().await;
    let (ws, other) = (workspace(), workspace());
    for index in 0..3 {
        table.store.keys().create(&key(ws)).await.unwrap();
        let (post, deliveries) = samples::post_at(ws, 1, 1, seconds(index));
        assert_eq!(table.store.posts().create(&post, &deliveries).await, Ok(Created::New));
    }
    let short = Listing { limit: 2, ..Listing::default() };
    let keys = table.store.keys().list(ws, short).await.unwrap().next.unwrap();
    let posts = table.store.posts().list(ws, short).await.unwrap().next.unwrap();
    assert_eq!(table.store.keys().list(ws, page(&keys)).await.unwrap().items.len(), 1);
    assert_eq!(table.store.posts().list(ws, page(&posts)).await.unwrap().items.len(), 1);

    let refused = Err(StoreError::BadCursor);
    assert_eq!(table.store.keys().list(other, page(&keys)).await, refused);
    assert_eq!(table.store.keys().list(ws, page(&posts)).await, refused);
    assert_eq!(
        table.store.accounts().list(ws, page(&keys)).await.map(|page| page.items.len()),
        Err(StoreError::BadCursor)
    );
    assert_eq!(
        table.store.media().list(ws, page(&posts)).await.map(|page| page.items.len()),
        Err(StoreError::BadCursor)
    );
    let filtered = Listing { filters: "status=draft", ..page(&posts) };
    assert_eq!(table.store.posts().list(ws, filtered).await.map(|page| page.items.len()), Err(StoreError::BadCursor));
    for broken in ["", "%%%", "AAAA", &posts[1..], &format!("{posts}AAAA"), &"A".repeat(200)] {
        let answer = table.store.posts().list(ws, page(broken)).await;
        assert_eq!(answer.map(|page| page.items.len()), Err(StoreError::BadCursor), "{broken}");
    }
}

#[tokio::test]
async fn a_key_is_rotated_from_the_secret_that_was_read() {
    let table = Table::new().await;
    let ws = workspace();
    let first = key(ws);
    table.store.keys().create(&first).await.unwrap();
    table.store.keys().create(&first).await.expect("the same row again is our own");
    let taken = Key { name: "other".to_owned(), ..first.clone() };
    assert_eq!(table.store.keys().create(&taken).await, Err(StoreError::Conflict));

    let rotated = Key { secret_hash: "second".to_owned(), previous_hash: Some("first".to_owned()), ..first.clone() };
    table.store.keys().put(&rotated, "first").await.unwrap();
    let late = Key { secret_hash: "third".to_owned(), ..first.clone() };
    assert_eq!(table.store.keys().put(&late, "first").await, Err(StoreError::Conflict));
    assert_eq!(table.store.keys().get(ws, first.id).await, Ok(Some(rotated.clone())));
    assert_eq!(table.store.keys().get(workspace(), first.id).await, Ok(None));

    table.store.keys().delete(ws, first.id).await.unwrap();
    assert_eq!(table.store.keys().put(&rotated, "second").await, Err(StoreError::Conflict));
    assert_eq!(table.scan().await, []);
}

#[tokio::test]
async fn a_file_goes_on_from_the_status_that_was_read() {
    let table = Table::new().await;
    let ws = workspace();
    let file = samples::media(ws);
    table.store.media().create(&file).await.unwrap();
    let mut ready = file.clone();
    ready.status = MediaStatus::Ready;
    ready.width = Some(800);
    table.store.media().put(&ready, MediaStatus::AwaitingUpload).await.unwrap();
    let mut rejected = file.clone();
    rejected.status = MediaStatus::Rejected;
    let late = table.store.media().put(&rejected, MediaStatus::AwaitingUpload).await;
    assert_eq!(late, Err(StoreError::Conflict));
    assert_eq!(table.store.media().get(ws, file.id).await, Ok(Some(ready.clone())));

    let second = samples::media(ws);
    table.store.media().create(&second).await.unwrap();
    let found = table.store.media().get_many(ws, &[second.id, ids::fresh(now()), file.id, second.id]).await;
    assert_eq!(found, Ok(vec![second.clone(), ready.clone()]));
    let mut both = vec![second, ready];
    both.sort_by_key(|media| std::cmp::Reverse(media.id));
    assert_eq!(table.store.media().list(ws, Listing::default()).await.unwrap().items, both);
    assert_eq!(table.store.media().get_many(workspace(), &[file.id]).await, Ok(Vec::new()));
    table.store.media().remove(ws, file.id).await.unwrap();
    assert_eq!(table.store.media().list(ws, Listing::default()).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn more_rows_than_one_batch_takes_are_all_found() {
    let table = Table::new().await;
    let ws = workspace();
    let files: Vec<_> = (0..130).map(|_| samples::media(ws)).collect();
    for file in &files {
        table.store.media().create(file).await.unwrap();
    }
    let wanted: Vec<_> = files.iter().map(|file| file.id).collect();
    assert_eq!(table.store.media().get_many(ws, &wanted).await, Ok(files));
    assert_eq!(table.count("BatchGetItem"), 2);
}

#[tokio::test]
async fn workspaces_and_jobs_are_found_and_changed() {
    let table = Table::new().await;
    let mut made: Vec<_> = (0..3)
        .map(|index| Workspace {
            id: ids::fresh(seconds(index)),
            name: format!("Brand {index}"),
            timezone: "Europe/Paris".to_owned(),
            created_at: now(),
            erased_at: None,
        })
        .collect();
    for workspace in &made {
        table.store.workspaces().create(workspace).await.unwrap();
    }
    made.reverse();
    assert_eq!(table.store.workspaces().list(Listing::default()).await.unwrap().items, made);
    let id = made[0].id;
    let renamed = table.store.workspaces().update(id, |workspace| workspace.name = "New".to_owned()).await;
    assert_eq!(table.store.workspaces().get(id).await, renamed);
    assert_eq!(renamed.unwrap().unwrap().name, "New");

    let job = Job {
        id: ids::fresh(now()),
        workspace_id: id,
        kind: JobKind::Publish,
        status: JobStatus::Working,
        done: 0,
        failures: Vec::new(),
        created_at: now(),
    };
    table.store.jobs().create(&job).await.unwrap();
    let changed = table.store.jobs().update(Some(id), job.id, |job| job.done = 7).await.unwrap().unwrap();
    assert_eq!(table.store.jobs().get(Some(id), job.id).await, Ok(Some(changed)));
    assert_eq!(table.store.jobs().get(Some(made[1].id), job.id).await, Ok(None));
    assert_eq!(table.store.jobs().get(None, job.id).await, Ok(None));
}
