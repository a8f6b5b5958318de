//! Posts and pages: <https://developer.wordpress.org/rest-api/reference/posts/>.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    API, ID, Twin, before_the_site, error, html, listed, picked, user,
    words::{self, PAGES, POSTS, moment, raw, read_moment, rendered, slug_of},
};
use crate::{
    posts::{Post, PostMedia},
    reply::Reply,
    request::Request,
    text,
    world::{Account, World},
};

/// What the web server before the site takes of a text, counted in characters: a stand-in for its limit in bytes.
const MAX_CHARACTERS: usize = 100_000;

/// Which collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Post,
    Page,
}

impl Kind {
    fn route(self) -> &'static str {
        match self {
            Self::Post => "posts",
            Self::Page => "pages",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Page => "page",
        }
    }
}

/// A post or page as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    kind: Kind,
    author: String,
    pub(super) slug: String,
    pub(super) status: String,
    title: String,
    content: String,
    excerpt: String,
    featured_media: u64,
    categories: Vec<u64>,
    tags: Vec<u64>,
    format: String,
    sticky: bool,
    comment_status: String,
    parent: u64,
    at: Timestamp,
    modified: Timestamp,
    /// Set once it was changed after it had been made.
    edited: bool,
}

impl Entry {
    pub(super) fn terms(&self, taxonomy: &str) -> &[u64] {
        if taxonomy == "category" { &self.categories } else { &self.tags }
    }

    fn link(&self, id: u64, request: &Request) -> String {
        match (self.status.as_str(), self.kind) {
            ("publish", Kind::Post) => {
                format!("{}/{}/{}/", request.base, self.at.strftime("%Y/%m/%d"), self.slug)
            }
            ("publish", Kind::Page) => format!("{}/{}/", request.base, self.slug),
            (_, Kind::Post) => format!("{}/?p={id}", request.base),
            (_, Kind::Page) => format!("{}/?page_id={id}", request.base),
        }
    }

    fn entity(&self, id: u64, request: &Request, edit: bool) -> Value {
        let link = self.link(id, request);
        let mut entity = json!({
            "id": id,
            "date": moment(self.at),
            "date_gmt": moment(self.at),
            "guid": if edit { json!({"rendered": link, "raw": link}) } else { json!({"rendered": link}) },
            "modified": moment(self.modified),
            "modified_gmt": moment(self.modified),
            "slug": self.slug,
            "status": self.status,
            "type": self.kind.name(),
            "link": link,
            "title": if edit {
                json!({"raw": self.title, "rendered": self.title})
            } else {
                json!({"rendered": self.title})
            },
            "content": rendered(&self.content, edit),
            "excerpt": rendered(&self.excerpt, edit),
            "author": self.author.parse::<u64>().unwrap_or_default(),
            "featured_media": self.featured_media,
            "comment_status": self.comment_status,
            "ping_status": "open",
            "template": "",
            "meta": {"footnotes": ""},
            "class_list": [format!("post-{id}"), self.kind.name(), format!("status-{}", self.status)],
            "_links": {"self": [{"href": format!("{}{API}/{}/{id}", request.base, self.kind.route())}]},
        });
        for text in ["content", "excerpt"] {
            entity[text]["protected"] = Value::from(false);
        }
        if edit {
            entity["content"]["block_version"] = Value::from(u64::from(self.content.contains("<!-- wp:")));
            entity["password"] = Value::from("");
            entity["generated_slug"] = Value::from(slug_of(&self.title));
            entity["permalink_template"] = Value::from(format!("{}/%postname%/", request.base));
        }
        match self.kind {
            Kind::Post => {
                entity["sticky"] = Value::from(self.sticky);
                entity["format"] = Value::from(self.format.clone());
                entity["categories"] = Value::from(self.categories.clone());
                entity["tags"] = Value::from(self.tags.clone());
            }
            Kind::Page => {
                entity["parent"] = Value::from(self.parent);
                entity["menu_order"] = Value::from(0);
            }
        }
        entity
    }
}

macro_rules! both {
    ($($handler:ident: $post:ident, $page:ident;)*) => {$(
        pub(super) fn $post(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
            $handler(twin, world, request, Kind::Post)
        }

        pub(super) fn $page(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
            $handler(twin, world, request, Kind::Page)
        }
    )*};
}

both! {
    list: list_posts, list_pages;
    create: create_post, create_page;
    show: show_post, show_page;
    update: update_post, update_page;
    delete: delete_post, delete_page;
}

fn create(twin: &mut Twin, world: &mut World, request: &Request, kind: Kind) -> Result<Reply, Reply> {
    let account = user::maker(twin, world, request, if kind == Kind::Post { "edit_posts" } else { "edit_pages" })?;
    let body = words::body(request)?;
    let now = world.now();
    let blank = Entry {
        kind,
        author: account.id.clone(),
        slug: String::new(),
        status: "draft".to_owned(),
        title: String::new(),
        content: String::new(),
        excerpt: String::new(),
        featured_media: 0,
        categories: if kind == Kind::Post { vec![1] } else { Vec::new() },
        tags: Vec::new(),
        format: "standard".to_owned(),
        sticky: false,
        comment_status: if kind == Kind::Post { "open" } else { "closed" }.to_owned(),
        parent: 0,
        at: now,
        modified: now,
        edited: false,
    };
    let id = twin.next_id();
    let (entry, lost) = written(twin, &account, blank, id, &body, now)?;
    if entry.title.is_empty() && entry.content.is_empty() && entry.excerpt.is_empty() {
        return Err(error(400, "empty_content", "Content, title, and excerpt are empty."));
    }
    let reply = Reply::json(201, &entry.entity(id, request, true))
        .header("location", format!("{}{API}/{}/{id}", request.base, kind.route()))
        .strict(lost);
    twin.entries.insert(id, entry);
    publish(twin, world, request, id);
    Ok(reply)
}

fn update(twin: &mut Twin, world: &mut World, request: &Request, kind: Kind) -> Result<Reply, Reply> {
    let account = user::enter(twin, world, request)?;
    let id = known(twin, request, kind)?;
    let right = if twin.entries[&id].author == account.id { "edit_published_posts" } else { "edit_others_posts" };
    if !user::may(&account, right) {
        return Err(error(403, "rest_cannot_edit", "Sorry, you are not allowed to edit this post."));
    }
    let (body, now) = (words::body(request)?, world.now());
    let before = twin.entries[&id].clone();
    let (mut entry, lost) = written(twin, &account, before, id, &body, now)?;
    (entry.modified, entry.edited) = (now, true);
    let reply = Reply::json(200, &entry.entity(id, request, true)).strict(lost);
    twin.entries.insert(id, entry);
    publish(twin, world, request, id);
    Ok(reply)
}

/// An entry with the fields of a body written into it, and what the site silently drops.
fn written(
    twin: &Twin,
    account: &Account,
    mut entry: Entry,
    id: u64,
    body: &Value,
    now: Timestamp,
) -> Result<(Entry, Vec<String>), Reply> {
    let mut lost = Vec::new();
    if entry.kind == Kind::Post { &POSTS } else { &PAGES }.check(body)?;
    for (field, place) in
        [("title", &mut entry.title), ("content", &mut entry.content), ("excerpt", &mut entry.excerpt)]
    {
        if let Some(text) = raw(&body[field]) {
            *place = text;
        }
    }
    if html::seen(&entry.content).chars().count() > MAX_CHARACTERS {
        return Err(before_the_site(413));
    }
    if let Some(at) = body["date_gmt"].as_str().or_else(|| body["date"].as_str()).and_then(read_moment) {
        entry.at = at;
    }
    if let Some(status) = body["status"].as_str() {
        let right = if entry.kind == Kind::Post { "publish_posts" } else { "publish_pages" };
        if matches!(status, "publish" | "future" | "private") && !user::may(account, right) {
            let message = "Sorry, you are not allowed to publish posts in this post type.";
            return Err(error(403, "rest_cannot_publish", message));
        }
        let later = entry.at > now && matches!(status, "publish" | "future");
        entry.status = if later { "future" } else { status }.to_owned();
    }
    let wished = body["slug"].as_str().map(slug_of).filter(|slug| !slug.is_empty());
    if wished.is_some() || (entry.slug.is_empty() && entry.status == "publish") {
        let wished = wished.or_else(|| Some(slug_of(&entry.title)).filter(|slug| !slug.is_empty()));
        entry.slug = free_slug(twin, entry.kind, id, wished.unwrap_or_else(|| id.to_string()));
    }
    if let Some(wanted) = body["featured_media"].as_u64() {
        if wanted != 0 && !twin.files.contains_key(&wanted) {
            lost.push(format!("featured_media: there is no file {wanted}, so there is none"));
        }
        entry.featured_media = if twin.files.contains_key(&wanted) { wanted } else { 0 };
    }
    for (field, taxonomy, place) in
        [("categories", "category", &mut entry.categories), ("tags", "post_tag", &mut entry.tags)]
    {
        let Some(ids) = body[field].as_array() else { continue };
        let known = |id: &u64| twin.terms.get(id).is_some_and(|term| term.taxonomy == taxonomy);
        let (kept, unknown): (Vec<u64>, Vec<u64>) = ids.iter().filter_map(Value::as_u64).partition(known);
        if !unknown.is_empty() {
            lost.push(format!("{field}: there are no {unknown:?}, so they are left out"));
        }
        *place = kept;
    }
    if let Some(sticky) = body["sticky"].as_bool() {
        entry.sticky = sticky;
    }
    if let Some(parent) = body["parent"].as_u64() {
        if parent != 0 && !twin.entries.contains_key(&parent) {
            return Err(error(400, "rest_post_invalid_id", "Invalid post parent ID."));
        }
        entry.parent = parent;
    }
    for (field, place) in [("format", &mut entry.format), ("comment_status", &mut entry.comment_status)] {
        if let Some(text) = body[field].as_str() {
            text.clone_into(place);
        }
    }
    Ok((entry, lost))
}

/// A slug that no other entry of the kind has: a number is put behind one that is taken.
fn free_slug(twin: &Twin, kind: Kind, id: u64, wished: String) -> String {
    let taken =
        |slug: &str| twin.entries.iter().any(|(other, entry)| *other != id && entry.kind == kind && entry.slug == slug);
    let mut slug = wished.clone();
    let mut number = 2;
    while taken(&slug) {
        slug = format!("{wished}-{number}");
        number += 1;
    }
    slug
}

/// Shows an entry to everybody, or takes it down again.
fn publish(twin: &Twin, world: &mut World, request: &Request, id: u64) {
    let name = id.to_string();
    let Some(entry) = twin.entries.get(&id).filter(|entry| entry.status == "publish") else {
        world.posts.remove(ID, &name);
        return;
    };
    let author = world.account(ID, &entry.author).cloned();
    let (handle, author_name) = author.map_or_else(Default::default, |author| (author.handle, author.name));
    let text = html::seen(&entry.content);
    let post = Post {
        platform: ID,
        account: handle,
        account_id: entry.author.clone(),
        account_name: author_name,
        id: name.clone(),
        spans: text::spans(&text),
        text,
        media: media(twin, entry),
        parent: None,
        created_at: entry.at,
        url: entry.link(id, request),
        edited_at: entry.edited.then_some(entry.modified),
        title: Some(entry.title.clone()).filter(|title| !title.is_empty()),
        warning: None,
        sensitive: false,
        visibility: (entry.kind == Kind::Page).then(|| "page".to_owned()),
        quote: None,
        languages: Vec::new(),
        poll: None,
        card: None,
    };
    match world.posts.get_mut(ID, &name) {
        Some(shown) => *shown = post,
        None => world.posts.publish(post),
    }
}

/// The featured image, then the files in the order in which the content names them.
fn media(twin: &Twin, entry: &Entry) -> Vec<PostMedia> {
    let featured = twin.files.get(&entry.featured_media).into_iter();
    let mut named: Vec<_> = twin
        .files
        .values()
        .filter_map(|file| Some((entry.content.find(&format!("/wp-content/uploads/{}\"", file.place))?, file)))
        .collect();
    named.sort_by_key(|(at, _)| *at);
    featured.chain(named.into_iter().map(|(_, file)| file)).map(super::library::File::shown).collect()
}

fn known(twin: &Twin, request: &Request, kind: Kind) -> Result<u64, Reply> {
    let id = request.param("id").parse().ok();
    let found = id.filter(|id| twin.entries.get(id).is_some_and(|entry| entry.kind == kind));
    found.ok_or_else(|| error(404, "rest_post_invalid_id", "Invalid post ID."))
}

/// Whether the answer is for an editor, who has to be one.
fn editing(twin: &Twin, world: &World, request: &Request) -> Result<bool, Reply> {
    if request.query("context") != Some("edit") {
        return Ok(false);
    }
    match user::reader(twin, world, request) {
        Some(account) if user::may(&account, "edit_posts") => Ok(true),
        reader => {
            let status = if reader.is_some() { 403 } else { 401 };
            let message = "Sorry, you are not allowed to edit posts in this post type.";
            Err(error(status, "rest_forbidden_context", message))
        }
    }
}

fn show(twin: &mut Twin, world: &mut World, request: &Request, kind: Kind) -> Result<Reply, Reply> {
    let edit = editing(twin, world, request)?;
    let id = known(twin, request, kind)?;
    let entry = &twin.entries[&id];
    if entry.status != "publish" && user::reader(twin, world, request).is_none() {
        return Err(error(401, "rest_forbidden", "Sorry, you are not allowed to do that."));
    }
    Ok(Reply::json(200, &picked(request, entry.entity(id, request, edit))))
}

fn delete(twin: &mut Twin, world: &mut World, request: &Request, kind: Kind) -> Result<Reply, Reply> {
    let account = user::enter(twin, world, request)?;
    let id = known(twin, request, kind)?;
    let entry = &twin.entries[&id];
    let right = if entry.author == account.id { "delete_published_posts" } else { "delete_others_posts" };
    if !user::may(&account, right) {
        return Err(error(403, "rest_cannot_delete", "Sorry, you are not allowed to delete this post."));
    }
    let previous = entry.entity(id, request, true);
    if matches!(request.query("force"), Some("true" | "1")) {
        twin.entries.remove(&id);
        publish(twin, world, request, id);
        return Ok(Reply::json(200, &json!({"deleted": true, "previous": previous})));
    }
    if entry.status == "trash" {
        return Err(error(410, "rest_already_trashed", "The post has already been deleted."));
    }
    if let Some(entry) = twin.entries.get_mut(&id) {
        entry.status = "trash".to_owned();
        entry.slug.push_str("__trashed");
    }
    publish(twin, world, request, id);
    Ok(Reply::json(200, &twin.entries[&id].entity(id, request, true)))
}

fn list(twin: &mut Twin, world: &mut World, request: &Request, kind: Kind) -> Result<Reply, Reply> {
    let edit = editing(twin, world, request)?;
    let known = ["context", "status", "slug", "author", "per_page", "page", "orderby", "order", "_fields", "include"];
    let unknown = request.query.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    let notes: Vec<String> = unknown.map(|(name, _)| format!("query: {name} is not known and was ignored")).collect();
    let values =
        |name: &str| -> Vec<&str> { request.query(name).map(|text| text.split(',').collect()).unwrap_or_default() };
    let states = if request.query("status").is_some() { values("status") } else { vec!["publish"] };
    if states != ["publish"] && user::reader(twin, world, request).is_none() {
        return Err(error(400, "rest_invalid_param", "Invalid parameter(s): status")
            .strict(["a stranger sees what is published"]));
    }
    let number = |name: &str| request.query(name).map(str::parse::<usize>);
    let per_page = match number("per_page") {
        None => 10,
        Some(Ok(count @ 1..=100)) => count,
        Some(_) => return Err(error(400, "rest_invalid_param", "Invalid parameter(s): per_page")),
    };
    let page = number("page").and_then(Result::ok).unwrap_or(1).max(1);
    let fits = |name: &str, value: &str| request.query(name).is_none() || values(name).contains(&value);
    let mut found: Vec<(u64, &Entry)> = twin
        .entries
        .iter()
        .filter(|(id, entry)| {
            entry.kind == kind
                && states.contains(&entry.status.as_str())
                && fits("slug", &entry.slug)
                && fits("author", &entry.author)
                && fits("include", &id.to_string())
        })
        .map(|(id, entry)| (*id, entry))
        .collect();
    if request.query("orderby") == Some("id") {
        found.sort_by_key(|(id, _)| *id);
    } else {
        found.sort_by_key(|(id, entry)| (entry.at, *id));
    }
    if request.query("order") != Some("asc") {
        found.reverse();
    }
    let total = found.len();
    if page > 1 && (page - 1) * per_page >= total {
        let message = "The page number requested is larger than the number of pages available.";
        return Err(error(400, "rest_post_invalid_page_number", message));
    }
    let shown = found.into_iter().skip((page - 1) * per_page).take(per_page);
    let items = shown.map(|(id, entry)| picked(request, entry.entity(id, request, edit))).collect();
    Ok(listed(items, total, per_page).strict(notes))
}
