use crieur_aws::{
    Store, ids,
    store::{ConnectState, Session, SessionStatus},
};
use crieur_domain::WorkspaceId;
use serde_json::{Value, json};

use crate::{
    engine::{self, Table},
    proxy::Proxy,
    samples::{PLATFORM, now, sealed, seconds, workspace},
};

async fn begun(store: &Store, ws: WorkspaceId) -> (Session, ConnectState) {
    let state = ConnectState::new(ws, ids::fresh(now()));
    let session = Session {
        id: state.session_id,
        workspace_id: ws,
        platform: PLATFORM,
        status: SessionStatus::Pending,
        nonce_hash: state.nonce_hash(),
        sealed: Some(sealed()),
        detail: Value::Null,
        created_at: now(),
        expires_at: seconds(600),
        taken_by: None,
    };
    store.sessions().put(&session).await.unwrap();
    (session, state)
}

#[tokio::test]
async fn a_login_is_brought_to_its_end_once() {
    let table = Table::new().await;
    let ws = workspace();
    let (session, _) = begun(&table.store, ws).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = table.store.clone();
            tokio::spawn(async move { store.sessions().take(ws, session.id, seconds(1)).await.unwrap() })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.unwrap());
    }
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].status, &taken[0].sealed), (SessionStatus::Exchanging, &session.sealed));

    let finish = |session: &mut Session| {
        session.status = SessionStatus::Complete;
        session.sealed = None;
        session.detail = json!({"account_id": "acc_1"});
    };
    table.store.sessions().update(ws, session.id, finish).await.unwrap();
    assert_eq!(table.store.sessions().take(ws, session.id, seconds(2)).await, Ok(None));
    let stands = table.store.sessions().get(ws, session.id, seconds(2)).await.unwrap().unwrap();
    assert_eq!((stands.status, stands.sealed), (SessionStatus::Complete, None));
}

#[tokio::test]
async fn a_login_taken_while_the_answer_was_lost_is_ours() {
    let table = Table::new().await;
    let ws = workspace();
    let (session, _) = begun(&table.store, ws).await;
    let proxy = Proxy::to(&engine::url());
    let (store, aws) = table.through(&proxy.url);
    proxy.lose_next_answer_to("UpdateItem");
    let taken = store.sessions().take(ws, session.id, now()).await.unwrap();
    assert!(taken.is_some() && proxy.has_lost());
    assert_eq!(engine::count(&aws, "UpdateItem"), 2);
    assert_eq!(table.store.sessions().take(ws, session.id, now()).await, Ok(None));
}

#[tokio::test]
async fn an_expired_login_is_gone_even_if_its_row_is_still_there() {
    let table = Table::new().await;
    let ws = workspace();
    let (session, _) = begun(&table.store, ws).await;
    assert!(table.store.sessions().get(ws, session.id, seconds(599)).await.unwrap().is_some());
    assert_eq!(table.store.sessions().get(ws, session.id, seconds(600)).await, Ok(None));
    assert_eq!(table.store.sessions().take(ws, session.id, seconds(600)).await, Ok(None));
    assert_eq!(table.store.sessions().take(workspace(), session.id, seconds(1)).await, Ok(None));
}

#[tokio::test]
async fn only_the_state_that_was_given_out_opens_a_login() {
    let table = Table::new().await;
    let ws = workspace();
    let (session, state) = begun(&table.store, ws).await;
    let returned: ConnectState = state.expose().parse().unwrap();
    assert!(returned == state && returned.opens(&session));

    let forged = ConnectState::new(ws, session.id);
    assert!(!forged.opens(&session));
    let (other, other_state) = begun(&table.store, ws).await;
    assert!(!other_state.opens(&session) && !returned.opens(&other));
    for text in ["", "a.b.c", &format!("{ws}.{}", session.id), &state.expose().to_lowercase()] {
        assert!(text.parse::<ConnectState>().is_err(), "{text}");
    }
    let secret = state.expose().split('.').next_back().unwrap().to_owned();
    assert!(!format!("{state:?}").contains(&secret));
}
