use crieur_aws::{
    Sealed, StoreError, ids,
    store::{App, Listing},
};
use crieur_domain::{Account, AccountStatus, AttemptId, WorkspaceId};

use crate::{
    engine::{self, Table},
    proxy::Proxy,
    samples::{PLATFORM, account, now, sealed, seconds, workspace},
};

async fn connect(table: &Table, account: &Account, tokens: &Sealed) -> Account {
    let seal = |_| async { Ok::<_, StoreError>(tokens.clone()) };
    table.store.accounts().connect(account, seal).await.unwrap()
}

async fn connected(table: &Table) -> (WorkspaceId, Account) {
    let ws = workspace();
    (ws, connect(table, &account(ws, "did:plc:1"), &sealed()).await)
}

#[tokio::test]
async fn an_account_connected_again_is_brought_up_to_date_and_stays_itself() {
    let table = Table::new().await;
    let (ws, first) = connected(&table).await;
    table.store.accounts().update(ws, first.id, |account| account.labels = vec!["shop".to_owned()]).await.unwrap();

    let mut again = account(ws, "did:plc:1");
    again.handle = "new.example".to_owned();
    again.created_at = seconds(100);
    let tokens = sealed();
    let sealed_for = std::sync::Mutex::new(Vec::new());
    let seal = |id| {
        sealed_for.lock().unwrap().push(id);
        async { Ok::<_, StoreError>(tokens.clone()) }
    };
    let stands = table.store.accounts().connect(&again, seal).await.unwrap();
    let wanted = Account { handle: "new.example".to_owned(), labels: vec!["shop".to_owned()], ..first.clone() };
    assert_eq!(stands, wanted);
    assert_eq!(*sealed_for.lock().unwrap(), [first.id], "the tokens are sealed for the account that stays");
    assert_eq!(table.store.accounts().list(ws, Listing::default()).await.unwrap().items, [wanted]);
    let held = table.store.accounts().credentials(ws, first.id).await.unwrap().unwrap();
    assert_eq!((held.sealed, held.version), (tokens, 2));
    assert_eq!(table.store.accounts().credentials(ws, again.id).await, Ok(None));
}

#[tokio::test]
async fn the_same_account_in_another_workspace_is_another_account() {
    let table = Table::new().await;
    let (_, first) = connected(&table).await;
    let (ws, second) = connected(&table).await;
    assert_ne!(first.id, second.id);
    assert_eq!(table.store.accounts().get(ws, first.id).await, Ok(None));
}

#[tokio::test]
async fn many_who_connect_one_account_at_once_make_one_account() {
    let table = Table::new().await;
    let ws = workspace();
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let store = table.store.clone();
            tokio::spawn(async move {
                let seal = |_| async { Ok::<_, StoreError>(sealed()) };
                // Whoever meets a crowd is told so and may try again.
                loop {
                    match store.accounts().connect(&account(ws, "did:plc:1"), seal).await {
                        Err(StoreError::Conflict | StoreError::Throttled) => {}
                        other => break other.unwrap().id,
                    }
                }
            })
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for task in tasks {
        ids.insert(task.await.unwrap());
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(table.scan().await.len(), 3, "the account, its tokens and its guard");
    let id = ids.pop_first().unwrap();
    assert_eq!(table.store.accounts().credentials(ws, id).await.unwrap().unwrap().version, 6);
}

#[tokio::test]
async fn a_disconnected_account_keeps_its_row_and_loses_its_tokens() {
    let table = Table::new().await;
    let (ws, first) = connected(&table).await;
    let gone = table.store.accounts().remove(ws, first.id).await.unwrap().unwrap();
    assert_eq!(gone.status, AccountStatus::Disconnected);
    assert_eq!(table.store.accounts().remove(ws, first.id).await, Ok(Some(gone.clone())));
    assert_eq!(table.store.accounts().get(ws, first.id).await, Ok(Some(gone)));
    assert_eq!(table.store.accounts().credentials(ws, first.id).await, Ok(None));
    assert_eq!(table.store.accounts().find(ws, &PLATFORM, "did:plc:1").await, Ok(None));
    assert_eq!(table.store.accounts().save_credentials(ws, first.id, &sealed(), 1).await, Err(StoreError::Conflict));
    assert_eq!(table.store.accounts().remove(ws, ids::fresh(now())).await, Ok(None));

    let back = connect(&table, &account(ws, "did:plc:1"), &sealed()).await;
    assert_ne!(back.id, first.id);
    let both = table.store.accounts().get_many(ws, &[back.id, first.id, back.id]).await.unwrap();
    assert_eq!(both.iter().map(|account| account.id).collect::<Vec<_>>(), [back.id, first.id]);
}

#[tokio::test]
async fn of_two_who_renew_the_same_tokens_one_is_told_to_read_again() {
    let table = Table::new().await;
    let (ws, first) = connected(&table).await;
    let (ours, theirs) = (sealed(), sealed());
    assert_eq!(table.store.accounts().save_credentials(ws, first.id, &ours, 1).await, Ok(2));
    assert_eq!(table.store.accounts().save_credentials(ws, first.id, &theirs, 1).await, Err(StoreError::Conflict));
    let held = table.store.accounts().credentials(ws, first.id).await.unwrap().unwrap();
    assert_eq!((held.sealed, held.version), (ours, 2));
}

#[tokio::test]
async fn renewed_tokens_whose_answer_was_lost_are_saved() {
    let table = Table::new().await;
    let (ws, first) = connected(&table).await;
    let proxy = Proxy::to(&engine::url());
    let (store, aws) = table.through(&proxy.url);
    proxy.lose_next_answer_to("UpdateItem");
    assert_eq!(store.accounts().save_credentials(ws, first.id, &sealed(), 1).await, Ok(2));
    assert!(proxy.has_lost());
    assert_eq!(engine::count(&aws, "UpdateItem"), 2);
}

#[tokio::test]
async fn one_worker_at_a_time_may_use_the_refresh_token() {
    let table = Table::new().await;
    let (ws, first) = connected(&table).await;
    let accounts = table.store.accounts();
    let attempts: [AttemptId; 2] = std::array::from_fn(|_| ids::fresh(now()));
    let lease = async |attempt: usize, at: i64| {
        accounts.lease_refresh(ws, first.id, attempts[attempt], seconds(at), seconds(at + 30)).await.unwrap()
    };
    assert!(lease(0, 0).await);
    assert!(!lease(1, 1).await);
    assert!(lease(0, 2).await, "the holder may ask again");
    assert!(lease(1, 32).await, "a lease that ran out is free");
    assert!(!lease(0, 33).await);

    accounts.release_refresh(ws, first.id, attempts[0]).await.unwrap();
    assert!(!lease(0, 34).await, "nobody gives back what another holds");
    accounts.release_refresh(ws, first.id, attempts[1]).await.unwrap();
    assert!(lease(0, 35).await);
    accounts.save_credentials(ws, first.id, &sealed(), 1).await.unwrap();
    assert!(lease(1, 36).await, "saving the new tokens ends the lease");

    let nobody = ids::fresh(now());
    assert_eq!(accounts.lease_refresh(ws, nobody, attempts[0], now(), seconds(30)).await, Ok(false));
    assert_eq!(table.scan().await.len(), 3, "a lease makes no row");
}

#[tokio::test]
async fn a_lease_whose_answer_was_lost_is_held() {
    let table = Table::new().await;
    let (ws, first) = connected(&table).await;
    let proxy = Proxy::to(&engine::url());
    let (store, _) = table.through(&proxy.url);
    proxy.lose_next_answer_to("UpdateItem");
    let leased = store.accounts().lease_refresh(ws, first.id, ids::fresh(now()), now(), seconds(30)).await;
    assert_eq!(leased, Ok(true));
    assert!(proxy.has_lost());
}

#[tokio::test]
async fn an_account_that_was_just_connected_again_is_not_reported_lost() {
    let table = Table::new().await;
    let (ws, first) = connected(&table).await;
    connect(&table, &account(ws, "did:plc:1"), &sealed()).await;
    assert_eq!(table.store.accounts().lose_permission(ws, first.id, 1, "revoked").await, Ok(false));
    let status = async || table.store.accounts().get(ws, first.id).await.unwrap().unwrap();
    assert_eq!(status().await.status, AccountStatus::Active);
    assert_eq!(table.store.accounts().lose_permission(ws, first.id, 2, "revoked").await, Ok(true));
    let lost = status().await;
    assert_eq!((lost.status, lost.reason.as_deref()), (AccountStatus::ReconnectRequired, Some("revoked")));
    connect(&table, &account(ws, "did:plc:1"), &sealed()).await;
    assert_eq!(status().await.reason, None);
}

#[tokio::test]
async fn changes_from_two_sides_are_both_kept() {
    let table = Table::new().await;
    let (ws, first) = connected(&table).await;
    let tasks: Vec<_> = (0..4)
        .map(|index| {
            let store = table.store.clone();
            let id = first.id;
            tokio::spawn(async move {
                store.accounts().update(ws, id, |account| account.labels.push(index.to_string())).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().is_some());
    }
    let mut labels = table.store.accounts().get(ws, first.id).await.unwrap().unwrap().labels;
    labels.sort();
    assert_eq!(labels, ["0", "1", "2", "3"]);
    assert_eq!(table.store.accounts().update(ws, ids::fresh(now()), |_| {}).await, Ok(None));
}

#[tokio::test]
async fn a_workspace_uses_its_own_app_else_the_deployments() {
    let table = Table::new().await;
    let ws = workspace();
    let apps = table.store.apps();
    let app = || App { platform: PLATFORM, sealed: sealed(), updated_at: now() };
    let (shared, own) = (app(), app());
    assert_eq!(apps.find(ws, &PLATFORM).await, Ok(None));
    apps.put(None, &shared).await.unwrap();
    assert_eq!(apps.find(ws, &PLATFORM).await, Ok(Some((None, shared.clone()))));
    apps.put(Some(ws), &own).await.unwrap();
    assert_eq!(apps.find(ws, &PLATFORM).await, Ok(Some((Some(ws), own.clone()))));
    assert_eq!(apps.find(workspace(), &PLATFORM).await, Ok(Some((None, shared.clone()))));
    assert_eq!(apps.list(None).await, Ok(vec![shared.clone()]));
    assert_eq!(apps.list(Some(ws)).await, Ok(vec![own.clone()]));
    assert_eq!(apps.get(Some(ws), &PLATFORM).await, Ok(Some(own)));
    apps.delete(Some(ws), &PLATFORM).await.unwrap();
    assert_eq!(apps.find(ws, &PLATFORM).await, Ok(Some((None, shared))));
}
