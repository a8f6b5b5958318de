//! What a login takes, checked against the network's own list of fields.

use crieur_domain::Problem;
use crieur_platforms::{
    Spec,
    spec::{ConnectKind, Field},
};
use serde_json::{Map, Value};
use url::{Host, Url};

use super::ConnectRequest;
use crate::problem::ApiProblem;

/// The longest value of a field.
const MAX_LENGTH: usize = 2048;

/// What a credential network needs.
pub(super) fn credentials<'a>(
    spec: &Spec,
    fields: &[Field],
    request: &'a ConnectRequest,
) -> Result<&'a Map<String, Value>, ApiProblem> {
    static NOTHING: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    let mut problems = Vec::new();
    if request.redirect_url.is_some() {
        problems.push(not_here(spec, "/redirect_url", "redirect_url"));
    }
    problems.extend(request.fields.keys().map(|name| not_here(spec, &format!("/{name}"), name)));
    let given = request.credentials.as_ref().unwrap_or(&NOTHING);
    check(spec, fields, given, "/credentials", &mut problems);
    if problems.is_empty() { Ok(given) } else { Err(ApiProblem::validation(problems)) }
}

/// What has to be known before a login page can be opened.
pub(super) fn login_page(spec: &Spec, fields: &[Field], request: &ConnectRequest) -> Result<(), ApiProblem> {
    let mut problems = Vec::new();
    if let Some(url) = request.redirect_url.as_deref().filter(|url| !is_safe(url)) {
        let message = if Url::parse(url).is_ok() {
            "The browser is sent to `https` addresses only, or to `http` on this very machine."
        } else {
            "This is no address."
        };
        let remedy = "Give an address such as `https://cms.example.com/connected`, without a user name in it.";
        problems.push(Problem::new("/redirect_url", "connect.redirect_url", message, remedy));
    }
    if request.credentials.is_some() {
        problems.push(not_here(spec, "/credentials", "credentials"));
    }
    check(spec, fields, &request.fields, "", &mut problems);
    if problems.is_empty() { Ok(()) } else { Err(ApiProblem::validation(problems)) }
}

fn check(spec: &Spec, fields: &[Field], given: &Map<String, Value>, at: &str, problems: &mut Vec<Problem>) {
    for field in fields {
        let pointer = format!("{at}/{}", field.name);
        match given.get(field.name) {
            None | Some(Value::Null) if field.required => {
                let message = format!("`{}` is missing: {}.", field.name, field.title);
                problems.push(Problem::new(pointer, "connect.required", message, format!("Add `{}`.", field.name)));
            }
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.trim().is_empty() => {
                let remedy = format!("Fill in `{}`: {}.", field.name, field.title);
                problems.push(Problem::new(pointer, "connect.empty", "This is empty.", remedy));
            }
            Some(Value::String(text)) => {
                let length = text.chars().count();
                if length > MAX_LENGTH {
                    let message = format!("This takes {MAX_LENGTH} characters at most and has {length}.");
                    let problem = Problem::new(pointer, "connect.max_length", message, "Shorten it.");
                    problems.push(problem.over(MAX_LENGTH as u64, length as u64));
                }
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                problems.push(Problem::new(pointer, "connect.type", "This has to be a text.", "Send a text."));
            }
        }
    }
    for name in given.keys().filter(|name| fields.iter().all(|field| field.name != name.as_str())) {
        let shown: String = name.chars().take(64).collect();
        problems.push(not_here(spec, &format!("{at}/{}", shown.replace('~', "~0").replace('/', "~1")), &shown));
    }
}

fn not_here(spec: &Spec, pointer: &str, name: &str) -> Problem {
    let (fields, place) = match &spec.connect {
        ConnectKind::OAuth2(oauth2) => (oauth2.fields, "beside `redirect_url`"),
        ConnectKind::Credentials { fields } => (*fields, "inside `credentials`"),
    };
    let names: Vec<_> = fields.iter().map(|field| format!("`{}`", field.name)).collect();
    let remedy = if names.is_empty() {
        format!("Leave it out: {} takes no fields.", spec.name)
    } else {
        format!("Leave it out. {} takes {} {place}.", spec.name, names.join(", "))
    };
    let message = format!("Connecting an account of {} takes no `{name}` here.", spec.name);
    Problem::new(pointer, "connect.unknown_field", message, remedy)
}

/// Whether a browser may be sent there. A caller chooses the address, so anything may stand in it.
fn is_safe(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return false,
    };
    let plain = url.username().is_empty() && url.password().is_none();
    plain && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_not_sent_where_anybody_could_listen() {
        for good in
            ["https://cms.example.com/done?x=1", "http://localhost:3000/", "http://127.0.0.1/", "http://[::1]:8/"]
        {
            assert!(is_safe(good), "{good}");
        }
        for bad in [
            "http://cms.example.com/",
            "https://user@cms.example.com/",
            "javascript:alert(1)",
            "//cms.example.com",
            "data:text/html,x",
            "http://localhost.example.com/",
            "crieur://x",
        ] {
            assert!(!is_safe(bad), "{bad}");
        }
    }
}
