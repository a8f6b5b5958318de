use crieur_aws::{
    StoreError, ids,
    store::{App, ConnectState, Created, GRACE, Session, SessionStatus},
};
use crieur_domain::{JobId, WorkspaceId, job::JobStatus, key::Key, workspace::Workspace};
use serde_json::Value;

use crate::{
    engine::Table,
    samples::{self, PLATFORM, now, sealed, seconds},
};

/// A workspace with something of every kind in it.
async fn full(table: &Table) -> WorkspaceId {
    let ws: WorkspaceId = ids::fresh(now());
    let workspace =
        Workspace { id: ws, name: "Brand".to_owned(), timezone: "UTC".to_owned(), created_at: now(), erased_at: None };
    let store = &table.store;
    store.workspaces().create(&workspace).await.unwrap();
    let key = Key {
        id: ids::fresh(now()),
        workspace_id: ws,
        name: "CMS".to_owned(),
        scopes: Vec::new(),
        account_ids: Vec::new(),
        secret_hash: "hash".to_owned(),
        previous_hash: None,
        previous_until: None,
        expires_at: None,
        created_at: now(),
    };
    store.keys().create(&key).await.unwrap();
    let seal = |_| async { Ok::<_, StoreError>(sealed()) };
    store.accounts().connect(&samples::account(ws, "did:plc:1"), seal).await.unwrap();
    store.apps().put(Some(ws), &App { platform: PLATFORM, sealed: sealed(), updated_at: now() }).await.unwrap();
    let state = ConnectState::new(ws, ids::fresh(now()));
    let session = Session {
        id: state.session_id,
        workspace_id: ws,
        platform: PLATFORM,
        status: SessionStatus::Pending,
        nonce_hash: state.nonce_hash(),
        sealed: None,
        detail: Value::Null,
        created_at: now(),
        expires_at: seconds(600),
        taken_by: None,
    };
    store.sessions().put(&session).await.unwrap();
    store.idempotency().begin(Some(ws), "k", "POST /v1/posts", "h", now()).await.unwrap();
    for _ in 0..8 {
        store.media().create(&samples::media(ws)).await.unwrap();
        let (post, deliveries) = samples::post_at(ws, 2, 2, now());
        assert_eq!(store.posts().create(&post, &deliveries).await, Ok(Created::New));
    }
    ws
}

#[tokio::test]
async fn erasing_a_workspace_leaves_nothing_of_it_and_all_of_the_others() {
    let table = Table::new().await;
    let kept = full(&table).await;
    let untouched = table.scan().await;
    let ws = full(&table).await;
    let erasure = table.store.erasure();

    let job: JobId = ids::fresh(now());
    let marked = table.store.workspaces().mark_erased(ws, job, now()).await.unwrap().unwrap();
    assert_eq!((marked.id, marked.status), (job, JobStatus::Working));
    let again = table.store.workspaces().mark_erased(ws, ids::fresh(now()), seconds(1)).await.unwrap().unwrap();
    assert_eq!(again.id, job, "asked for twice, it is one job");
    assert!(table.store.workspaces().get(ws).await.unwrap().unwrap().erased_at.is_some());
    assert_eq!(table.store.workspaces().mark_erased(ids::fresh(now()), job, now()).await, Ok(None));

    let grace = i64::try_from(GRACE.as_secs()).unwrap();
    assert_eq!(erasure.pending(seconds(grace - 1)).await, Ok(Vec::new()), "someone may still be writing");
    let pending = erasure.pending(seconds(grace)).await.unwrap();
    assert_eq!(pending.iter().map(|pending| (pending.workspace_id, pending.job.id)).collect::<Vec<_>>(), [(ws, job)]);

    let (mut rounds, mut deleted) = (0, 0);
    loop {
        let round = erasure.erase_some(ws, 10).await.unwrap();
        deleted += round.deleted;
        rounds += 1;
        assert!(rounds < 50, "it comes to an end");
        if round.done {
            break;
        }
    }
    // Key, account with tokens and guard, app, session, idempotency; eight files; eight posts of four deliveries.
    assert_eq!(deleted, 7 + 8 + 8 * 5);
    assert!(rounds > 3, "it was done in pieces: {rounds}");
    erasure.finish(&pending[0]).await.unwrap();
    erasure.finish(&pending[0]).await.expect("a round that is repeated is no harm");

    let mut left = table.scan().await;
    left.retain(|row| !untouched.contains(row));
    assert_eq!(left, [("deployment".to_owned(), job.to_string())], "the job alone tells of it");
    assert_eq!(table.scan().await.len(), untouched.len() + 1);
    let done = table.store.jobs().get(None, job).await.unwrap().unwrap();
    assert_eq!(done.status, JobStatus::Complete);
    assert_eq!(erasure.pending(seconds(grace)).await, Ok(Vec::new()));
    assert_eq!(table.store.workspaces().get(ws).await, Ok(None));
    assert!(table.store.workspaces().get(kept).await.unwrap().is_some());
}
