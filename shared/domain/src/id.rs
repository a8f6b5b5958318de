//! Typed ids: a prefix that says what it names, and a ULID that sorts by the time it was made.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of this kind: expected `{prefix}_` and 26 characters of Crockford base 32")]
pub struct NotAnId {
    prefix: &'static str,
    text: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id from the time in milliseconds since 1970 and 80 bits of chance (the upper 48 are ignored).
            #[must_use]
            pub const fn from_parts(milliseconds: u64, chance: u128) -> Self {
                Self(Ulid::from_parts(milliseconds, chance))
            }

            /// The id of another kind that shares this one's ULID, for things that come in pairs (a post and its job).
            #[must_use]
            pub const fn from_ulid(ulid: Ulid) -> Self {
                Self(ulid)
            }

            /// The ULID without its prefix.
            #[must_use]
            pub const fn ulid(self) -> Ulid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|rest| Ulid::from_string(rest).ok())
                    // A ULID is read leniently (case, `O` for `0`); an id has one spelling only.
                    .map(Self)
                    .filter(|id| id.to_string() == text)
                    .ok_or_else(|| NotAnId { prefix: $prefix, text: text.chars().take(64).collect() })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-9A-HJKMNP-TV-Z]{26}$")))
                    .examples([concat!($prefix, "_01KAM3B5Y0QJ8Z4T6W9XV2C7DE")])
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )*};
}

ids! {
    /// A brand, client or environment: the wall that keys cannot see over.
    WorkspaceId = "ws";
    /// An API key; the secret part is not in it.
    KeyId = "key";
    /// One connected account on one network.
    AccountId = "acc";
    /// A running login on a network.
    ConnectSessionId = "cs";
    /// A file.
    MediaId = "med";
    /// A post: one content, one or more targets.
    PostId = "post";
    /// One post (or one part of its thread) on one account.
    DeliveryId = "dlv";
    /// One worker's hold on a delivery.
    AttemptId = "att";
    /// Accepted work and how far it is.
    JobId = "job";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_of_another_kind_is_refused_with_the_kind_that_was_wanted() {
        let account = AccountId::from_parts(1, 2).to_string();
        let error = account.parse::<PostId>().expect_err("an account is no post");
        assert!(error.to_string().contains("`post_`"), "{error}");
    }

    proptest! {
        #[test]
        fn an_id_has_one_spelling_and_sorts_by_time(a in 0u64..1 << 48, b in 0u64..1 << 48, chance in any::<u128>()) {
            let (first, second) = (PostId::from_parts(a, chance), PostId::from_parts(b, chance));
            prop_assert_eq!(first.to_string().parse::<PostId>(), Ok(first));
            prop_assert_eq!(a.cmp(&b), first.to_string().cmp(&second.to_string()));
            prop_assert!(first.to_string().to_lowercase().parse::<PostId>().is_err());
        }
    }
}
