//! Bodies as Rails reads them: JSON, or a form whose names spell out a tree (`poll[options][]`, `media_ids[]`).

use serde_json::{Map, Value};

use super::error;
use crate::{reply::Reply, request::Request};

/// The fields of a body. In forms, where everything is text, booleans and numbers are told by their names.
pub(super) fn read(request: &Request) -> Result<Value, Reply> {
    let pairs = match request.content_type().as_str() {
        "application/json" => {
            return request
                .json()
                .map_err(|why| error(400, "Bad Request").strict([format!("the body is not JSON: {why}")]));
        }
        "multipart/form-data" => match &request.parts {
            Ok(parts) => parts
                .iter()
                .filter(|part| part.file_name.is_none())
                .map(|part| (part.name.clone(), String::from_utf8_lossy(&part.bytes).into_owned()))
                .collect(),
            Err(why) => return Err(error(400, "Bad Request").strict([why.as_str()])),
        },
        "application/x-www-form-urlencoded" => request.form(),
        "" if request.body.is_empty() => Vec::new(),
        other => {
            return Err(
                error(415, "Unsupported Media Type").strict([format!("content-type {other:?} is not read here")])
            );
        }
    };
    let mut tree = Value::Object(Map::new());
    for (name, value) in pairs {
        let (first, rest) = name.split_once('[').unwrap_or((name.as_str(), ""));
        let keys = std::iter::once(first).chain(rest.split('[').map(|key| key.trim_end_matches(']')));
        let keys: Vec<&str> = if rest.is_empty() { vec![first] } else { keys.collect() };
        plant(&mut tree, &keys, &value);
    }
    Ok(tree)
}

fn plant(tree: &mut Value, keys: &[&str], text: &str) {
    let Some((key, deeper)) = keys.split_first() else { return };
    let slot = if key.is_empty() {
        if !tree.is_array() {
            *tree = Value::Array(Vec::new());
        }
        let Value::Array(items) = tree else { return };
        // A name that comes again begins the next object of a list, as in Rack.
        let full = |item: &Value| deeper.first().is_none_or(|next| item.get(next).is_some());
        if items.last().is_none_or(full) {
            items.push(Value::Null);
        }
        items.last_mut()
    } else {
        if !tree.is_object() {
            *tree = Value::Object(Map::new());
        }
        tree.as_object_mut().map(|fields| fields.entry(*key).or_insert(Value::Null))
    };
    let Some(slot) = slot else { return };
    if deeper.is_empty() {
        *slot = typed(key, text);
    } else {
        plant(slot, deeper, text);
    }
}

fn typed(name: &str, text: &str) -> Value {
    match name {
        "sensitive" | "multiple" | "hide_totals" => match text {
            "true" | "1" => Value::Bool(true),
            "false" | "0" | "" => Value::Bool(false),
            _ => Value::from(text),
        },
        "expires_in" => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_a_form_spell_out_a_tree() {
        let mut tree = Value::Null;
        for (keys, text) in [
            (vec!["status"], "Which?"),
            (vec!["media_ids", ""], "1"),
            (vec!["media_ids", ""], "2"),
            (vec!["poll", "options", ""], "a"),
            (vec!["poll", "options", ""], "b"),
            (vec!["poll", "expires_in"], "300"),
            (vec!["media_attributes", "", "id"], "1"),
            (vec!["media_attributes", "", "description"], "one"),
            (vec!["media_attributes", "", "id"], "2"),
        ] {
            plant(&mut tree, &keys, text);
        }
        assert_eq!(
            tree,
            json!({
                "status": "Which?",
                "media_ids": ["1", "2"],
                "poll": {"options": ["a", "b"], "expires_in": 300},
                "media_attributes": [{"id": "1", "description": "one"}, {"id": "2"}],
            })
        );
    }
}
