//! What a site's refusals mean. Codes are those of WordPress itself; a body that is no JSON comes from something before
//! it: a web server, a firewall, a page for maintenance.

use crieur_domain::{ErrorKind, Failure};
use jiff::Timestamp;

use super::{SPEC, wire};
use crate::{
    errors::{self, Code, Said},
    http::Response,
    spec::Source,
};

const HANDBOOK: Source =
    Source { at: "https://developer.wordpress.org/rest-api/using-the-rest-api/authentication/", read: "2026-11-22" };
const POSTS: Source = Source {
    at: "https://github.com/WordPress/wordpress-develop/blob/trunk/src/wp-includes/rest-api/endpoints/class-wp-rest-posts-controller.php",
    read: "2026-11-22",
};
const MEDIA: Source = Source {
    at: "https://github.com/WordPress/wordpress-develop/blob/trunk/src/wp-includes/rest-api/endpoints/class-wp-rest-attachments-controller.php",
    read: "2026-11-22",
};
const SERVER: Source = Source {
    at: "https://github.com/WordPress/wordpress-develop/blob/trunk/src/wp-includes/rest-api/class-wp-rest-server.php",
    read: "2026-11-22",
};
const WEB_SERVER: Source =
    Source { at: "https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size", read: "2026-11-22" };

const NEW_PASSWORD: Option<&str> =
    Some("Make a new application password in the user's profile on the site, and connect the account again.");
const ROLE: Option<&str> =
    Some("Ask an administrator of the site to give this user a role that may do this, such as Author.");
const SMALLER: Option<&str> = Some("Upload a smaller file, or have the site's limits raised.");

const fn row(
    status: Option<u16>,
    code: &'static str,
    kind: ErrorKind,
    remedy: Option<&'static str>,
    source: Source,
) -> Code {
    Code { status, code, message: "", kind, remedy, source }
}

/// Documented and seen answers; the first that fits counts.
pub(super) const CODES: &[Code] = &[
    // Application passwords do not run out: one that is refused was taken back.
    row(Some(401), "", ErrorKind::PermissionGone, NEW_PASSWORD, HANDBOOK),
    row(Some(403), "incorrect_password", ErrorKind::PermissionGone, NEW_PASSWORD, HANDBOOK),
    row(Some(403), "", ErrorKind::Refused, ROLE, POSTS),
    row(Some(404), "rest_post_invalid_id", ErrorKind::NotFound, None, POSTS),
    row(Some(410), "rest_already_trashed", ErrorKind::NotFound, None, POSTS),
    row(
        Some(404),
        "rest_no_route",
        ErrorKind::Refused,
        Some("Check on the site that no plugin switches the REST API off."),
        SERVER,
    ),
    // A refusal for good, although it says 500.
    row(
        Some(500),
        "rest_upload_sideload_error",
        ErrorKind::Refused,
        Some("Upload the file in a format that the site takes, or leave it out."),
        MEDIA,
    ),
    row(Some(500), "rest_upload_unknown_error", ErrorKind::Refused, SMALLER, MEDIA),
    // The database said no: nothing was written.
    row(Some(500), "db_insert_error", ErrorKind::Unavailable, None, POSTS),
    row(Some(500), "db_update_error", ErrorKind::Unavailable, None, POSTS),
    row(Some(413), "", ErrorKind::Refused, SMALLER, WEB_SERVER),
    row(Some(400), "", ErrorKind::Refused, None, SERVER),
    row(Some(429), "", ErrorKind::RateLimited, None, SERVER),
];

/// The failure that an answer stands for.
pub(super) fn failure(response: &Response, now: Timestamp) -> Failure {
    let said = match problem(response) {
        Some(problem) => Said { code: Some(problem.code), message: super::content::plain(&problem.message) },
        None => Said::default(),
    };
    errors::failure(&SPEC, CODES, response, said, now)
}

/// WordPress's own words, where they are that.
pub(super) fn problem(response: &Response) -> Option<wire::Problem> {
    serde_json::from_slice(&response.body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn told(status: u16, body: &str) -> Failure {
        let response = Response { status, headers: HeaderMap::new(), body: body.to_owned().into() };
        failure(&response, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_seen_refusals_are_told_apart() {
        let table = [
            (401, include_str!("fixtures/error_401.json"), ErrorKind::PermissionGone),
            (403, include_str!("fixtures/error_403_create.json"), ErrorKind::Refused),
            (404, include_str!("fixtures/error_404_post.json"), ErrorKind::NotFound),
            (404, include_str!("fixtures/error_404_route.json"), ErrorKind::Refused),
            (410, include_str!("fixtures/error_410_trashed.json"), ErrorKind::NotFound),
            (400, include_str!("fixtures/error_400_param.json"), ErrorKind::Refused),
            (400, include_str!("fixtures/error_400_empty.json"), ErrorKind::Refused),
            (500, include_str!("fixtures/error_500_type.json"), ErrorKind::Refused),
            (500, include_str!("fixtures/error_500_critical.json"), ErrorKind::Interrupted),
            (413, "<html>413 Request Entity Too Large</html>", ErrorKind::Refused),
            (403, "<html>Blocked</html>", ErrorKind::Refused),
            (503, "<html>Briefly unavailable for scheduled maintenance.</html>", ErrorKind::Interrupted),
            (429, "", ErrorKind::RateLimited),
        ];
        for (status, body, kind) in table {
            assert_eq!(told(status, body).kind, kind, "{status} {body}");
        }
        let critical = told(500, include_str!("fixtures/error_500_critical.json"));
        assert_eq!(critical.message, "There has been a critical error on this website.");
    }
}
