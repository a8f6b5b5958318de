//! Requests and answers of the XRPC interface: pure, but for the one that sends.
//! <https://atproto.com/specs/xrpc>, read 2026-11-22.

use crieur_domain::Failure;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{errors, options::Place, wire::Record};
use crate::http::{Http, Request, Response};

/// A procedure.
pub(super) fn procedure(base: &str, nsid: &str) -> Request {
    Request::post(address(base, nsid))
}

/// A query.
pub(super) fn query(base: &str, nsid: &str, parameters: &[(&str, &str)]) -> Request {
    Request::get(address(base, nsid)).query(parameters)
}

fn address(base: &str, nsid: &str) -> String {
    format!("{base}/xrpc/{nsid}")
}

/// Asks for a record. The key and the server are enough: repositories are public.
pub(super) fn get_record(base: &str, place: &Place) -> Request {
    let parameters =
        [("repo", place.repo.as_str()), ("collection", place.collection.as_str()), ("rkey", place.rkey.as_str())];
    query(base, "com.atproto.repo.getRecord", &parameters)
}

/// The answer, if it is one.
///
/// # Errors
/// What the network answered, classified.
pub(super) fn read<T: DeserializeOwned>(response: &Response, now: Timestamp) -> Result<T, Failure> {
    if response.is_success() { response.json() } else { Err(errors::failure(response, now)) }
}

/// Sends and reads.
///
/// # Errors
/// What the network answered, classified.
pub(super) async fn call<T: DeserializeOwned>(http: &Http, now: Timestamp, request: Request) -> Result<T, Failure> {
    read(&http.send(request).await?, now)
}

/// Reads a record; `None` where there is none.
///
/// # Errors
/// What the network answered, classified.
pub(super) async fn record(http: &Http, now: Timestamp, base: &str, place: &Place) -> Result<Option<Record>, Failure> {
    let response = http.send(get_record(base, place)).await?;
    match read(&response, now) {
        Ok(record) => Ok(Some(record)),
        Err(failure) if failure.code.as_deref() == Some("RecordNotFound") => Ok(None),
        Err(failure) => Err(failure),
    }
}
