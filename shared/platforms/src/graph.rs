//! Meta's Graph API, as far as its networks share it: errors, pages, times and numbers. Tokens are in
//! [`crate::long_lived`].

use std::time::Duration;

use crieur_domain::{ErrorKind, Failure};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Spec,
    errors::{self, Code, Said},
    http::{Body, Http, Request, Response},
    insights::{Metric, Numbers},
    spec::Source,
};

const ERRORS: Source =
    Source { at: "https://developers.facebook.com/docs/graph-api/guides/error-handling/", read: "2026-11-22" };
const LIMITS: Source =
    Source { at: "https://developers.facebook.com/docs/graph-api/overview/rate-limiting/", read: "2026-11-22" };
const SEEN: Source = Source { at: "UNCONFIRMED: observed by other clients", read: "2026-11-22" };

/// A row for a code, or for a code and its subcode: `190/463`.
pub(crate) const fn row(code: &'static str, kind: ErrorKind, source: Source) -> Code {
    Code { status: None, code, message: "", kind, remedy: None, source }
}

/// The row with what a person can do.
pub(crate) const fn with(row: Code, remedy: &'static str) -> Code {
    Code { remedy: Some(remedy), ..row }
}

/// What the codes of the whole Graph API mean. 1 and 2 are called transient; they do not say that nothing happened.
pub(crate) const CODES: &[Code] = &[
    Code { message: "client secret", ..row("1", ErrorKind::AppRejected, SEEN) },
    row("1", ErrorKind::Interrupted, ERRORS),
    row("2", ErrorKind::Interrupted, ERRORS),
    row("3", ErrorKind::AppRejected, ERRORS),
    row("4", ErrorKind::RateLimited, LIMITS),
    row("10", ErrorKind::PermissionGone, ERRORS),
    row("17", ErrorKind::RateLimited, LIMITS),
    row("32", ErrorKind::RateLimited, LIMITS),
    row("100/33", ErrorKind::NotFound, ERRORS),
    row("100", ErrorKind::Refused, ERRORS),
    row("101", ErrorKind::AppRejected, ERRORS),
    row("102", ErrorKind::TokenExpired, ERRORS),
    row("190/458", ErrorKind::PermissionGone, ERRORS),
    with(
        row("190/459", ErrorKind::PermissionGone, ERRORS),
        "Log in at the network, settle what it asks for, then connect the account again.",
    ),
    row("190/460", ErrorKind::PermissionGone, ERRORS),
    row("190/463", ErrorKind::TokenExpired, ERRORS),
    row("190/464", ErrorKind::PermissionGone, ERRORS),
    row("190/467", ErrorKind::TokenExpired, ERRORS),
    row("190/492", ErrorKind::PermissionGone, ERRORS),
    row("190", ErrorKind::TokenExpired, ERRORS),
    row("200", ErrorKind::PermissionGone, ERRORS),
    row("341", ErrorKind::RateLimited, ERRORS),
    with(
        row("368", ErrorKind::Refused, ERRORS),
        "The network has blocked this action for a while; look into the account there.",
    ),
    row("506", ErrorKind::Duplicate, ERRORS),
    row("613", ErrorKind::RateLimited, LIMITS),
    row("803", ErrorKind::NotFound, ERRORS),
    row("2500", ErrorKind::PermissionGone, SEEN),
    row("80002", ErrorKind::RateLimited, LIMITS),
];

/// The body of a refusal: the Graph API's own, that of Instagram's login, or that of the upload server.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: Option<Trouble>,
    error_message: Option<String>,
    code: Option<i64>,
    debug_info: Option<UploadTrouble>,
}

#[derive(Debug, Deserialize)]
struct Trouble {
    #[serde(default)]
    message: String,
    code: Option<i64>,
    error_subcode: Option<i64>,
    error_user_msg: Option<String>,
}

#[derive(Debug, Deserialize)]
struct UploadTrouble {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
}

/// The failure that an answer stands for. The network's own rows come before the shared ones, and rows for code and
/// subcode before rows for the code.
pub(crate) fn failure(spec: &Spec, own: &[Code], response: &Response, now: Timestamp) -> Failure {
    let refusal: Refusal = serde_json::from_slice(&response.body).unwrap_or_default();
    let (message, code, subcode) = match (refusal.error, refusal.debug_info) {
        (Some(trouble), _) => {
            let message = match trouble.error_user_msg.filter(|told| !told.is_empty()) {
                Some(told) if !trouble.message.contains(&told) => format!("{} {told}", trouble.message),
                _ => trouble.message,
            };
            (message, trouble.code.map(|code| code.to_string()), trouble.error_subcode)
        }
        (None, Some(trouble)) => (trouble.message, Some(trouble.kind), None),
        (None, None) => (refusal.error_message.unwrap_or_default(), refusal.code.map(|code| code.to_string()), None),
    };
    let whole = code.as_ref().map(|code| subcode.map_or_else(|| code.clone(), |sub| format!("{code}/{sub}")));
    // All of 200 to 299 are permissions.
    let general = code.map(|code| match code.parse() {
        Ok(200_u16..=299) => "200".to_owned(),
        _ => code,
    });
    let named = [(own, &whole), (own, &general), (CODES, &whole), (CODES, &general)];
    let known = named
        .into_iter()
        .find(|(rows, code)| code.is_some() && rows.iter().any(|row| Some(row.code) == code.as_deref()));
    let (rows, said) = known.map_or((&[] as &[Code], &whole), |(rows, code)| (rows, code));
    let mut failure = errors::failure(spec, rows, response, Said { code: said.clone(), message }, now);
    failure.code = whole;
    if failure.kind == ErrorKind::RateLimited && failure.retry_after_seconds.is_none() {
        failure = failure.retry_after(regained(response));
    }
    failure
}

/// How long until calls are taken again, as `X-Business-Use-Case-Usage` estimates it in minutes.
fn regained(response: &Response) -> Option<Duration> {
    #[derive(Deserialize)]
    struct Usage {
        #[serde(default)]
        estimated_time_to_regain_access: u64,
    }
    let header = response.header("x-business-use-case-usage")?;
    let usage: std::collections::HashMap<String, Vec<Usage>> = serde_json::from_str(header).ok()?;
    let minutes = usage.into_values().flatten().map(|usage| usage.estimated_time_to_regain_access).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes * 60))
}

/// Sends, and takes nothing but success for an answer.
pub(crate) async fn ask(
    http: &Http,
    spec: &Spec,
    own: &[Code],
    request: Request,
    now: Timestamp,
) -> Result<Response, Failure> {
    let response = http.send(request).await?;
    if response.is_success() { Ok(response) } else { Err(failure(spec, own, &response, now)) }
}

/// A form of parameters; those without a value are left out.
pub(crate) fn form(pairs: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Body {
    Body::Form(pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

/// `{"id": …}`: the answer to most creations.
#[derive(Debug, Deserialize)]
pub(crate) struct Created {
    pub(crate) id: String,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    #[serde(default = "Vec::new")]
    pub(crate) data: Vec<T>,
    paging: Option<Paging>,
}

#[derive(Debug, Deserialize)]
struct Paging {
    cursors: Option<Cursors>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Cursors {
    after: Option<String>,
}

impl<T> Page<T> {
    /// The cursor of the next page, where there is one.
    pub(crate) fn after(&self) -> Option<&str> {
        let paging = self.paging.as_ref().filter(|paging| paging.next.is_some())?;
        paging.cursors.as_ref()?.after.as_deref()
    }
}

/// A time as the Graph API writes it: `2024-09-12T23:17:39+0000`.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", text).ok()
}

/// One number, as insights tell it.
#[derive(Debug, Deserialize)]
struct Insight {
    name: String,
    #[serde(default)]
    values: Vec<Reading>,
    total_value: Option<Reading>,
    #[serde(default)]
    link_total_values: Vec<Reading>,
}

#[derive(Debug, Deserialize)]
struct Reading {
    #[serde(default)]
    value: Value,
}

/// The numbers of an insights answer under our names; a series of days is added up.
pub(crate) fn numbers(raw: Value, names: &[(&str, Metric)]) -> Result<Numbers, Failure> {
    let page: Page<Insight> = serde::Deserialize::deserialize(&raw).map_err(|error| {
        Failure::new(ErrorKind::Interrupted, format!("the network's numbers cannot be read: {error}"))
    })?;
    let mut values = Vec::new();
    for insight in page.data {
        let readings = insight.total_value.iter().chain(&insight.values).chain(&insight.link_total_values);
        let told: Vec<f64> = readings.filter_map(|reading| reading.value.as_f64()).collect();
        if let Some((_, metric)) = names.iter().find(|(name, _)| *name == insight.name).filter(|_| !told.is_empty()) {
            values.push((*metric, told.iter().sum()));
        }
    }
    Ok(Numbers { values, raw })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use http::HeaderMap;
    use serde_json::json;

    use super::*;

    const SPEC: Spec = crate::threads::SPEC;

    fn read(status: u16, body: &str, usage: Option<&str>) -> Failure {
        let mut headers = HeaderMap::new();
        if let Some(usage) = usage {
            headers.insert("x-business-use-case-usage", usage.parse().unwrap());
        }
        failure(&SPEC, &[], &Response { status, headers, body: body.to_owned().into() }, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_subcode_says_more_than_its_code() {
        let body = |code: i64, subcode: i64| {
            json!({"error": {"message": "No.", "code": code, "error_subcode": subcode}}).to_string()
        };
        for (code, subcode, kind) in [
            (190, 463, ErrorKind::TokenExpired),
            (190, 460, ErrorKind::PermissionGone),
            (190, 1, ErrorKind::TokenExpired),
            (100, 33, ErrorKind::NotFound),
            (100, 34, ErrorKind::Refused),
            (230, 0, ErrorKind::PermissionGone),
            (2, 99, ErrorKind::Interrupted),
            (4, 0, ErrorKind::RateLimited),
        ] {
            let failure = read(400, &body(code, subcode), None);
            assert_eq!(failure.kind, kind, "{code}/{subcode}");
            assert_eq!(failure.code, Some(format!("{code}/{subcode}")));
        }
        assert_eq!(
            read(400, &json!({"error": {"message": "Unheard of", "code": 7}}).to_string(), None).kind,
            ErrorKind::Refused
        );
        assert_eq!(read(500, "<html>", None).kind, ErrorKind::Interrupted);
        let login = r#"{"error_type": "OAuthException", "code": 400, "error_message": "Invalid code"}"#;
        assert_eq!(read(400, login, None).message, "Invalid code");
    }

    #[test]
    fn a_throttled_app_hears_when_it_may_call_again() {
        let usage = r#"{"1": [{"type": "instagram", "call_count": 100, "estimated_time_to_regain_access": 7}]}"#;
        let failure = read(400, r#"{"error": {"message": "(#4) Too many calls", "code": 4}}"#, Some(usage));
        assert_eq!((failure.kind, failure.retry_after_seconds), (ErrorKind::RateLimited, Some(420)));
    }

    #[test]
    fn series_and_totals_become_one_number_each() {
        let raw = json!({"data": [
            {"name": "views", "period": "day", "values": [{"value": 3}, {"value": 4}]},
            {"name": "likes", "period": "day", "total_value": {"value": 5}},
            {"name": "clicks", "link_total_values": [{"value": 1, "link_url": "a"}, {"value": 2, "link_url": "b"}]},
            {"name": "quotes", "values": []},
        ]});
        let names = [
            ("views", Metric::Views),
            ("likes", Metric::Likes),
            ("clicks", Metric::LinkClicks),
            ("quotes", Metric::Quotes),
        ];
        let values = numbers(raw, &names).unwrap().values;
        assert_eq!(values, [(Metric::Views, 7.0), (Metric::Likes, 5.0), (Metric::LinkClicks, 3.0)]);
        assert_eq!(time("2024-09-12T23:17:39+0000").map(|at| at.as_second()), Some(1_726_183_059));
    }
}
