//! Checks by JSON Schema: the extracts of the networks' own specifications, compiled once.

use jsonschema::Validator;
use serde_json::Value;

/// A compiled schema; meant to live in a `LazyLock`.
#[derive(Debug)]
pub(crate) struct Schema(Validator);

impl Schema {
    /// Compiles the schema at `pointer` of a document, whose own `$ref`s keep working.
    ///
    /// # Panics
    /// When the bundled document is broken, which the first request of any test shows.
    pub(crate) fn at(document: &str, pointer: &str) -> Self {
        let mut root: Value = serde_json::from_str(document).expect("the bundled schema is JSON");
        root["$ref"] = Value::String(format!("#{pointer}"));
        Self(jsonschema::validator_for(&root).expect("the bundled schema compiles"))
    }

    /// Everything that is wrong with a value, each with the JSON pointer of its place; empty where all is well.
    pub(crate) fn violations(&self, value: &Value) -> Vec<String> {
        self.0
            .iter_errors(value)
            .map(|error| {
                let at = error.instance_path().to_string();
                format!("{}: {error}", if at.is_empty() { "/" } else { &at })
            })
            .collect()
    }
}
