//! New ids and secrets, from the clock that is passed in and the operating system's chance.
//!
//! Every ULID made here ends in [`ROOM_BITS`] zero bits: the room in which a post numbers its deliveries. A delivery's
//! id alone so tells its post, and neither a second index nor a second row is needed to find it. 70 bits of chance
//! within each millisecond remain.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crieur_domain::{AccountId, AttemptId, ConnectSessionId, DeliveryId, JobId, KeyId, MediaId, PostId, WorkspaceId};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use ulid::Ulid;

/// The bits at the end of a ULID in which things that belong to it are numbered.
pub const ROOM_BITS: u32 = 10;
/// The most deliveries that one post may ever number, removed ones included.
pub const MAX_NUMBER: u16 = (1 << ROOM_BITS) - 1;

/// An id that can be made.
pub trait Id {
    /// The id that carries this ULID.
    fn with(ulid: Ulid) -> Self;
}

macro_rules! ids {
    ($($id:ident)*) => {$(
        impl Id for $id {
            fn with(ulid: Ulid) -> Self {
                Self::from_ulid(ulid)
            }
        }
    )*};
}

ids!(WorkspaceId KeyId AccountId ConnectSessionId MediaId PostId DeliveryId AttemptId JobId);

/// A new id: `ids::fresh::<PostId>(now)`.
#[must_use]
pub fn fresh<T: Id>(now: Timestamp) -> T {
    T::with(ulid(now))
}

/// A new ULID with room at its end.
#[must_use]
pub fn ulid(now: Timestamp) -> Ulid {
    let chance = u128::from_be_bytes(random());
    // Before 1970 there is no ULID; nothing of ours was made then.
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Ulid::from_parts(milliseconds, chance >> ROOM_BITS << ROOM_BITS)
}

/// The id of a post's delivery number `number`, from 1 to [`MAX_NUMBER`]; `None` beyond. Deterministic, so that a
/// creation that is repeated makes the same deliveries.
#[must_use]
pub fn delivery(post: PostId, number: u16) -> Option<DeliveryId> {
    let room = (1..=MAX_NUMBER).contains(&number);
    room.then(|| DeliveryId::from_ulid(Ulid(clear(post.ulid()) | u128::from(number))))
}

/// The post of a delivery that was numbered by [`delivery`].
#[must_use]
pub fn post_of(delivery: DeliveryId) -> PostId {
    PostId::from_ulid(Ulid(clear(delivery.ulid())))
}

/// The number that [`delivery`] gave.
#[must_use]
pub fn number_of(delivery: DeliveryId) -> u16 {
    (delivery.ulid().0 & u128::from(MAX_NUMBER)) as u16
}

const fn clear(ulid: Ulid) -> u128 {
    ulid.0 >> ROOM_BITS << ROOM_BITS
}

/// A secret of `bytes` random bytes, in base64url without padding.
#[must_use]
pub fn secret_token(bytes: usize) -> String {
    let mut secret = vec![0; bytes];
    fill(&mut secret);
    URL_SAFE_NO_PAD.encode(secret)
}

/// A number drawn evenly from 0.0..1.0, for jitter.
#[must_use]
pub fn chance() -> f64 {
    // 53 bits: all that a double holds.
    (u64::from_be_bytes(random()) >> 11) as f64 / (1u64 << 53) as f64
}

/// `N` random bytes.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

fn fill(bytes: &mut [u8]) {
    SystemRandom::new().fill(bytes).expect("the operating system has random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn ids_are_not_repeated_and_carry_their_time() {
        let first: PostId = fresh(NOW);
        assert_ne!(first, fresh(NOW));
        assert_eq!(first.ulid().timestamp_ms(), 0);
        assert_eq!(secret_token(32).len(), 43);
        assert!((0.0..1.0).contains(&chance()));
    }

    #[test]
    fn no_delivery_takes_the_number_of_its_post_or_of_the_next_post() {
        let post = fresh(NOW);
        assert_eq!(delivery(post, 0), None);
        assert_eq!(delivery(post, MAX_NUMBER + 1), None);
    }

    proptest! {
        #[test]
        fn a_delivery_tells_its_post(number in 1..=MAX_NUMBER) {
            let post: PostId = fresh(NOW);
            let id = delivery(post, number).expect("within the room");
            prop_assert_eq!(post_of(id), post);
            prop_assert_eq!(number_of(id), number);
        }
    }
}
