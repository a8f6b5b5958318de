//! Files, then categories and tags, then the post.

use crieur_domain::{
    ErrorKind, Failure,
    content::{Outgoing, Published},
    delivery::Unsettled,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    Door, Facts, ask,
    content::{self, Uploaded, content, decoded},
    errors,
    options::{Kind, Options, Status, Term},
    wire,
};
use crate::publish::{Context, Progress, Sighting, Step, to_checkpoint};

const UPLOAD: Step = Step::prepare("upload_media");
const CATEGORY: Step = Step::prepare("find_category");
const TAG: Step = Step::prepare("find_tag");
const CREATE_POST: Step = Step::commit("create_post");
const CREATE_PAGE: Step = Step::commit("create_page");

/// Letters of the title in a slug that we make.
const SLUG_LETTERS: usize = 60;
/// Letters of the delivery's id in it: 60 bits that no other delivery has.
const SLUG_TAIL: usize = 12;
/// How far the site's clock may be behind ours.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);
/// Every state in which a post is not gone.
pub(super) const STATES: &str = "publish,future,draft,pending,private";

/// How far a post has come.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct State {
    pub(super) files: Vec<Uploaded>,
    pub(super) categories: Vec<u64>,
    pub(super) tags: Vec<u64>,
}

/// What the site needs to be told to speak of a post again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Detail {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) delete_permanently: bool,
    /// The files that stand in it, so that its text can be changed.
    pub(super) files: Vec<Uploaded>,
}

impl Detail {
    pub(super) fn of(published: &Published) -> Self {
        Self::deserialize(&published.detail).unwrap_or_default()
    }
}

/// All files, then all categories, then all tags, then the post.
pub(super) fn next(post: &Outgoing, state: &State) -> Result<Step, Failure> {
    let options = Options::of(post);
    if state.files.len() > post.media.len() {
        return Err(Failure::new(ErrorKind::Refused, "More files were uploaded than the post has."));
    }
    Ok(if state.files.len() < post.media.len() {
        UPLOAD
    } else if state.categories.len() < options.categories.len() {
        CATEGORY
    } else if state.tags.len() < options.tags.len() {
        TAG
    } else if options.kind == Kind::Page {
        CREATE_PAGE
    } else {
        CREATE_POST
    })
}

/// Carries out a step.
pub(super) async fn perform(
    cx: &Context<'_>,
    post: &Outgoing,
    step: &Step,
    mut state: State,
) -> Result<Progress, Failure> {
    let (door, options) = (Door::of(cx.account, cx.credentials)?, Options::of(post));
    let site = door.site();
    if *step == UPLOAD {
        state.files.push(upload(cx, site, post, state.files.len()).await?);
    } else if *step == CATEGORY {
        let term = &options.categories[state.categories.len()];
        state.categories.push(find_term(cx, site, "/wp/v2/categories", term).await?);
    } else if *step == TAG {
        let term = &options.tags[state.tags.len()];
        state.tags.push(find_term(cx, site, "/wp/v2/tags", term).await?);
    } else {
        let body = new_post(post, &options, &state, slug(cx, post, &options));
        let request = site.post(&format!("/wp/v2/{}", options.kind.route()), &body);
        let made: wire::Post = ask(cx.http, request, cx.now).await?.json()?;
        return Ok(Progress::Done(published(made, &options, state.files)));
    }
    Ok(Progress::Next(to_checkpoint(&state)))
}

async fn upload(cx: &Context<'_>, site: wire::Site<'_>, post: &Outgoing, index: usize) -> Result<Uploaded, Failure> {
    let item = &post.media[index];
    let request = site.request(http::Method::POST, "/wp/v2/media");
    let fields = wire::upload_fields(item.alt_text.as_deref());
    let response = cx.http.send_file(request, fields, "file", item, cx.media).await?;
    if !response.is_success() {
        return Err(errors::failure(&response, cx.now));
    }
    let attachment: wire::Attachment = response.json()?;
    Ok(Uploaded { id: attachment.id, url: attachment.source_url })
}

/// The id of a category or tag, which is made where there is none of that name.
async fn find_term(cx: &Context<'_>, site: wire::Site<'_>, route: &str, term: &Term) -> Result<u64, Failure> {
    let name = match term {
        Term::Id(id) => return Ok(*id),
        Term::Name(name) => name.trim(),
    };
    let query = [("search", name), ("per_page", "100"), ("_fields", "id,name")];
    let found: Vec<wire::Term> = ask(cx.http, site.get(route, &query), cx.now).await?.json()?;
    if let Some(id) = named(&found, name) {
        return Ok(id);
    }
    let response = cx.http.send(site.post(route, &serde_json::json!({"name": name}))).await?;
    if response.is_success() {
        return Ok(response.json::<wire::Term>()?.id);
    }
    already_there(&response).ok_or_else(|| errors::failure(&response, cx.now))
}

/// The term of exactly that name; the search finds parts of names too.
pub(super) fn named(found: &[wire::Term], name: &str) -> Option<u64> {
    found.iter().find(|term| decoded(&term.name).to_lowercase() == name.to_lowercase()).map(|term| term.id)
}

/// A refusal that names the term that is there already.
pub(super) fn already_there(response: &crate::http::Response) -> Option<u64> {
    let problem = errors::problem(response).filter(|problem| problem.code == "term_exists")?;
    problem.data["term_id"].as_u64()
}

/// The body of the post.
pub(super) fn new_post<'a>(post: &'a Outgoing, options: &'a Options, state: &State, slug: String) -> wire::NewPost<'a> {
    wire::NewPost {
        title: options.title.as_deref(),
        content: content(post, options, &state.files),
        excerpt: options.excerpt.as_deref(),
        status: Some(options.status),
        slug: Some(slug),
        featured_media: options.featured_image.and_then(|index| Some(state.files.get(index)?.id)),
        categories: state.categories.clone(),
        tags: state.tags.clone(),
        format: options.format,
        sticky: options.sticky.then_some(true),
        comment_status: options.comments.map(|open| if open { "open" } else { "closed" }),
        parent: options.parent,
    }
}

fn slug(cx: &Context<'_>, post: &Outgoing, options: &Options) -> String {
    match &options.slug {
        Some(slug) => slug.clone(),
        None => unique_slug(options.title.as_deref().unwrap_or(&post.text), &cx.delivery.ulid().to_string()),
    }
}

/// Words that people read, and an end that no other post has.
pub(super) fn unique_slug(title: &str, delivery: &str) -> String {
    let mut slug = String::new();
    for word in title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.len() + word.len() > SLUG_LETTERS {
            break;
        }
        slug.push_str(&word.to_ascii_lowercase());
        slug.push('-');
    }
    let tail = &delivery[delivery.len().saturating_sub(SLUG_TAIL)..];
    slug + &tail.to_ascii_lowercase()
}

/// A post as the site named it.
pub(super) fn published(post: wire::Post, options: &Options, files: Vec<Uploaded>) -> Published {
    let detail = Detail { kind: options.kind, delete_permanently: options.delete_permanently, files };
    Published { network_id: post.id.to_string(), permalink: post.link, detail: to_checkpoint(&detail) }
}

/// Asks for the slug. One that the caller chose may be another post's: then everything else has to be the same too.
pub(super) async fn settle(
    cx: &Context<'_>,
    post: &Outgoing,
    state: &State,
    unsettled: &Unsettled,
) -> Result<Sighting, Failure> {
    let (door, options) = (Door::of(cx.account, cx.credentials)?, Options::of(post));
    let (site, slug) = (door.site(), slug(cx, post, &options));
    let route = format!("/wp/v2/{}", options.kind.route());
    let author = Facts::of(&cx.account.facts).user_id.to_string();
    let own = [
        ("context", "edit"),
        ("status", STATES),
        ("per_page", "50"),
        ("author", author.as_str()),
        ("orderby", "id"),
        ("order", "desc"),
    ];
    let by_slug = [("context", "edit"), ("status", STATES), ("slug", slug.as_str())];
    let query: &[(&str, &str)] = if options.slug.is_some() { &own } else { &by_slug };
    let found: Vec<wire::Post> = ask(cx.http, site.get(&route, query), cx.now).await?.json()?;
    let wanted = new_post(post, &options, state, slug);
    let since = unsettled.since.saturating_sub(CLOCK_SKEW).unwrap_or(unsettled.since);
    let chosen = options.slug.is_some();
    match found.into_iter().find(|seen| is_it(seen, &wanted, chosen, since)) {
        Some(seen) => Ok(Sighting::Found(published(seen, &options, state.files.clone()))),
        None => Ok(Sighting::NotSeen),
    }
}

/// Whether a stored post is the one that was sent.
pub(super) fn is_it(seen: &wire::Post, sent: &wire::NewPost<'_>, chosen: bool, since: jiff::Timestamp) -> bool {
    let slug = sent.slug.as_deref().unwrap_or_default();
    if !chosen {
        return seen.slug == slug;
    }
    // A slug that is taken gets a number.
    let numbered = seen.slug.strip_prefix(slug).is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let draft = matches!(sent.status, Some(Status::Draft | Status::Pending));
    let same = |stored: &wire::Rendered, ours: &str| {
        // The site may put other characters for markup that the user may not use.
        stored.raw.as_deref().is_some_and(|raw| raw == ours || content::plain(raw) == content::plain(ours))
    };
    let late = seen.at().map_or(draft, |at| at >= since);
    numbered && late && same(&seen.content, &sent.content) && same(&seen.title, sent.title.unwrap_or_default())
}
