//! The one file that formats keys. Each function's comment is its access pattern.
//!
//! A workspace stands in every partition key but [`DEPLOYMENT`]'s, so that a read without the workspace cannot be
//! written. A post lies in one partition with its deliveries and apart from everything else: one read fetches it, and
//! no partition grows with the number of posts.

use crieur_domain::{AccountId, ConnectSessionId, DeliveryId, JobId, KeyId, MediaId, PlatformId, PostId, WorkspaceId};
use jiff::{Timestamp, tz::Offset};

use crate::digest::sha256_hex;

/// The partition of what belongs to the whole deployment.
pub const DEPLOYMENT: &str = "deployment";
/// The parts of the due index. With 16, 100,000 deliveries due at once are some 6,000 to a part.
pub const SHARDS: u8 = 16;

/// Hash key of the table.
pub const PK: &str = "pk";
/// Range key of the table.
pub const SK: &str = "sk";
/// Hash key of the index [`DUE`].
pub const DUE_SHARD: &str = "due_shard";
/// Range key of the index [`DUE`]: see [`due_at`].
pub const DUE_AT: &str = "due_at";
/// Hash key of the index [`LISTING`].
pub const LIST_PK: &str = "list_pk";
/// Range key of the index [`LISTING`].
pub const LIST_SK: &str = "list_sk";
/// When DynamoDB removes the row, in seconds since 1970.
pub const EXPIRES: &str = "expires";
/// What has to happen by now? Asked by every tick, shard by shard.
pub const DUE: &str = "due";
/// Which things of one kind does a workspace have, newest first?
pub const LISTING: &str = "listing";

/// An index of the table. It projects the keys alone: what is found by it is read from the table, which is the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexShape {
    /// Its name.
    pub name: &'static str,
    /// Its hash key, a string.
    pub hash: &'static str,
    /// Its range key, a string.
    pub range: &'static str,
}

/// The table as template.yaml must describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableShape {
    /// The hash key, a string.
    pub hash: &'static str,
    /// The range key, a string.
    pub range: &'static str,
    /// The global secondary indexes.
    pub indexes: &'static [IndexShape],
    /// The attribute of time to live.
    pub time_to_live: &'static str,
}

/// The table.
pub const TABLE: TableShape = TableShape {
    hash: PK,
    range: SK,
    indexes: &[
        IndexShape { name: DUE, hash: DUE_SHARD, range: DUE_AT },
        IndexShape { name: LISTING, hash: LIST_PK, range: LIST_SK },
    ],
    time_to_live: EXPIRES,
};

/// Where a row lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey {
    /// Partition.
    pub pk: String,
    /// Place within the partition.
    pub sk: String,
}

impl RowKey {
    fn new(pk: impl ToString, sk: impl ToString) -> Self {
        Self { pk: pk.to_string(), sk: sk.to_string() }
    }
}

/// A workspace, or the whole deployment where there is none.
fn partition(workspace: Option<WorkspaceId>) -> String {
    workspace.map_or_else(|| DEPLOYMENT.to_owned(), |id| id.to_string())
}

/// A workspace by its id. All of them: partition [`DEPLOYMENT`], prefix `ws_`.
#[must_use]
pub fn workspace(id: WorkspaceId) -> RowKey {
    RowKey::new(DEPLOYMENT, id)
}

/// A workspace that waits for its erasure. All of them, which is what every tick asks: prefix `erase#`.
#[must_use]
pub fn erasure(workspace: WorkspaceId) -> RowKey {
    RowKey::new(DEPLOYMENT, format!("erase#{workspace}"))
}

/// How far the ticks have come: read and written once a minute.
#[must_use]
pub fn tick() -> RowKey {
    RowKey::new(DEPLOYMENT, "tick")
}

/// A key by its id. All of a workspace: prefix `key_`.
#[must_use]
pub fn key(workspace: WorkspaceId, id: KeyId) -> RowKey {
    RowKey::new(workspace, id)
}

/// A connected account by its id. All of a workspace: prefix `acc_`.
#[must_use]
pub fn account(workspace: WorkspaceId, id: AccountId) -> RowKey {
    RowKey::new(workspace, id)
}

/// The sealed tokens of an account, apart from it so that a list of accounts never touches them.
#[must_use]
pub fn credentials(workspace: WorkspaceId, account: AccountId) -> RowKey {
    RowKey::new(workspace, format!("cred#{account}"))
}

/// Which account of this workspace is that account of the network? One row for each, so none is connected twice.
#[must_use]
pub fn network_account(workspace: WorkspaceId, platform: &PlatformId, network_id: &str) -> RowKey {
    RowKey::new(workspace, format!("net#{platform}#{network_id}"))
}

/// The sealed credentials of the team's own app at a network: of one workspace, or of the deployment. All: prefix `app#`.
#[must_use]
pub fn app(workspace: Option<WorkspaceId>, platform: &PlatformId) -> RowKey {
    RowKey::new(partition(workspace), format!("app#{platform}"))
}

/// A delivery that went out on an account. Expires after a day. All of an account, to be counted: prefix [`sent_by`].
#[must_use]
pub fn sent(workspace: WorkspaceId, account: AccountId, delivery: DeliveryId) -> RowKey {
    RowKey::new(workspace, format!("{}{delivery}", sent_by(account)))
}

/// What the rows of all deliveries that went out on an account begin with.
#[must_use]
pub fn sent_by(account: AccountId) -> String {
    format!("sent#{account}#")
}

/// A delivery that waits until its account is connected again. All of an account: prefix [`waiting_for`].
#[must_use]
pub fn waiting(workspace: WorkspaceId, account: AccountId, delivery: DeliveryId) -> RowKey {
    RowKey::new(workspace, format!("{}{delivery}", waiting_for(account)))
}

/// What the rows of all deliveries that wait for an account begin with.
#[must_use]
pub fn waiting_for(account: AccountId) -> String {
    format!("wait#{account}#")
}

/// A running login by its id. Expires.
#[must_use]
pub fn connect_session(workspace: WorkspaceId, id: ConnectSessionId) -> RowKey {
    RowKey::new(workspace, id)
}

/// A job by its id. One that erases a workspace belongs to the deployment, since it outlives the workspace.
#[must_use]
pub fn job(workspace: Option<WorkspaceId>, id: JobId) -> RowKey {
    RowKey::new(partition(workspace), id)
}

/// What was answered to a creation, by the caller's key and the call (`POST /v1/posts`). Expires.
#[must_use]
pub fn idempotency(workspace: Option<WorkspaceId>, key: &str, call: &str) -> RowKey {
    // The length keeps two pairs apart that would read the same when put together.
    let hash = sha256_hex(format!("{}:{key}{call}", key.len()).as_bytes());
    RowKey::new(partition(workspace), format!("idem#{hash}"))
}

/// A post by its id. With all its deliveries: its whole partition. All of a workspace, newest first: index
/// [`LISTING`], see [`posts`].
#[must_use]
pub fn post(workspace: WorkspaceId, id: PostId) -> RowKey {
    RowKey::new(format!("{workspace}#{id}"), "post")
}

/// A delivery of a post. All that are due: index [`DUE`], see [`due_shard`] and [`due_at`].
#[must_use]
pub fn delivery(workspace: WorkspaceId, post: PostId, id: DeliveryId) -> RowKey {
    RowKey::new(format!("{workspace}#{post}"), id)
}

/// A file by its id. All of a workspace, newest first: index [`LISTING`], see [`media_list`].
#[must_use]
pub fn media(workspace: WorkspaceId, id: MediaId) -> RowKey {
    RowKey::new(format!("{workspace}#{id}"), "media")
}

/// The beginning of the range keys of [`media_use`].
pub const MEDIA_USE: &str = "use#";

/// A post that was made with a file. All posts of a file: its partition, prefix [`MEDIA_USE`].
#[must_use]
pub fn media_use(workspace: WorkspaceId, media: MediaId, post: PostId) -> RowKey {
    RowKey::new(format!("{workspace}#{media}"), format!("{MEDIA_USE}{post}"))
}

/// The notice that a file is being deleted. Expires.
#[must_use]
pub fn media_removal(workspace: WorkspaceId, media: MediaId) -> RowKey {
    RowKey::new(format!("{workspace}#{media}"), "removal")
}

/// The posts of a workspace in the index [`LISTING`]; the range key is the post's id.
#[must_use]
pub fn posts(workspace: WorkspaceId) -> String {
    format!("{workspace}#posts")
}

/// The files of a workspace in the index [`LISTING`]; the range key is the file's id.
#[must_use]
pub fn media_list(workspace: WorkspaceId) -> String {
    format!("{workspace}#media")
}

/// Part `shard` of the index [`DUE`], from 0 to [`SHARDS`] − 1.
#[must_use]
pub fn shard(shard: u8) -> String {
    format!("due#{shard}")
}

/// The part of the index [`DUE`] that a delivery lies in. Every bit of the id takes part, since the deliveries of
/// different posts differ in their upper bits and those of one post in the lowest.
#[must_use]
pub fn due_shard(id: DeliveryId) -> String {
    let bits = id.ulid().0;
    // The finaliser of SplitMix64.
    let mut mixed = (bits >> 64) as u64 ^ (bits as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    shard((mixed % u64::from(SHARDS)) as u8)
}

/// A time as the range key of [`DUE`]: RFC 3339 in UTC, always with three decimals, so that the order of the texts is
/// that of the times. (A timestamp prints as many decimals as it needs, and `…:00.5Z` would come before `…:00Z`.)
/// What is finer than a millisecond is cut off, so that nothing is found too late.
#[must_use]
pub fn due_at(time: Timestamp) -> String {
    let time = Offset::UTC.to_datetime(time);
    let millisecond = time.subsec_nanosecond() / 1_000_000;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{millisecond:03}Z",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// Reads the workspace and the id of the partition of a post or a file.
#[must_use]
pub fn read_partition<T: std::str::FromStr>(pk: &str) -> Option<(WorkspaceId, T)> {
    let (workspace, id) = pk.split_once('#')?;
    Some((workspace.parse().ok()?, id.parse().ok()?))
}

/// Reads a delivery's ids out of its key.
#[must_use]
pub fn read_delivery(key: &RowKey) -> Option<(WorkspaceId, PostId, DeliveryId)> {
    let (workspace, post) = read_partition(&key.pk)?;
    Some((workspace, post, key.sk.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_round_trip(ms in 0u64..1 << 48, a in any::<u128>(), b in any::<u128>(), c in any::<u128>()) {
            let ws = WorkspaceId::from_parts(ms, a);
            let (of, dlv) = (PostId::from_parts(ms, b), DeliveryId::from_parts(ms, c));
            prop_assert_eq!(read_delivery(&delivery(ws, of, dlv)), Some((ws, of, dlv)));
            prop_assert_eq!(read_partition(&post(ws, of).pk), Some((ws, of)));
            prop_assert_eq!(&post(ws, of).pk, &delivery(ws, of, dlv).pk);
            prop_assert_eq!(read_delivery(&post(ws, of)), None);
            let file = MediaId::from_parts(ms, b);
            prop_assert_eq!(read_partition(&media(ws, file).pk), Some((ws, file)));
            prop_assert_eq!(read_partition::<PostId>(&media(ws, file).pk), None);
        }

        #[test]
        fn the_order_of_due_texts_is_that_of_the_times(a in 0i64..4_102_444_800_000, b in 0i64..4_102_444_800_000) {
            let text = |ms| due_at(Timestamp::from_millisecond(ms).expect("in range"));
            prop_assert_eq!(a.cmp(&b), text(a).cmp(&text(b)));
            prop_assert_eq!(text(a).len(), 24);
            prop_assert_eq!(text(a).parse::<Timestamp>().map(|time| time.as_millisecond()).ok(), Some(a));
        }

        #[test]
        fn two_calls_with_one_key_are_two_rows(key in "[a-z0-9]{1,8}", call in "[a-z0-9]{1,8}") {
            let (left, right) = (idempotency(None, &key, &call), idempotency(None, &call, &key));
            prop_assert_eq!(left == right, key == call);
            prop_assert_ne!(idempotency(None, &format!("{key}x"), &call), idempotency(None, &key, &format!("x{call}")));
        }
    }

    #[test]
    fn a_due_text_has_three_decimals_whatever_the_time() {
        let text = |time: &str| due_at(time.parse().expect("a time"));
        assert_eq!(text("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05.000Z");
        assert_eq!(text("2026-01-02T03:04:05.9999+01:00"), "2026-01-02T02:04:05.999Z");
    }

    #[test]
    fn the_first_deliveries_of_posts_spread_over_all_shards() {
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..1600 {
            let post: PostId = crate::ids::fresh(Timestamp::UNIX_EPOCH);
            let id = crate::ids::delivery(post, 1).expect("within the room");
            *counts.entry(due_shard(id)).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), usize::from(SHARDS));
        assert!(counts.values().all(|count| (40..200).contains(count)), "{counts:?}");
    }

    /// Computed once and kept: rows that an older version wrote must be found by a newer one.
    #[test]
    fn the_shard_of_an_id_never_changes() {
        assert_eq!(due_shard(DeliveryId::from_parts(1_767_225_600_000, 42)), "due#7");
        assert_eq!(due_shard(DeliveryId::from_parts(1_767_225_600_000, 43)), "due#14");
    }
}
