//! The description of the API, and the page that shows it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::World;

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(path) => resolve(document, document.pointer(path.trim_start_matches('#')).unwrap()),
        None => value,
    }
}

async fn document() -> Value {
    World::new().await.get("/openapi.json").send().await.is(200).body
}

/// Changes of the API are seen in a review, never by surprise. `INSTA_UPDATE=always` writes the new one.
#[tokio::test]
async fn the_description_is_the_one_that_was_reviewed() {
    insta::assert_json_snapshot!("openapi", document().await);
}

#[tokio::test]
async fn every_operation_has_an_id_a_summary_its_refusals_and_an_example_for_every_body() {
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{what}: id used twice");
            assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{what}");
            let guarded = path.starts_with("/v1");
            for status in ["401", "403", "404", "429", "500"] {
                let documented = operation["responses"].get(status).is_some();
                assert!(documented || !(guarded || ["429", "500"].contains(&status)), "{what}: {status}");
            }
            let bodies = std::iter::once(&operation["requestBody"])
                .chain(operation["responses"].as_object().unwrap().values())
                .map(|body| resolve(&document, body))
                .filter_map(|body| body["content"]["application/json"].as_object());
            for content in bodies {
                assert!(
                    has_example(&document, &content["schema"]) || content.contains_key("example"),
                    "{what}: {content:?}"
                );
            }
        }
    }
}

/// Whether a schema, or each part of it that is a body of its own, has an example.
fn has_example(document: &Value, schema: &Value) -> bool {
    let schema = resolve(document, schema);
    let data = &schema["properties"]["data"]["items"];
    let is_set = |name: &str| schema.get(name).is_some();
    let of_parts =
        |parts: &Value| parts.as_array().is_some_and(|parts| parts.iter().all(|part| has_example(document, part)));
    is_set("example")
        || is_set("examples")
        || of_parts(&schema["oneOf"])
        || of_parts(&schema["allOf"])
        || (data.is_object() && has_example(document, data))
        || schema["properties"].as_object().is_some_and(|properties| {
            properties
                .values()
                .all(|property| has_example(document, property) || resolve(document, property)["enum"].is_array())
        })
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document().await;
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_works_behind_any_prefix() {
    let world = World::new().await;
    let page = world.get("/docs").send().await.is(200);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    for attribute in ["href=\"", "src=\""] {
        for link in page.text.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let relative = !link.starts_with('/') && !link.contains("://") || link.starts_with("data:");
            assert!(relative, "{link}");
            if !link.starts_with("data:") {
                let file = world.get(&format!("/{link}")).send().await.is(200);
                assert!(file.bytes.len() > 100, "{link}");
                if file.header("content-encoding") == "gzip" {
                    assert_eq!(file.bytes[..2], [0x1f, 0x8b], "{link}");
                }
            }
        }
    }
    let document = world.get("/openapi.json").send().await.is(200);
    assert_eq!(document.body["servers"][0]["url"], ".");
}

#[tokio::test]
async fn health_needs_no_key() {
    let world = World::new().await;
    let health = world.get("/health").send().await.is(200);
    assert_eq!(health.body["status"], "ok");
    assert!(health.header("ratelimit").contains("r="));
}
