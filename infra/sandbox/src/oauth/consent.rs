//! The page on which a person lets an app in. A script may post its form without looking at it.

use super::{Challenge, Code, Rules, endpoint::may_ask};
use crate::{
    reply::Reply,
    request::{Request, first},
    world::{World, random_hex},
};

/// The parameters of an authorization request, checked.
struct Ask {
    app_name: String,
    website: Option<String>,
    client_id: String,
    redirect_uri: String,
    state: Option<String>,
    scopes: Vec<String>,
    challenge: Option<(String, Challenge)>,
}

/// Why there is no consent page.
enum Refused {
    /// The app or its address is not to be trusted: the person sees it, nobody is redirected.
    Here(String),
    /// The app is told.
    There { redirect_uri: String, state: Option<String>, error: &'static str, description: String },
}

impl Refused {
    fn reply(self) -> Reply {
        match self {
            Self::Here(why) => Reply::html(400, page("This cannot be authorized", &paragraph(&why))).strict([why]),
            Self::There { redirect_uri, state, error, description } => {
                let mut pairs = vec![("error", error), ("error_description", description.as_str())];
                pairs.extend(state.as_deref().map(|state| ("state", state)));
                Reply::redirect(&with_query(&redirect_uri, &pairs)).strict([format!("{error}: {description}")])
            }
        }
    }
}

/// `GET authorize`: shows which app asks for what, and lets a person choose an account.
pub(crate) fn consent(world: &World, rules: &Rules, network: &str, request: &Request) -> Reply {
    let ask = match read(world, rules, &request.query) {
        Ok(ask) => ask,
        Err(refused) => return refused.reply(),
    };
    let hidden: String = request
        .query
        .iter()
        .map(|(name, value)| format!("<input type=hidden name=\"{}\" value=\"{}\">", escaped(name), escaped(value)))
        .collect();
    let scopes: String = ask.scopes.iter().map(|scope| format!("<li><code>{}</code></li>", escaped(scope))).collect();
    let accounts: String = world
        .accounts_of(rules.platform)
        .enumerate()
        .map(|(at, account)| {
            format!(
                "<label><input type=radio name=account value=\"{id}\"{checked}>\
                 <img src=\"/_avatar/{platform}/{handle}\" alt=\"\"><span><b>{name}</b><br>@{handle}</span></label>",
                id = escaped(&account.id),
                checked = if at == 0 { " checked" } else { "" },
                platform = rules.platform,
                handle = escaped(&account.handle),
                name = escaped(&account.name),
            )
        })
        .collect();
    let website =
        ask.website.as_deref().map(|site| format!("<p class=quiet>{}</p>", escaped(site))).unwrap_or_default();
    let body = format!(
        "<p><b>{app}</b> wants to use your {network} account.</p>{website}<form method=post>{hidden}\
         <h2>It asks for</h2><ul>{scopes}</ul><h2>Which account?</h2>{accounts}\
         <div class=buttons><button name=decision value=approve class=yes>Approve</button>\
         <button name=decision value=deny>Deny</button></div></form>\
         <p class=quiet>Afterwards you are sent to <code>{target}</code></p>",
        app = escaped(&ask.app_name),
        target = escaped(&ask.redirect_uri),
    );
    Reply::html(200, page(&format!("Authorize on {network}"), &body))
}

/// `POST authorize`: the form of the page, with `account` (an id or a handle) and `decision` (`approve` or `deny`).
pub(crate) fn decide(world: &mut World, rules: &Rules, request: &Request) -> Reply {
    let form = request.form();
    let ask = match read(world, rules, &form) {
        Ok(ask) => ask,
        Err(refused) => return refused.reply(),
    };
    match first(&form, "decision") {
        Some("approve") => {}
        Some("deny") => {
            return Refused::There {
                redirect_uri: ask.redirect_uri,
                state: ask.state,
                error: "access_denied",
                description: "The resource owner denied the request.".to_owned(),
            }
            .reply();
        }
        _ => return Refused::Here("decision must be approve or deny".to_owned()).reply(),
    }
    let wanted = first(&form, "account").unwrap_or_default();
    let Some(account_id) = world
        .accounts_of(rules.platform)
        .find(|account| account.id == wanted || account.handle == wanted)
        .map(|account| account.id.clone())
    else {
        return Refused::Here(format!("account: there is no {wanted:?} here")).reply();
    };
    let code = random_hex(20);
    let expires_at = world.clock.after(rules.code_seconds);
    world.oauth.codes.insert(
        code.clone(),
        Code {
            platform: rules.platform,
            client_id: ask.client_id,
            redirect_uri: ask.redirect_uri.clone(),
            account_id,
            scopes: ask.scopes,
            challenge: ask.challenge,
            expires_at,
            used: None,
        },
    );
    if ask.redirect_uri == "urn:ietf:wg:oauth:2.0:oob" {
        let shown = format!("<p>Copy this code into the app:</p><pre>{}</pre>", escaped(&code));
        return Reply::html(200, page("Authorized", &shown));
    }
    let mut pairs = vec![("code", code.as_str())];
    pairs.extend(ask.state.as_deref().map(|state| ("state", state)));
    Reply::redirect(&with_query(&ask.redirect_uri, &pairs))
}

fn read(world: &World, rules: &Rules, params: &[(String, String)]) -> Result<Ask, Refused> {
    let here = |why: &str| Refused::Here(why.to_owned());
    let client_id = first(params, "client_id").ok_or_else(|| here("client_id is missing"))?;
    let app = world.oauth.app(rules.platform, client_id).ok_or_else(|| here("client_id is not known"))?;
    let redirect_uri = first(params, "redirect_uri").ok_or_else(|| here("redirect_uri is missing"))?;
    let registered = match &app.redirect_uris {
        Some(uris) => uris.iter().any(|uri| uri == redirect_uri),
        None => url::Url::parse(redirect_uri).is_ok_and(|url| matches!(url.scheme(), "http" | "https")),
    };
    if !registered {
        return Err(here("redirect_uri is not one of the app's"));
    }
    let state = first(params, "state").map(str::to_owned);
    let there = |error, description: String| Refused::There {
        redirect_uri: redirect_uri.to_owned(),
        state: state.clone(),
        error,
        description,
    };
    match first(params, "response_type") {
        Some("code") => {}
        Some(_) => return Err(there("unsupported_response_type", "Only response_type=code is there.".to_owned())),
        None => return Err(there("invalid_request", "response_type is missing.".to_owned())),
    }
    let asked = first(params, "scope")
        .filter(|scope| !scope.trim().is_empty())
        .or(rules.default_scope)
        .ok_or_else(|| there("invalid_scope", "scope is missing.".to_owned()))?;
    // RFC 6749 wants blanks between scopes; some networks take commas.
    let scopes: Vec<String> = asked.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    if let Some(scope) = scopes.iter().find(|scope| !may_ask(rules, app, scope)) {
        return Err(there("invalid_scope", format!("The app may not ask for {scope}.")));
    }
    let challenge = match (first(params, "code_challenge"), first(params, "code_challenge_method")) {
        (None, None) if rules.pkce_required => {
            return Err(there("invalid_request", "code_challenge is missing.".to_owned()));
        }
        (None, None) => None,
        (None, Some(_)) => return Err(there("invalid_request", "code_challenge is missing.".to_owned())),
        (Some(challenge), Some("S256")) if challenge.len() == 43 => Some((challenge.to_owned(), Challenge::S256)),
        (Some(_), Some("S256")) => {
            return Err(there("invalid_request", "code_challenge is not a SHA-256 in base64url.".to_owned()));
        }
        (Some(challenge), None | Some("plain")) if rules.pkce_plain => Some((challenge.to_owned(), Challenge::Plain)),
        _ => return Err(there("invalid_request", "code_challenge_method must be S256.".to_owned())),
    };
    Ok(Ask {
        app_name: app.name.clone(),
        website: app.website.clone(),
        client_id: client_id.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        state,
        scopes,
        challenge,
    })
}

fn with_query(uri: &str, pairs: &[(&str, &str)]) -> String {
    match url::Url::parse(uri) {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(pairs);
            url.into()
        }
        // Registered as it stands, so it is handed back as it stands.
        Err(_) => uri.to_owned(),
    }
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escaped(text))
}

fn page(title: &str, body: &str) -> String {
    include_str!("consent.html").replace("{title}", &escaped(title)).replace("{body}", body)
}

/// Text that is safe in HTML, also inside a quoted attribute.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
