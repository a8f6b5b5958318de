//! A value that must not be seen.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// Holds a password, token or client secret. It can be read in, and taken out by [`Secret::expose`]; it cannot be
/// printed, and it cannot be serialised by accident, since it implements no `Serialize`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself. Every call is a place to look at twice.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Serialises a secret in the clear: only for what is sealed at once, or sent to the network it belongs to.
/// Use with `#[serde(serialize_with = "crieur_domain::secret::in_the_clear")]`.
///
/// # Errors
/// Those of the serializer.
pub fn in_the_clear<S: serde::Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// The same for a secret that may be absent.
///
/// # Errors
/// Those of the serializer.
pub fn in_the_clear_if_any<S: serde::Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_some(secret.expose()),
        None => serializer.serialize_none(),
    }
}
