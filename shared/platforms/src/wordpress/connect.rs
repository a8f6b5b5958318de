//! Connecting: the site is named by whoever connects, and asked what it is and what the user may do there.

use async_trait::async_trait;
use crieur_domain::{Account, ErrorKind, Failure, Secret};
use http::Method;
use serde_json::{Map, Value};
use url::{Host, Url};

use super::{Client, Door, Facts, SPEC, ask, errors, wire};
use crate::{
    Spec,
    connect::{Candidate, Connect, Connecting, Credentials, Prepared, field},
    http::Endpoints,
    publish::to_checkpoint,
};

#[async_trait]
impl Connect for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    async fn identify(&self, _: &Connecting<'_>, _: &Prepared, _: Credentials) -> Result<Vec<Candidate>, Failure> {
        Err(Failure::new(ErrorKind::Refused, "WordPress is connected by an application password, not by a login page."))
    }

    async fn login(&self, cx: &Connecting<'_>, input: &Map<String, Value>) -> Result<Candidate, Failure> {
        let site = site(cx.http.endpoints(), field(input, "base_url")?)?;
        let username = field(input, "username")?;
        let password = Secret::new(field(input, "application_password")?);
        let (root, index) = find_api(cx, &site).await?;
        let door = wire::Site { root: &root, username, password: &password };
        let me = door.get("/wp/v2/users/me", &[("context", "edit")]);
        let user: wire::User = ask(cx.http, me, cx.now).await.map_err(for_a_person)?.json()?;
        let facts = facts(username, &user);
        if user.capabilities["edit_posts"] != true {
            return Err(Failure::new(ErrorKind::Refused, "This user may not write posts on the site.")
                .remedy("Ask an administrator of the site for the role Author or a higher one."));
        }
        let place = site.split_once("://").map_or(site.as_str(), |(_, place)| place).to_owned();
        let title = super::content::decoded(&index.name);
        Ok(Candidate {
            network_id: format!("{}@{place}", user.id),
            name: match (title.trim(), user.name.trim()) {
                ("", "") => place.clone(),
                ("", name) => name.to_owned(),
                (title, _) => title.to_owned(),
            },
            handle: format!("{username}@{place}"),
            avatar_url: ["96", "48", "24"].iter().find_map(|size| user.avatar_urls[*size].as_str().map(str::to_owned)),
            base_url: Some(root),
            facts: to_checkpoint(&facts),
            credentials: Credentials {
                access_token: password,
                refresh_token: None,
                expires_at: None,
                scopes: Vec::new(),
                password: None,
                app: None,
            },
            expires_at: None,
        })
    }

    async fn refresh(&self, _: &Connecting<'_>, _: &Account, _: &Credentials) -> Result<Credentials, Failure> {
        Err(Failure::new(ErrorKind::PermissionGone, "Application passwords do not run out and cannot be renewed.")
            .remedy("Make a new application password in the user's profile, and connect the account again."))
    }

    async fn revoke(&self, cx: &Connecting<'_>, account: &Account, credentials: &Credentials) -> Result<(), Failure> {
        let door = Door::of(account, credentials)?;
        let route = "/wp/v2/users/me/application-passwords";
        let asked = ask(cx.http, door.site().get(&format!("{route}/introspect"), &[]), cx.now).await;
        let password: wire::ApplicationPassword = match asked {
            // It opens nothing any more.
            Err(failure) if matches!(failure.kind, ErrorKind::PermissionGone | ErrorKind::NotFound) => return Ok(()),
            answer => answer?.json()?,
        };
        let request = door.site().request(Method::DELETE, &format!("{route}/{}", password.uuid));
        match ask(cx.http, request, cx.now).await {
            Err(failure) if matches!(failure.kind, ErrorKind::PermissionGone | ErrorKind::NotFound) => Ok(()),
            answer => answer.map(drop),
        }
    }
}

fn facts(username: &str, user: &wire::User) -> Facts {
    let may = |right: &str| Some(user.capabilities[right] == true);
    Facts {
        username: username.to_owned(),
        user_id: user.id,
        publish_posts: may("publish_posts"),
        publish_pages: may("publish_pages"),
        upload_files: may("upload_files"),
        manage_categories: may("manage_categories"),
    }
}

/// Whoever logs in can change what was typed; nothing is lost yet.
fn for_a_person(mut failure: Failure) -> Failure {
    if failure.kind == ErrorKind::PermissionGone {
        failure.kind = ErrorKind::Refused;
        failure.remedy = Some(
            "Check the user name and the application password: it is made in the user's profile on the site and is not the \
             password of the login page. Some hosts have to be told to let the `Authorization` header pass."
                .to_owned(),
        );
    }
    failure
}

/// The address of the site that a person means, without a slash at its end: `blog.example`, `https://blog.example/news/`,
/// `https://blog.example/wp-admin/profile.php`. Below the sandbox's address its own path is part of it.
fn site(endpoints: &Endpoints, input: &str) -> Result<String, Failure> {
    let refuse = |why: &str| {
        Failure::new(ErrorKind::Refused, format!("`{input}` is not the address of a site: {why}."))
            .remedy("Give the address at which the site is read, such as `https://blog.example.com`.")
    };
    let whole = if input.contains("://") { input.to_owned() } else { format!("https://{input}") };
    let mut url = Url::parse(&whole).map_err(|error| refuse(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::new(ErrorKind::Refused, "A site's address holds no user and no password.")
            .remedy("Give user name and application password each in its own field."));
    }
    let in_sandbox = matches!(endpoints, Endpoints::Sandbox(sandbox) if sandbox.origin() == url.origin());
    if !in_sandbox {
        if url.scheme() == "http" {
            // A password must not travel in the clear; sites that have no https cannot be connected.
            let _same = url.set_scheme("https");
        }
        if !matches!(url.host(), Some(Host::Domain(name)) if name.contains('.')) || url.scheme() != "https" {
            return Err(refuse("it has no public name"));
        }
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().to_owned();
    let inside =
        ["/wp-admin", "/wp-json", "/wp-login.php", "/xmlrpc.php"].iter().filter_map(|part| path.find(part)).min();
    url.set_path(&path[..inside.unwrap_or(path.len())]);
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Where the site's API begins, and what it says of itself. Sites without readable addresses have it at a parameter.
async fn find_api(cx: &Connecting<'_>, site: &str) -> Result<(String, wire::Index), Failure> {
    let mut last = None;
    for root in [format!("{site}/wp-json"), format!("{site}/?rest_route=")] {
        let response = cx.http.send(wire::index(&root)).await.map_err(|failure| {
            Failure { message: format!("`{site}` cannot be reached: {}", failure.message), ..failure }
                .remedy("Check the site's address, or try again later.")
        })?;
        if response.status / 100 == 3 {
            let onward = response.header("location").and_then(|to| Url::parse(&root).ok()?.join(to).ok());
            let onward = onward.map(|url| url.origin().ascii_serialization());
            let onward = onward.as_deref().unwrap_or("another address");
            return Err(Failure::new(ErrorKind::Refused, format!("`{site}` sends us on to `{onward}`."))
                .status(response.status)
                .remedy(format!("Give `{onward}` as the address.")));
        }
        if response.is_success()
            && let Ok(index) = response.json::<wire::Index>()
            && index.namespaces.iter().any(|name| name == "wp/v2")
        {
            return if index.authentication["application-passwords"].is_object() {
                Ok((root, index))
            } else {
                Err(Failure::new(ErrorKind::Refused, format!("`{site}` has application passwords switched off."))
                    .remedy(
                        "Switch them on: they need WordPress 5.6 and https, and a security plugin may forbid them.",
                    ))
            };
        }
        let failure = errors::failure(&response, cx.now);
        if response.status >= 500 || failure.kind == ErrorKind::RateLimited {
            return Err(failure);
        }
        last = Some(response.status);
    }
    let failure =
        Failure::new(ErrorKind::Refused, format!("`{site}` is no WordPress site, or its REST API is closed."))
            .remedy("Check the site's address, and that no plugin switches the REST API off.");
    Err(last.map_or(failure.clone(), |status| failure.status(status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_understood_however_it_is_written() {
        for (input, meant) in [
            ("blog.example", "https://blog.example"),
            ("http://Blog.example/", "https://blog.example"),
            ("https://blog.example/wp-admin/profile.php?x=1", "https://blog.example"),
            ("blog.example/news/wp-json/", "https://blog.example/news"),
            ("https://blog.example:8443/news/#top", "https://blog.example:8443/news"),
        ] {
            assert_eq!(site(&Endpoints::Real, input).expect(input), meant, "{input}");
        }
        for input in ["localhost", "127.0.0.1", "https://[::1]/", "blog", "ftp://blog.example", "2130706433"] {
            assert_eq!(site(&Endpoints::Real, input).expect_err(input).kind, ErrorKind::Refused, "{input}");
        }
        let failure = site(&Endpoints::Real, "https://ada:hush@blog.example").expect_err("a password");
        assert!(!format!("{failure:?}").contains("hush"), "{failure:?}");
    }

    #[test]
    fn in_the_sandbox_its_own_path_is_the_site() {
        let sandbox = Endpoints::from_var(Some("http://127.0.0.1:4500")).expect("an address");
        let inside = "http://127.0.0.1:4500/wordpress";
        assert_eq!(site(&sandbox, &format!("{inside}/")).expect("inside"), inside);
        assert!(site(&sandbox, "http://127.0.0.1:4501/wordpress").is_err());
    }

    #[test]
    fn a_user_is_what_the_site_lets_it_do() {
        let user: wire::User = serde_json::from_str(include_str!("fixtures/user.json")).expect("a user");
        let facts = facts("ada", &user);
        assert_eq!((facts.user_id, facts.publish_posts, facts.publish_pages), (3, Some(true), Some(false)));
        let index: wire::Index = serde_json::from_str(include_str!("fixtures/index.json")).expect("an index");
        assert!(index.authentication["application-passwords"].is_object());
    }
}
