//! A person with a browser, at the login page of a network.

use reqwest::Url;

use crate::stack::Stack;

/// Where a browser ended up.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// Opens a network's login page, chooses an account and presses a button. Gives back the address to which the network
/// sends the browser, which is not opened yet.
pub(crate) async fn decide(stack: &Stack, authorize_url: &str, handle: &str, decision: &str) -> String {
    let page = open(stack, authorize_url).await;
    assert_eq!(page.status, 200, "the login page: {}", page.text);
    let mut fields = hidden_fields(&page.text);
    assert!(page.text.contains(&format!("@{handle}")), "{handle} cannot be chosen: {}", page.text);
    for (name, value) in &fields {
        if name == "state" {
            stack.remember("a state of a login", value);
        }
    }
    fields.push(("account".to_owned(), handle.to_owned()));
    fields.push(("decision".to_owned(), decision.to_owned()));
    let mut target = Url::parse(authorize_url).unwrap();
    target.set_query(None);
    let answer = stack.http.post(target.clone()).form(&fields).send().await.unwrap();
    assert_eq!(answer.status(), 302, "{target}");
    let back = answer.headers()["location"].to_str().unwrap().to_owned();
    let code =
        Url::parse(&back).unwrap().query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
    if let Some(code) = code {
        stack.remember("a code of a login", &code);
    }
    back
}

/// Agrees, and goes where the network sends the browser.
pub(crate) async fn agree(stack: &Stack, authorize_url: &str, handle: &str) -> Page {
    let back = decide(stack, authorize_url, handle, "approve").await;
    open(stack, &back).await
}

pub(crate) async fn open(stack: &Stack, url: &str) -> Page {
    let answer = stack.http.get(url).send().await.unwrap();
    Page { status: answer.status().as_u16(), text: answer.text().await.unwrap() }
}

fn hidden_fields(page: &str) -> Vec<(String, String)> {
    let inputs = page.split("<input type=hidden ").skip(1);
    let fields = inputs.map(|input| {
        let attribute = |name: &str| {
            let (_, rest) = input.split_once(&format!("{name}=\"")).expect("a hidden field has a name and a value");
            html_escape::decode_html_entities(rest.split_once('"').expect("it is closed").0).into_owned()
        };
        (attribute("name"), attribute("value"))
    });
    fields.collect()
}
