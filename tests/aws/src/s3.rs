//! S3, path style: put, get by range, head, delete, list by prefix, delete many.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};

pub(crate) struct Object {
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

pub(crate) fn answer(
    objects: &mut BTreeMap<String, Object>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> Response {
    let key = uri.path().trim_start_matches('/').trim_end_matches('/').to_owned();
    let query = uri.query().unwrap_or_default();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if *method == Method::GET && query.contains("list-type=2") {
        return list(objects, &key, query);
    }
    match *method {
        Method::PUT => {
            objects.insert(key, Object { content_type: header("content-type").to_owned(), bytes: body });
            (StatusCode::OK, [("etag", "\"etag\"")]).into_response()
        }
        Method::GET | Method::HEAD => match objects.get(&key) {
            Some(object) => read(object, header("range")),
            None if *method == Method::HEAD => StatusCode::NOT_FOUND.into_response(),
            None => error(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
        Method::DELETE => {
            objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        Method::POST if query.contains("delete") => {
            let text = String::from_utf8_lossy(&body).into_owned();
            for name in text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()) {
                objects.remove(&format!("{key}/{name}"));
            }
            xml("<DeleteResult/>".to_owned())
        }
        _ => error(StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
    }
}

fn read(object: &Object, range: &str) -> Response {
    let size = object.bytes.len();
    let span = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let Some((from, to)) = span.and_then(|(from, to)| Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok())))
    else {
        return ([("content-type", object.content_type.clone())], object.bytes.clone()).into_response();
    };
    let end = to.map_or(size, |to| (to + 1).min(size));
    if from >= end {
        return error(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
    }
    let range = format!("bytes {from}-{}/{size}", end - 1);
    let headers = [("content-type", object.content_type.clone()), ("content-range", range)];
    (StatusCode::PARTIAL_CONTENT, headers, object.bytes.slice(from..end)).into_response()
}

fn list(objects: &BTreeMap<String, Object>, bucket: &str, query: &str) -> Response {
    let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap_or_default();
    let prefix = format!("{bucket}/{}", prefix.replace("%2F", "/"));
    let found: String = objects
        .iter()
        .filter(|(key, _)| key.starts_with(&prefix))
        .filter_map(|(key, object)| Some((key.strip_prefix(&format!("{bucket}/"))?, object.bytes.len())))
        .map(|(key, size)| format!("<Contents><Key>{key}</Key><Size>{size}</Size></Contents>"))
        .collect();
    xml(format!("<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"))
}

fn xml(body: String) -> Response {
    (StatusCode::OK, [("content-type", "application/xml")], body).into_response()
}

fn error(status: StatusCode, code: &str) -> Response {
    let body = format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    (status, [("content-type", "application/xml")], body).into_response()
}
