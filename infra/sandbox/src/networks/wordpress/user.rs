//! Users and their application passwords: <https://developer.wordpress.org/rest-api/reference/application-passwords/>.

use serde_json::{Value, json};

use super::{ID, Twin, error};
use crate::{
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// A user's application password: another one once the last was withdrawn.
pub(super) fn password(world: &World, account: &Account) -> String {
    let stem = account.password.as_deref().unwrap_or_default();
    format!("{stem} {:04}", world.oauth.withdrawals(ID, &account.id) + 1)
}

/// What a user may do. Ada is an editor, the bakery an author.
pub(super) fn may(account: &Account, right: &str) -> bool {
    const AUTHOR: [&str; 7] = [
        "edit_posts",
        "edit_published_posts",
        "publish_posts",
        "upload_files",
        "delete_posts",
        "delete_published_posts",
        "read",
    ];
    const EDITOR: [&str; 10] = [
        "edit_others_posts",
        "edit_pages",
        "edit_others_pages",
        "edit_published_pages",
        "publish_pages",
        "delete_pages",
        "delete_published_pages",
        "delete_others_posts",
        "manage_categories",
        "moderate_comments",
    ];
    AUTHOR.contains(&right) || (account.id == "1" && EDITOR.contains(&right))
}

/// The user whose password a request carries; `None` for a stranger. One that is wrong makes a stranger too.
pub(super) fn reader(twin: &Twin, world: &World, request: &Request) -> Option<Account> {
    let (name, given) = request.basic()?;
    let bare = |text: &str| text.replace(' ', "");
    let account = world.accounts_of(ID).find(|account| account.handle == name)?;
    let good = bare(&given) == bare(&password(world, account)) && !twin.dead.contains(&bare(&given));
    good.then(|| account.clone())
}

/// The user behind a request that strangers may not make.
pub(super) fn enter(twin: &Twin, world: &World, request: &Request) -> Result<Account, Reply> {
    reader(twin, world, request).ok_or_else(|| error(401, "rest_not_logged_in", "You are not currently logged in."))
}

/// The same for a request that makes something, with the right that it needs.
pub(super) fn maker(twin: &Twin, world: &World, request: &Request, right: &str) -> Result<Account, Reply> {
    let refused =
        |status| error(status, "rest_cannot_create", "Sorry, you are not allowed to create posts as this user.");
    let account = reader(twin, world, request).ok_or_else(|| refused(401))?;
    if may(&account, right) { Ok(account) } else { Err(refused(403)) }
}

pub(super) fn me(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = enter(twin, world, request)?;
    let avatar = format!("{}/_avatar/{ID}/{}", request.origin, account.handle);
    let mut user = json!({
        "id": account.id.parse::<u64>().unwrap_or_default(),
        "name": account.name,
        "url": request.base,
        "description": "",
        "link": format!("{}/author/{}/", request.base, account.handle),
        "slug": account.handle,
        "avatar_urls": {"24": avatar, "48": avatar, "96": avatar},
        "meta": [],
    });
    if request.query("context") == Some("edit") {
        let rights =
            ["edit_posts", "publish_posts", "upload_files", "publish_pages", "edit_pages", "manage_categories"];
        let held = rights.iter().filter(|right| may(&account, right));
        user["capabilities"] = held.map(|right| ((*right).to_owned(), Value::from(true))).collect();
        user["roles"] = json!([if account.id == "1" { "editor" } else { "author" }]);
        user["username"] = Value::from(account.handle.clone());
    }
    Ok(Reply::json(200, &user))
}

/// A password is named by its owner and how often it was withdrawn before.
fn uuid(world: &World, account: &Account) -> String {
    let number = world.oauth.withdrawals(ID, &account.id);
    format!("00000000-0000-4000-8000-{:0>8}{number:04}", account.id)
}

fn entity(world: &World, account: &Account) -> Value {
    json!({
        "uuid": uuid(world, account),
        "app_id": "",
        "name": "Crieur",
        "created": "2026-01-01T00:00:00",
        "last_used": null,
        "last_ip": null,
    })
}

pub(super) fn introspect(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = enter(twin, world, request)?;
    Ok(Reply::json(200, &entity(world, &account)))
}

pub(super) fn give_back(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = enter(twin, world, request)?;
    if request.param("uuid") != uuid(world, &account) {
        return Err(error(404, "rest_application_password_not_found", "Application password not found."));
    }
    twin.dead.insert(password(world, &account).replace(' ', ""));
    Ok(Reply::json(200, &json!({"deleted": true, "previous": entity(world, &account)})))
}
