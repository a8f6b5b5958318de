//! Meta's Graph API, as far as its networks share it: errors, tokens that last sixty days, pages, times and numbers.
//!
//! Access tokens go in the `Authorization` header. The app's secret has to stand in the query of the two requests that
//! make a long-lived token; an address is therefore never part of an error or a log line.

use std::time::Duration;

use crieur_domain::{ErrorKind, Failure, Secret};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Spec,
    connect::{Connecting, Credentials, Prepared, oauth2},
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

const RECONNECT: &str = "Connect the account again.";
const AGAIN: &str = "Start the login again.";

/// How long before its end a token is renewed: a week, since one that has run out cannot be.
const AHEAD: SignedDuration = SignedDuration::from_hours(7 * 24);

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

/// A token as it is given out; Instagram's login puts it into a list of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Wrapped { data: Vec<Token> },
    Plain(Token),
}

#[derive(Deserialize)]
struct Token {
    access_token: Secret,
    expires_in: Option<i64>,
    permissions: Option<Value>,
}

impl Token {
    fn read(spec: &Spec, response: &Response) -> Result<Self, Failure> {
        let token = match serde_json::from_slice(&response.body) {
            Ok(Given::Plain(token)) => Some(token),
            Ok(Given::Wrapped { data }) => data.into_iter().next(),
            Err(_) => None,
        };
        // The body is left out: it may hold the very token.
        let why = || format!("{} answered the token request with something that cannot be read.", spec.name);
        token.ok_or_else(|| Failure::new(ErrorKind::Interrupted, why()).status(response.status))
    }

    /// What was granted, as a list or as one text with commas.
    fn scopes(&self) -> Vec<String> {
        let owned = |text: &str| text.trim().to_owned();
        match &self.permissions {
            Some(Value::String(text)) => text.split(',').map(owned).filter(|scope| !scope.is_empty()).collect(),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(owned).collect(),
            _ => Vec::new(),
        }
    }

    /// The token renews itself, so it stands in both places. Its end is told a week early: from then on it is renewed.
    fn credentials(self, scopes: Vec<String>, now: Timestamp) -> Credentials {
        let lasts = self.expires_in.map(SignedDuration::from_secs);
        let useful = lasts.map(|lasts| if lasts > AHEAD + AHEAD { lasts - AHEAD } else { lasts });
        Credentials {
            refresh_token: Some(self.access_token.clone()),
            access_token: self.access_token,
            expires_at: useful.and_then(|useful| now.checked_add(useful).ok()),
            scopes,
            password: None,
            app: None,
        }
    }
}

/// Where a network trades tokens. Paths lie at its host `api`.
pub(crate) struct LongLived {
    pub(crate) spec: &'static Spec,
    pub(crate) codes: &'static [Code],
    /// A short-lived token becomes a long-lived one: path and `grant_type`.
    pub(crate) exchange: (&'static str, &'static str),
    /// A long-lived one becomes a fresh one: path and `grant_type`.
    pub(crate) refresh: (&'static str, &'static str),
    /// Whose a token is: path with its query.
    pub(crate) me: &'static str,
}

impl LongLived {
    /// A code for a token of an hour, and that for one of sixty days.
    pub(crate) async fn exchange_code(
        &self,
        cx: &Connecting<'_>,
        prepared: &Prepared,
        code: &str,
    ) -> Result<Credentials, Failure> {
        let secret = prepared.app.client_secret.as_ref().map(|secret| secret.expose().to_owned());
        let (role, path) = oauth2(self.spec)?.token;
        let request = Request::post(format!("{}{path}", cx.http.base(self.spec, role))).body(form([
            ("client_id", Some(prepared.app.client_id.clone())),
            ("client_secret", secret.clone()),
            ("grant_type", Some("authorization_code".to_owned())),
            ("redirect_uri", Some(cx.redirect_url.to_owned())),
            // Browsers show `#_` at the end of the address; it is no part of the code.
            ("code", Some(code.trim_end_matches("#_").to_owned())),
        ]));
        let response = self.ask(cx, request).await.map_err(login_failed)?;
        let short = Token::read(self.spec, &response)?;
        let request = self
            .get(cx, self.exchange.0)
            .query(&[("grant_type", self.exchange.1)])
            .query(&secret.iter().map(|secret| ("client_secret", secret.as_str())).collect::<Vec<_>>())
            .bearer(short.access_token.expose());
        let response = self.ask(cx, request).await.map_err(login_failed)?;
        Ok(Token::read(self.spec, &response)?.credentials(short.scopes(), cx.now))
    }

    /// A fresh token for one that still works. One of less than a day is not renewed by the network; where it still
    /// opens the account, it is as good as new.
    pub(crate) async fn renew(&self, cx: &Connecting<'_>, old: &Credentials) -> Result<Credentials, Failure> {
        let token = old.access_token.expose();
        let request = self.get(cx, self.refresh.0).query(&[("grant_type", self.refresh.1)]).bearer(token);
        match self.ask(cx, request).await {
            Ok(response) => {
                let fresh = Token::read(self.spec, &response)?;
                let granted = fresh.scopes();
                let scopes = if granted.is_empty() { old.scopes.clone() } else { granted };
                Ok(Credentials { app: old.app.clone(), ..fresh.credentials(scopes, cx.now) })
            }
            Err(refused) if refused.kind == ErrorKind::Refused => {
                self.ask(cx, self.get(cx, self.me).bearer(token)).await.map_err(gone)?;
                Ok(old.clone())
            }
            Err(failure) => Err(gone(failure)),
        }
    }

    fn get(&self, cx: &Connecting<'_>, path: &str) -> Request {
        Request::get(format!("{}{path}", cx.http.base(self.spec, "api")))
    }

    async fn ask(&self, cx: &Connecting<'_>, request: Request) -> Result<Response, Failure> {
        ask(cx.http, self.spec, self.codes, request, cx.now).await
    }
}

/// A code that opens nothing: the person starts again.
fn login_failed(failure: Failure) -> Failure {
    match failure.kind {
        ErrorKind::Refused | ErrorKind::NotFound | ErrorKind::TokenExpired | ErrorKind::PermissionGone => {
            Failure { kind: ErrorKind::Refused, ..failure }.remedy(AGAIN)
        }
        ErrorKind::AppRejected => failure.remedy("Check the app's id, secret and permissions at the network."),
        _ => failure,
    }
}

/// A token that has run out cannot be renewed without a person.
fn gone(failure: Failure) -> Failure {
    match failure.kind {
        ErrorKind::TokenExpired | ErrorKind::Refused | ErrorKind::NotFound => {
            Failure { kind: ErrorKind::PermissionGone, ..failure }.remedy(RECONNECT)
        }
        _ => failure,
    }
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
    fn a_token_is_read_in_every_shape_and_renewed_a_week_before_its_end() {
        let response = |body: Value| Response { status: 200, headers: HeaderMap::new(), body: body.to_string().into() };
        let token = json!({"access_token": "hush", "permissions": "a,b", "expires_in": 5_184_000});
        for body in [token.clone(), json!({"data": [token]})] {
            let token = Token::read(&SPEC, &response(body)).ok().unwrap();
            let scopes = token.scopes();
            let credentials = token.credentials(scopes, Timestamp::UNIX_EPOCH);
            assert_eq!(credentials.expires_at.map(Timestamp::as_second), Some(53 * 86_400));
            assert_eq!(credentials.scopes, ["a", "b"]);
            assert_eq!(credentials.refresh_token, Some(Secret::new("hush")));
        }
        let failure = Token::read(&SPEC, &response(json!({"access_token": 7, "x": "hush"}))).err().unwrap();
        assert_eq!(failure.kind, ErrorKind::Interrupted);
        assert!(!failure.message.contains("hush"));
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
