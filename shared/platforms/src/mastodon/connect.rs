//! Connecting: the server is named by whoever connects, and the app is registered there on the spot.

use async_trait::async_trait;
use crieur_domain::{Account, ErrorKind, Failure};
use serde_json::{Map, Value};
use url::{Host, Url};

use super::{APP_NAME, Client, SPEC, ask, base_url, errors, wire};
use crate::{
    Spec,
    connect::{App, Candidate, Connect, Connecting, Credentials, Prepared, field},
    http::Endpoints,
    oauth,
    publish::to_checkpoint,
};

#[async_trait]
impl Connect for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    async fn prepare(&self, cx: &Connecting<'_>, input: &Map<String, Value>) -> Result<Prepared, Failure> {
        let base = server(cx.http.endpoints(), field(input, "instance")?)?;
        instance(cx, &base).await?;
        let scopes: Vec<_> = SPEC.scopes.iter().map(|scope| scope.name).collect();
        let request = wire::register_app(&base, APP_NAME, cx.redirect_url, &scopes.join(" "));
        let app: wire::Application = ask(cx.http, request, cx.now).await?.json()?;
        let app = App { client_id: app.client_id, client_secret: Some(app.client_secret) };
        Ok(Prepared { app, base_url: Some(base) })
    }

    async fn identify(
        &self,
        cx: &Connecting<'_>,
        prepared: &Prepared,
        tokens: Credentials,
    ) -> Result<Vec<Candidate>, Failure> {
        let base = prepared.base_url.as_deref().ok_or_else(no_server)?;
        let account: wire::Account =
            ask(cx.http, wire::verify_credentials(base, &tokens.access_token), cx.now).await?.json()?;
        let instance = instance(cx, base).await?;
        Ok(vec![Candidate {
            network_id: account.id,
            handle: format!("{}@{}", account.username, instance.domain),
            name: if account.display_name.is_empty() { account.username } else { account.display_name },
            avatar_url: account.avatar,
            base_url: Some(base.to_owned()),
            facts: to_checkpoint(&instance.facts),
            credentials: Credentials { app: Some(prepared.app.clone()), ..tokens },
            expires_at: None,
        }])
    }

    async fn login(&self, _cx: &Connecting<'_>, _input: &Map<String, Value>) -> Result<Candidate, Failure> {
        Err(Failure::new(ErrorKind::Refused, "Mastodon is connected by its login page, not by a password.")
            .remedy("Open the page that starting the connection gives."))
    }

    async fn refresh(
        &self,
        _cx: &Connecting<'_>,
        _account: &Account,
        _credentials: &Credentials,
    ) -> Result<Credentials, Failure> {
        Err(Failure::new(ErrorKind::PermissionGone, "Mastodon's tokens do not run out and cannot be renewed.")
            .remedy("Connect the account again."))
    }

    async fn revoke(&self, cx: &Connecting<'_>, account: &Account, credentials: &Credentials) -> Result<(), Failure> {
        // Without the app that a token belongs to it cannot be given back, and no other app can use it.
        let Some(app) = credentials.app.as_ref().or(cx.app) else { return Ok(()) };
        oauth::revoke(&SPEC, cx.http, Some(base_url(account)?), app, &credentials.access_token).await
    }
}

fn no_server() -> Failure {
    Failure::new(ErrorKind::Refused, "The login does not say at which server it is.").remedy("Start the login again.")
}

/// The address of the server that a person means: `social.example`, `https://social.example/@ada`, `@ada@social.example`.
/// Below the sandbox's address a path is part of it.
fn server(endpoints: &Endpoints, input: &str) -> Result<String, Failure> {
    if let (Endpoints::Sandbox(sandbox), Ok(url)) = (endpoints, Url::parse(input))
        && url.origin() == sandbox.origin()
    {
        return Ok(url.as_str().trim_end_matches('/').to_owned());
    }
    let (_, rest) = input.split_once("://").unwrap_or(("", input));
    let url = Url::parse(&format!("https://{rest}")).ok();
    match url.as_ref().map(|url| (url.host(), url.port())) {
        Some((Some(Host::Domain(name)), port)) if name.contains('.') => {
            Ok(port.map_or_else(|| format!("https://{name}"), |port| format!("https://{name}:{port}")))
        }
        _ => Err(Failure::new(ErrorKind::Refused, format!("`{input}` is not the name of a server."))
            .remedy("Give the server's name as it stands in your handle, such as `mastodon.social`.")),
    }
}

/// Asks a server what it is.
async fn instance(cx: &Connecting<'_>, base: &str) -> Result<wire::Instance, Failure> {
    let response = cx.http.send(wire::instance(base)).await.map_err(|failure| {
        Failure { message: format!("`{base}` cannot be reached: {}", failure.message), ..failure }
            .remedy("Check the server's name, or try again later.")
    })?;
    if response.status / 100 == 3 {
        let onward = response.header("location").and_then(|to| Url::parse(base).ok()?.join(to).ok());
        let onward = onward.as_ref().and_then(Url::host_str).unwrap_or("another server");
        return Err(Failure::new(ErrorKind::Refused, format!("`{base}` sends us on to `{onward}`."))
            .status(response.status)
            .remedy(format!("Give `{onward}` as the server.")));
    }
    if response.is_success()
        && let Ok(instance) = response.json::<wire::Instance>()
    {
        return Ok(instance);
    }
    match errors::failure(&response, cx.now) {
        failure if matches!(failure.kind, ErrorKind::RateLimited) || response.status >= 500 => Err(failure),
        _ => Err(Failure::new(ErrorKind::Refused, format!("`{base}` is not a Mastodon server."))
            .status(response.status)
            .remedy("Give the server's name as it stands in your handle, such as `mastodon.social`.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_understood_however_it_is_written() {
        for input in [
            "social.example",
            "Social.Example/",
            "https://social.example",
            "http://social.example/@ada",
            "ada@social.example",
            "@ada@social.example",
        ] {
            assert_eq!(server(&Endpoints::Real, input).expect(input), "https://social.example", "{input}");
        }
        assert_eq!(
            server(&Endpoints::Real, "bücher.example:8443").expect("a name"),
            "https://xn--bcher-kva.example:8443"
        );
    }

    #[test]
    fn what_names_no_public_server_is_refused() {
        for input in ["localhost", "127.0.0.1", "https://[::1]/", "2130706433", "ada", "not a server", "ftp://"] {
            assert_eq!(server(&Endpoints::Real, input).expect_err(input).kind, ErrorKind::Refused, "{input}");
        }
    }

    #[test]
    fn in_the_sandbox_its_own_path_is_the_server() {
        let sandbox = Endpoints::from_var(Some("http://127.0.0.1:4500")).expect("an address");
        let inside = "http://127.0.0.1:4500/mastodon";
        assert_eq!(server(&sandbox, &format!("{inside}/")).expect("inside"), inside);
        assert_eq!(server(&sandbox, "social.example").expect("a name"), "https://social.example");
        assert!(server(&sandbox, "http://127.0.0.1:4501/mastodon").is_err());
    }
}
