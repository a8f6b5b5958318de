use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Wraps a key by writing its context before it, and refuses another context as KMS does.
#[derive(Default)]
struct FakeKms {
    generated: AtomicUsize,
    unwrapped: AtomicUsize,
    /// Opens keys for anyone, to see that the cipher alone refuses too.
    careless: bool,
}

impl KeyService for FakeKms {
    async fn generate(&self, context: &Context) -> Result<DataKey, SealError> {
        self.generated.fetch_add(1, Ordering::Relaxed);
        let plain = ids::random::<32>().to_vec();
        let wrapped = [&plain[..], context.aad().as_bytes()].concat();
        Ok(DataKey { plain, wrapped })
    }

    async fn unwrap(&self, wrapped: &[u8], context: &Context) -> Result<Vec<u8>, SealError> {
        self.unwrapped.fetch_add(1, Ordering::Relaxed);
        let (plain, theirs) = wrapped.split_at_checked(32).ok_or(SealError::Refused)?;
        let ours = self.careless || theirs == context.aad().as_bytes();
        if ours { Ok(plain.to_vec()) } else { Err(SealError::Refused) }
    }
}

fn context(workspace: u128, account: u128) -> Context {
    Context::account(WorkspaceId::from_parts(1, workspace), AccountId::from_parts(1, account))
}

#[tokio::test]
async fn what_was_sealed_opens_again_and_its_row_does_not_show_it() {
    let sealer = Sealer::with(FakeKms::default());
    let sealed = sealer.seal_json(&context(1, 1), &["token-canary"]).await.expect("seals");
    let row = serde_json::to_string(&sealed).expect("serialises");
    assert!(!row.contains("canary") && !format!("{sealed:?}").contains("canary"));
    let stored: Sealed = serde_json::from_str(&row).expect("reads back");
    assert_eq!(stored, sealed);
    let opened: Vec<String> = Sealer::with(FakeKms::default()).open_json(&context(1, 1), &stored).await.expect("opens");
    assert_eq!(opened, ["token-canary"]);
}

#[tokio::test]
async fn a_ciphertext_moved_to_another_workspace_or_account_does_not_open() {
    let sealer = Sealer::with(FakeKms::default());
    let sealed = sealer.seal(&context(1, 1), b"token").await.expect("seals");
    let app = Context::app(Some(WorkspaceId::from_parts(1, 1)), &PlatformId::known("x"));
    for other in [context(2, 1), context(1, 2), app] {
        assert_eq!(sealer.open(&other, &sealed).await, Err(SealError::Refused));
    }
    let careless = Sealer::with(FakeKms { careless: true, ..FakeKms::default() });
    assert_eq!(careless.open(&context(2, 1), &sealed).await, Err(SealError::Refused));
    assert_eq!(careless.open(&context(1, 1), &sealed).await.expect("its own"), b"token");
}

#[tokio::test]
async fn every_altered_byte_is_noticed() {
    let sealer = Sealer::with(FakeKms::default());
    let sealed = sealer.seal(&context(1, 1), b"token").await.expect("seals");
    for index in 0..sealed.ciphertext.len() {
        let mut altered = sealed.clone();
        altered.ciphertext[index] ^= 1;
        assert_eq!(sealer.open(&context(1, 1), &altered).await, Err(SealError::Refused));
    }
    for altered in [Sealed { nonce: vec![0; 12], ..sealed.clone() }, Sealed { nonce: vec![], ..sealed.clone() }] {
        assert_eq!(sealer.open(&context(1, 1), &altered).await, Err(SealError::Refused));
    }
    let newer = Sealed { v: 2, ..sealed };
    assert_eq!(sealer.open(&context(1, 1), &newer).await, Err(SealError::Refused));
}

#[tokio::test]
async fn a_data_key_is_asked_for_once_and_no_nonce_is_used_twice() {
    let sealer = Sealer::with(FakeKms::default());
    let first = sealer.seal(&context(1, 1), b"token").await.expect("seals");
    let second = sealer.seal(&context(1, 1), b"token").await.expect("seals");
    assert_eq!(first.wrapped_key, second.wrapped_key);
    assert_ne!(first.nonce, second.nonce);
    sealer.open(&context(1, 1), &first).await.expect("opens");
    assert_eq!(sealer.service.generated.load(Ordering::Relaxed), 1);
    assert_eq!(sealer.service.unwrapped.load(Ordering::Relaxed), 0);

    let cold = Sealer::with(FakeKms::default());
    cold.open(&context(1, 1), &first).await.expect("opens");
    cold.open(&context(1, 1), &second).await.expect("opens");
    let third = cold.seal(&context(1, 1), b"renewed").await.expect("seals");
    assert_eq!(third.wrapped_key, first.wrapped_key);
    assert_eq!(cold.service.unwrapped.load(Ordering::Relaxed), 1);
    assert_eq!(cold.service.generated.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn the_kept_keys_are_bounded() {
    let sealer = Sealer::with(FakeKms::default());
    for account in 0..(MAX_KEYS as u128 + 10) {
        sealer.seal(&context(1, account), b"token").await.expect("seals");
    }
    assert_eq!(sealer.kept.lock().expect("not poisoned").len(), MAX_KEYS);
}

#[test]
fn kms_is_always_told_the_workspace() {
    let context = Context::app(None, &PlatformId::known("mastodon")).encryption_context();
    assert_eq!(context["crieur:workspace"], "deployment");
    assert_eq!(context["crieur:account"], "app#mastodon");
}
