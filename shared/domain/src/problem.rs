//! One broken rule, in words that help.

use serde::{Deserialize, Serialize};

/// A rule that the input breaks: where, which, by how much, and what to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = BrokenRule))]
pub struct Problem {
    /// JSON pointer (RFC 6901) to the value, from the root of the request's body. Empty for the body as a whole.
    #[cfg_attr(feature = "openapi", schema(example = "/targets/1/content/text"))]
    pub pointer: String,
    /// Stable name of the rule.
    #[cfg_attr(feature = "openapi", schema(example = "bluesky.text.max_graphemes"))]
    pub rule: String,
    /// The bound that was crossed, where the rule has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = 300))]
    pub limit: Option<u64>,
    /// The value that crossed it, in the rule's own unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = 341))]
    pub actual: Option<u64>,
    /// What is wrong, as a sentence.
    #[cfg_attr(feature = "openapi", schema(example = "Bluesky takes 300 graphemes; this text has 341."))]
    pub message: String,
    /// What to do about it, as a sentence.
    #[cfg_attr(feature = "openapi", schema(example = "Shorten it, or give this target its own text."))]
    pub remedy: String,
}

impl Problem {
    /// A problem without a bound.
    #[must_use]
    pub fn new(
        pointer: impl Into<String>,
        rule: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            rule: rule.into(),
            limit: None,
            actual: None,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// The same with the bound and the value that crossed it.
    #[must_use]
    pub fn over(mut self, limit: u64, actual: u64) -> Self {
        self.limit = Some(limit);
        self.actual = Some(actual);
        self
    }

    /// The same problem seen from further out: `prefix` is put before the pointer.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}
