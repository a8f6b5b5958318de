//! Lexicons: the network's own descriptions of records, bodies and parameters, and a checker that reads them.
//!
//! `spec/lexicons.json` is the extract. The words of a problem are those of the reference server
//! (<https://github.com/bluesky-social/atproto/tree/main/packages/lex>, read 2026-11-22). It is stricter in two things: a
//! field and a union's variant that no lexicon names are refused here, because nothing would be shown of them.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use unicode_segmentation::UnicodeSegmentation as _;

use super::format;

static LEXICONS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("spec/lexicons.json")).expect("the bundled lexicons are JSON"));

/// A definition, and the lexicon in which its own references are looked up.
#[derive(Clone, Copy)]
struct Definition {
    lexicon: &'static str,
    value: &'static Value,
}

/// `app.bsky.embed.images`, `app.bsky.embed.images#image`, or `#image` inside of it.
fn definition(reference: &'static str, inside: &'static str) -> Option<Definition> {
    let (lexicon, name) = reference.split_once('#').unwrap_or((reference, "main"));
    let lexicon = if lexicon.is_empty() { inside } else { lexicon };
    let value = LEXICONS.get("lexicons")?.get(lexicon)?.get(name)?;
    Some(Definition { lexicon, value })
}

/// The main definition of a lexicon by a name that came from outside.
fn main(id: &str) -> Option<Definition> {
    let (lexicon, definitions) = LEXICONS.get("lexicons")?.as_object()?.get_key_value(id)?;
    Some(Definition { lexicon, value: definitions.get("main")? })
}

/// What is wrong with a record of a collection; `None` where the collection is not known.
pub(super) fn record(collection: &str, record: &Value) -> Option<Vec<String>> {
    let found = main(collection).filter(|found| found.value["type"] == "record")?;
    let mut checker = Checker::default();
    checker.check(found.lexicon, &found.value["record"], record, "$.record");
    Some(checker.problems)
}

/// What is wrong with the body of a procedure.
pub(super) fn input(id: &str, body: &Value) -> Vec<String> {
    let mut checker = Checker::default();
    if let Some(found) = main(id) {
        checker.check(found.lexicon, &found.value["input"]["schema"], body, "$");
    }
    checker.problems
}

/// What is wrong with an answer.
#[cfg(test)]
pub(super) fn output(id: &str, body: &Value) -> Vec<String> {
    let mut checker = Checker::default();
    let found = main(id).expect("a lexicon");
    checker.check(found.lexicon, &found.value["output"]["schema"], body, "$");
    checker.problems
}

/// The media type that a procedure's body must have; `None` where there must be no body.
pub(super) fn encoding(id: &str) -> Option<&'static str> {
    main(id)?.value["input"]["encoding"].as_str()
}

/// The parameters of a query, each as its lexicon wants it, and what is wrong with them.
pub(super) fn parameters(id: &str, query: &[(String, String)]) -> (Value, Vec<String>) {
    let Some(found) = main(id) else { return (Value::Null, Vec::new()) };
    let wanted = &found.value["parameters"];
    let mut values = Map::new();
    for (name, text) in query {
        match wanted["properties"][name]["type"].as_str() {
            Some("array") => match values.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(items) => items.push(Value::from(text.as_str())),
                _ => unreachable!("only arrays are put there"),
            },
            Some("integer") => {
                let number = text.parse::<i64>().map_or_else(|_| Value::from(text.as_str()), Value::from);
                values.insert(name.clone(), number);
            }
            Some("boolean") => {
                let flag = text.parse::<bool>().map_or_else(|_| Value::from(text.as_str()), Value::from);
                values.insert(name.clone(), flag);
            }
            _ => {
                values.insert(name.clone(), Value::from(text.as_str()));
            }
        }
    }
    let values = Value::Object(values);
    let mut checker = Checker::default();
    if !wanted.is_null() {
        checker.check(found.lexicon, wanted, &values, "$");
    }
    (values, checker.problems)
}

#[derive(Default)]
struct Checker {
    problems: Vec<String>,
}

impl Checker {
    fn refuse(&mut self, at: &str, why: impl AsRef<str>) {
        self.problems.push(format!("{} at {at}", why.as_ref()));
    }

    fn check(&mut self, lexicon: &'static str, schema: &'static Value, value: &Value, at: &str) {
        match schema["type"].as_str().unwrap_or_default() {
            "object" | "params" => self.object(lexicon, schema, value, at),
            "array" => self.array(lexicon, schema, value, at),
            "string" => self.string(schema, value, at),
            "integer" => self.integer(schema, value, at),
            "boolean" if !value.is_boolean() => self.expected("boolean", value, at),
            "boolean" | "unknown" => {}
            "blob" => self.blob(schema, value, at),
            "ref" => match schema["ref"].as_str().and_then(|reference| definition(reference, lexicon)) {
                Some(found) => self.check(found.lexicon, found.value, value, at),
                None => self.refuse(at, format!("Unknown reference {}", schema["ref"])),
            },
            "union" => self.union(lexicon, schema, value, at),
            other => self.refuse(at, format!("Unknown type {other}")),
        }
    }

    fn expected(&mut self, wanted: &str, value: &Value, at: &str) {
        self.refuse(at, format!("Expected {wanted} value type (got {value})"));
    }

    fn object(&mut self, lexicon: &'static str, schema: &'static Value, value: &Value, at: &str) {
        let Some(fields) = value.as_object() else { return self.expected("object", value, at) };
        for name in strings(&schema["required"]) {
            if !fields.contains_key(name) {
                self.refuse(at, format!("Missing required key {name:?}"));
            }
        }
        for (name, field) in fields {
            let below = format!("{at}.{name}");
            match schema["properties"].get(name) {
                Some(_) if field.is_null() && strings(&schema["nullable"]).any(|nullable| nullable == name) => {}
                Some(wanted) => self.check(lexicon, wanted, field, &below),
                None if name == "$type" && field.is_string() => {}
                None => self.refuse(&below, "Unknown key"),
            }
        }
    }

    fn array(&mut self, lexicon: &'static str, schema: &'static Value, value: &Value, at: &str) {
        let Some(items) = value.as_array() else { return self.expected("array", value, at) };
        self.size("array", schema, ("minLength", "maxLength"), items.len(), at);
        for (index, item) in items.iter().enumerate() {
            self.check(lexicon, &schema["items"], item, &format!("{at}[{index}]"));
        }
    }

    fn size(&mut self, what: &str, schema: &Value, (least, most): (&str, &str), actual: usize, at: &str) {
        let actual = actual as u64;
        if let Some(max) = schema[most].as_u64().filter(|max| actual > *max) {
            self.refuse(at, format!("{what} too big (maximum {max}, got {actual})"));
        }
        if let Some(min) = schema[least].as_u64().filter(|min| actual < *min) {
            self.refuse(at, format!("{what} too small (minimum {min}, got {actual})"));
        }
    }

    fn string(&mut self, schema: &'static Value, value: &Value, at: &str) {
        let Some(text) = value.as_str() else { return self.expected("string", value, at) };
        self.size("string", schema, ("minLength", "maxLength"), text.len(), at);
        self.size("grapheme", schema, ("minGraphemes", "maxGraphemes"), text.graphemes(true).count(), at);
        if schema["enum"].is_array() && !strings(&schema["enum"]).any(|known| known == text) {
            self.refuse(at, format!("Expected one of {} (got {text:?})", schema["enum"]));
        }
        if let Some(wanted) = schema["format"].as_str()
            && !format::fits(wanted, text)
        {
            self.refuse(at, format!("Invalid {} (got {text:?})", format::name(wanted)));
        }
    }

    fn integer(&mut self, schema: &'static Value, value: &Value, at: &str) {
        let Some(number) = value.as_i64() else { return self.expected("integer", value, at) };
        if let Some(min) = schema["minimum"].as_i64().filter(|min| number < *min) {
            self.refuse(at, format!("integer too small (minimum {min}, got {number})"));
        }
        if let Some(max) = schema["maximum"].as_i64().filter(|max| number > *max) {
            self.refuse(at, format!("integer too big (maximum {max}, got {number})"));
        }
    }

    fn blob(&mut self, schema: &'static Value, value: &Value, at: &str) {
        let whole = value["$type"] == "blob"
            && value["ref"]["$link"].as_str().is_some_and(|cid| format::fits("cid", cid))
            && value["mimeType"].is_string()
            && value["size"].is_u64()
            && value.as_object().is_some_and(|fields| fields.len() == 4);
        if !whole {
            return self.expected("blob", value, at);
        }
        if let (Some(max), Some(size)) = (schema["maxSize"].as_u64(), value["size"].as_u64())
            && size > max
        {
            self.refuse(at, format!("blob too big (maximum {max}, got {size})"));
        }
        let mime = value["mimeType"].as_str().unwrap_or_default();
        let accepted = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => mime.starts_with(start),
            None => mime == pattern,
        };
        if schema["accept"].is_array() && !strings(&schema["accept"]).any(accepted) {
            let wanted: Vec<_> = strings(&schema["accept"]).map(|pattern| format!("{pattern:?}")).collect();
            self.refuse(&format!("{at}.mimeType"), format!("Expected {} (got {mime:?})", wanted.join(" or ")));
        }
    }

    fn union(&mut self, lexicon: &'static str, schema: &'static Value, value: &Value, at: &str) {
        let Some(kind) = value["$type"].as_str() else {
            let why = format!("Expected an object which includes the \"$type\" property value type (got {value})");
            return self.refuse(at, why);
        };
        let full = |reference: &str| match reference.strip_prefix('#') {
            Some(name) => format!("{lexicon}#{name}"),
            None => reference.strip_suffix("#main").unwrap_or(reference).to_owned(),
        };
        match strings(&schema["refs"]).find(|reference| full(reference) == kind) {
            Some(reference) => match definition(reference, lexicon) {
                Some(found) => self.check(found.lexicon, found.value, value, at),
                None => self.refuse(at, format!("Unknown reference {reference}")),
            },
            None => {
                let known: Vec<_> = strings(&schema["refs"]).map(full).collect();
                self.refuse(at, format!("Expected one of {} (got {kind:?})", known.join(", ")));
            }
        }
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Records hold no fractions; the first one that is found, with its place.
pub(super) fn fraction(value: &Value, at: &str) -> Option<String> {
    match value {
        Value::Number(number) if !number.is_i64() && !number.is_u64() => Some(format!(
            "Expected one of null, boolean, integer, string, cid, bytes, array or object value type (got {number}) at {at}"
        )),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| fraction(item, &format!("{at}[{index}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| fraction(field, &format!("{at}.{name}"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn post(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut post = json!({"$type": "app.bsky.feed.post", "text": "hi", "createdAt": "2026-11-22T07:00:10.819Z"});
        change(&mut post);
        record("app.bsky.feed.post", &post).expect("posts are known")
    }

    fn image(blob: &Value) -> Value {
        json!({"$type": "app.bsky.embed.images", "images": [{"image": blob, "alt": ""}]})
    }

    #[test]
    fn records_are_refused_with_the_words_of_the_reference_server() {
        let blob = |size: u64, mime: &str| {
            let cid = "bafkreicjo6iji7kgmz3azy4phqaoquwhd7nwnsxijg5or2pn4njhdhqvqe";
            json!({"$type": "blob", "ref": {"$link": cid}, "mimeType": mime, "size": size})
        };
        assert_eq!(post(|_| {}), Vec::<String>::new());
        assert_eq!(post(|post| post["embed"] = image(&blob(70, "image/png"))), Vec::<String>::new());
        let told: Vec<(Vec<String>, &str)> = vec![
            (
                post(|post| post["text"] = json!("x".repeat(301))),
                "grapheme too big (maximum 300, got 301) at $.record.text",
            ),
            (
                post(|post| post["text"] = json!("👩‍👩‍👧‍👦".repeat(290))),
                "string too big (maximum 3000, got 7250) at $.record.text",
            ),
            (
                post(|post| drop(post.as_object_mut().and_then(|map| map.remove("text")))),
                "Missing required key \"text\" at $.record",
            ),
            (
                post(|post| post["createdAt"] = json!("yesterday")),
                "Invalid datetime (got \"yesterday\") at $.record.createdAt",
            ),
            (
                post(|post| post["langs"] = json!(["not a lang"])),
                "Invalid language (got \"not a lang\") at $.record.langs[0]",
            ),
            (
                post(|post| post["langs"] = json!(["en", "de", "fr", "it"])),
                "array too big (maximum 3, got 4) at $.record.langs",
            ),
            (
                post(|post| post["embed"] = image(&blob(3_000_000, "image/png"))),
                "blob too big (maximum 2000000, got 3000000) at $.record.embed.images[0].image",
            ),
            (
                post(|post| post["embed"] = image(&blob(70, "video/mp4"))),
                "Expected \"image/*\" (got \"video/mp4\") at $.record.embed.images[0].image.mimeType",
            ),
            (
                post(|post| post["facets"] = json!([{"index": {"byteStart": -1, "byteEnd": 2}, "features": []}])),
                "integer too small (minimum 0, got -1) at $.record.facets[0].index.byteStart",
            ),
            (
                post(|post| {
                    post["reply"] =
                        json!({"root": {"uri": "at://x", "cid": "y"}, "parent": {"uri": "at://x", "cid": "y"}})
                }),
                "Invalid at-uri (got \"at://x\") at $.record.reply.parent.uri",
            ),
        ];
        for (problems, words) in told {
            assert!(problems.iter().any(|problem| problem == words), "{words:?} in {problems:?}");
        }
    }

    #[test]
    fn what_no_lexicon_names_is_refused() {
        assert_eq!(post(|post| post["foo"] = json!(1)), ["Unknown key at $.record.foo"]);
        assert_eq!(post(|post| post["embed"] = json!({"$type": "app.bsky.embed.unknown"})).len(), 1);
        assert_eq!(record("app.bsky.feed.like", &json!({})), None);
        assert_eq!(fraction(&json!({"a": [1, 1.5]}), "$").map(|why| why.ends_with("at $.a[1]")), Some(true));
    }

    #[test]
    fn parameters_are_read_by_their_type() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let query = [
            pair("repo", "ada.sandbox.test"),
            pair("collection", "a.b.c"),
            pair("limit", "7"),
            pair("reverse", "true"),
        ];
        let (values, problems) = parameters("com.atproto.repo.listRecords", &query);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!((values["limit"].as_i64(), values["reverse"].as_bool()), (Some(7), Some(true)));
        let (_, problems) = parameters("com.atproto.repo.listRecords", &[pair("repo", "x"), pair("limit", "101")]);
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn every_reference_of_the_extract_leads_somewhere() {
        fn walk(lexicon: &'static str, value: &'static Value) {
            let references = value["ref"].as_str().into_iter().chain(strings(&value["refs"]));
            for reference in references {
                assert!(definition(reference, lexicon).is_some(), "{reference} in {lexicon}");
            }
            match value {
                Value::Object(fields) => fields.values().for_each(|field| walk(lexicon, field)),
                Value::Array(items) => items.iter().for_each(|item| walk(lexicon, item)),
                _ => {}
            }
        }
        for (lexicon, definitions) in LEXICONS["lexicons"].as_object().expect("an object") {
            walk(lexicon, definitions);
        }
    }
}
