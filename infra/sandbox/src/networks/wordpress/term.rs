//! Categories and tags: <https://developer.wordpress.org/rest-api/reference/categories/>.

use serde_json::{Value, json};

use super::{
    API, Twin, error, listed, picked, user,
    words::{self, TERMS, slug_of},
};
use crate::{reply::Reply, request::Request, world::World};

/// A category or tag.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// `category` or `post_tag`.
    pub(super) taxonomy: &'static str,
    name: String,
    slug: String,
}

impl Term {
    pub(super) fn new(taxonomy: &'static str, name: &str, slug: &str) -> Self {
        Self { taxonomy, name: name.to_owned(), slug: slug.to_owned() }
    }

    fn entity(&self, twin: &Twin, id: u64, request: &Request) -> Value {
        let (route, place) = if self.taxonomy == "category" { ("categories", "category") } else { ("tags", "tag") };
        let count = twin.entries.values().filter(|entry| entry.terms(self.taxonomy).contains(&id)).count();
        let mut entity = json!({
            "id": id,
            "count": count,
            "description": "",
            "link": format!("{}/{place}/{}/", request.base, self.slug),
            // Names are stored as HTML.
            "name": self.name.replace('&', "&amp;"),
            "slug": self.slug,
            "taxonomy": self.taxonomy,
            "meta": [],
            "_links": {"self": [{"href": format!("{}{API}/{route}/{id}", request.base)}]},
        });
        if self.taxonomy == "category" {
            entity["parent"] = Value::from(0);
        }
        entity
    }
}

pub(super) fn list_categories(twin: &mut Twin, _: &mut World, request: &Request) -> Result<Reply, Reply> {
    list(twin, request, "category")
}

pub(super) fn list_tags(twin: &mut Twin, _: &mut World, request: &Request) -> Result<Reply, Reply> {
    list(twin, request, "post_tag")
}

fn list(twin: &Twin, request: &Request, taxonomy: &str) -> Result<Reply, Reply> {
    let wanted = request.query("search").unwrap_or_default().to_lowercase();
    let found = twin.terms.iter().filter(|(_, term)| {
        term.taxonomy == taxonomy && (term.name.to_lowercase().contains(&wanted) || term.slug.contains(&wanted))
    });
    let all: Vec<Value> = found.map(|(id, term)| picked(request, term.entity(twin, *id, request))).collect();
    let per_page = request.query("per_page").and_then(|text| text.parse().ok()).unwrap_or(10).clamp(1, 100);
    let total = all.len();
    Ok(listed(all.into_iter().take(per_page).collect(), total, per_page))
}

pub(super) fn create_category(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    create(twin, world, request, "category", "manage_categories")
}

pub(super) fn create_tag(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    create(twin, world, request, "post_tag", "edit_posts")
}

fn create(
    twin: &mut Twin,
    world: &World,
    request: &Request,
    taxonomy: &'static str,
    right: &str,
) -> Result<Reply, Reply> {
    let refused =
        |status| error(status, "rest_cannot_create", "Sorry, you are not allowed to create terms in this taxonomy.");
    let account = user::reader(twin, world, request).ok_or_else(|| refused(401))?;
    if !user::may(&account, right) {
        return Err(refused(403));
    }
    let body = words::body(request)?;
    TERMS.check(&body)?;
    let name = body["name"].as_str().unwrap_or_default().trim().to_owned();
    if name.is_empty() {
        return Err(error(500, "empty_term_name", "A name is required for this term."));
    }
    let same = |term: &Term| term.taxonomy == taxonomy && term.name.to_lowercase() == name.to_lowercase();
    if let Some((id, _)) = twin.terms.iter().find(|(_, term)| same(term)) {
        let message = "A term with the name provided already exists in this taxonomy.";
        let body = json!({"code": "term_exists", "message": message, "data": {"status": 400, "term_id": id}});
        return Err(Reply::json(400, &body).strict(["term_exists"]));
    }
    let slug = body["slug"].as_str().map_or_else(|| slug_of(&name), slug_of);
    let id = twin.terms.keys().last().copied().unwrap_or_default() + 1;
    twin.terms.insert(id, Term::new(taxonomy, &name, &slug));
    let term = &twin.terms[&id];
    Ok(Reply::json(201, &term.entity(twin, id, request)))
}
