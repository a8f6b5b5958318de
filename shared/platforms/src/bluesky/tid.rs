//! Record keys. A post's key is made from its delivery alone, so that every attempt asks for the same one and the server
//! refuses the second. <https://atproto.com/specs/tid>, read 2026-11-22.

use crieur_domain::DeliveryId;

const ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";
/// A TID's time has 53 bits.
const TIME_MASK: u64 = (1 << 53) - 1;
/// A TID's clock id has 10 bits.
const CLOCK_MASK: u64 = (1 << 10) - 1;

/// The key of a delivery's record: the delivery's millisecond, its microseconds and the clock id drawn from the
/// delivery's own chance. `salt` gives another one, for the case that a stranger's record has taken the first.
pub(super) fn of(delivery: DeliveryId, salt: u16) -> String {
    let ulid = delivery.ulid();
    let chance = ulid.random();
    let microseconds = ulid.timestamp_ms().wrapping_mul(1000).wrapping_add((chance % 1000) as u64) & TIME_MASK;
    let clock = ((chance / 1000) as u64).wrapping_add(u64::from(salt)) & CLOCK_MASK;
    encode(microseconds << 10 | clock)
}

fn encode(number: u64) -> String {
    (0..13).rev().map(|place| char::from(ALPHABET[(number >> (place * 5) & 31) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_written_as_the_specification_writes_it() {
        assert_eq!(encode(0), "2222222222222");
        assert_eq!(encode(u64::MAX >> 1), "bzzzzzzzzzzzz");
    }

    #[test]
    fn every_salt_gives_another_key() {
        let delivery = DeliveryId::from_parts(1_795_000_000_000, 7);
        let keys: BTreeSet<_> = (0..1024).map(|salt| of(delivery, salt)).collect();
        assert_eq!(keys.len(), 1024);
    }

    proptest! {
        #[test]
        fn a_key_is_a_valid_tid_and_sorts_by_the_deliverys_time(
            a in 0u64..9_000_000_000_000, b in 0u64..9_000_000_000_000, chance in any::<u128>(), salt in any::<u16>()
        ) {
            let key = |time| of(DeliveryId::from_parts(time, chance), salt);
            let pattern = |tid: &str| {
                tid.len() == 13
                    && "234567abcdefghij".contains(&tid[..1])
                    && tid.bytes().all(|byte| ALPHABET.contains(&byte))
            };
            prop_assert!(pattern(&key(a)), "{}", key(a));
            prop_assert_eq!(key(a), key(a));
            prop_assert_eq!(a.cmp(&b), key(a).cmp(&key(b)));
        }
    }
}
