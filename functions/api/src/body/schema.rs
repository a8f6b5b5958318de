//! The schema of a body's type, as it stands in the OpenAPI document, made once per type.

use std::{
    any::TypeId,
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use serde_json::Value;
use utoipa::ToSchema;

use crate::openapi;

/// A schema with the ones that it refers to.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) root: Value,
    named: HashMap<String, Value>,
}

impl Schema {
    /// Follows references.
    pub(super) fn resolve<'a>(&'a self, mut schema: &'a Value) -> &'a Value {
        // A reference leads to a schema; a chain is as long as there are names, unless it is a circle.
        for _ in 0..=self.named.len() {
            let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) else {
                break;
            };
            let Some(next) = self.named.get(name) else { break };
            schema = next;
        }
        schema
    }
}

/// The schema of `T`.
pub(super) fn of<T: ToSchema + 'static>() -> Arc<Schema> {
    static MADE: LazyLock<Mutex<HashMap<TypeId, Arc<Schema>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(TypeId::of::<T>())
        .or_insert_with(|| {
            let mut named = Vec::new();
            T::schemas(&mut named);
            let value = |schema| {
                let mut value = serde_json::to_value(schema).unwrap_or(Value::Null);
                openapi::close_variants(&mut value);
                value
            };
            Arc::new(Schema {
                root: value(T::schema()),
                named: named.into_iter().map(|(name, schema)| (name, value(schema))).collect(),
            })
        })
        .clone()
}
