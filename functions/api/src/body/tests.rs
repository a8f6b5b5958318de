#![allow(clippy::unwrap_used)]

use crieur_domain::{AccountId, Problem};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::*;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Order {
    #[schema(min_length = 1, max_length = 5)]
    name: String,
    account_ids: Vec<AccountId>,
    #[serde(default)]
    mode: Option<Mode>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<jiff::Timestamp>,
    #[serde(default)]
    inner: Option<Inner>,
    #[serde(default)]
    #[schema(maximum = 10)]
    count: u32,
    #[serde(default)]
    when: Option<When>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Fast,
    Slow,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Inner {
    text: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
#[allow(dead_code)]
enum When {
    Now,
    At { at: String },
}

fn problems(value: &Value) -> Vec<(String, String)> {
    let schema = schema::of::<Order>();
    let found: Vec<Problem> = check::check(&schema, value);
    found.into_iter().map(|problem| (problem.pointer, problem.rule)).collect()
}

fn pair(pointer: &str, rule: &str) -> (String, String) {
    (pointer.to_owned(), format!("body.{rule}"))
}

#[test]
fn a_good_body_has_no_problems_and_is_read() {
    let account = AccountId::from_parts(1, 2).to_string();
    let body = json!({"name": "a", "account_ids": [account], "mode": "fast", "inner": {"text": "x"}, "mode": null,
        "expires_at": "2026-12-01T09:00:00+01:00", "when": {"mode": "at", "at": "x"}});
    assert_eq!(problems(&body), []);
    let order: Order = read(&body).unwrap();
    assert_eq!(order.account_ids.len(), 1);
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let body = json!({"name": "", "acount_ids": [], "mode": "warp", "count": 11, "inner": {"text": 1, "x/y": 2},
        "expires_at": "tomorrow", "account_ids": ["acc_1", 7]});
    assert_eq!(
        problems(&body),
        [
            pair("/name", "min_length"),
            pair("/acount_ids", "unknown_field"),
            pair("/mode", "enum"),
            pair("/count", "maximum"),
            pair("/inner/text", "type"),
            pair("/inner/x~1y", "unknown_field"),
            pair("/expires_at", "date_time"),
            pair("/account_ids/0", "id"),
            pair("/account_ids/1", "type"),
        ]
    );
    assert_eq!(problems(&json!([])), [pair("", "type")]);
    assert_eq!(problems(&json!({})), [pair("/name", "required"), pair("/account_ids", "required")]);
}

#[test]
fn of_several_shapes_the_one_that_was_meant_is_spoken_of() {
    let order = |when: Value| problems(&json!({"name": "a", "account_ids": [], "when": when}));
    assert_eq!(order(json!({"mode": "now"})), []);
    assert_eq!(order(json!({"mode": "at"})), [pair("/when/at", "required")]);
    assert_eq!(order(json!({"mode": "at", "at": "x", "on": 1})), [pair("/when/on", "unknown_field")]);
}

#[test]
fn a_misspelt_field_is_answered_with_the_right_spelling() {
    let schema = schema::of::<Order>();
    let found = check::check(&schema, &json!({"name": "a", "accountIds": []}));
    assert!(found.iter().any(|problem| problem.remedy == "Did you mean `account_ids`?"), "{found:?}");
}

#[test]
fn a_body_that_breaks_says_where() {
    let raw = Raw {
        bytes: "{\"a\": 1,\n  oops}".into(),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, "application/json".parse().unwrap())]),
    };
    let problem = raw.json().unwrap_err();
    assert_eq!(problem.code(), Code::BrokenJson);
    assert_eq!(problem.detail(), "It breaks at line 2, column 3.");
}

#[test]
fn only_json_is_read_and_nothing_counts_as_an_empty_object() {
    let raw = |bytes: &'static str, content_type: Option<&str>| Raw {
        bytes: bytes.into(),
        headers: content_type.map(|text| (header::CONTENT_TYPE, text.parse().unwrap())).into_iter().collect(),
    };
    assert_eq!(raw("", None).json().unwrap(), json!({}));
    assert!(raw("{}", Some("application/json; charset=utf-8")).json().is_ok());
    assert_eq!(raw("{}", None).json().unwrap_err().code(), Code::UnsupportedMediaType);
    assert_eq!(
        raw("a=1", Some("application/x-www-form-urlencoded")).json().unwrap_err().code(),
        Code::UnsupportedMediaType
    );
}
