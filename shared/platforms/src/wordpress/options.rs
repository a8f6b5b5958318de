//! What a target may say beyond the content.

use crieur_domain::{Problem, content::Outgoing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SPEC;
use crate::compose::{self, rule};

/// Bytes of a slug. `wp_posts.post_name` in <https://codex.wordpress.org/Database_Description>, read 2026-11-22.
const MAX_SLUG: usize = 200;
/// Bytes of a term's name. `wp_terms.name`, the same source.
const MAX_TERM: usize = 200;

/// `targets[].options` for WordPress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// What is made.
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    /// The headline.
    pub(super) title: Option<String>,
    /// The teaser; the site makes one of the text where there is none.
    pub(super) excerpt: Option<String>,
    /// Whether everybody can see it at once.
    pub(super) status: Status,
    /// The last part of the address; without it one is made that no other post has.
    #[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub(super) slug: Option<String>,
    /// Categories, by name or id. One that does not exist is made. Not for pages.
    pub(super) categories: Vec<Term>,
    /// Tags, by name or id. One that does not exist is made. Not for pages.
    pub(super) tags: Vec<Term>,
    /// Which file, counted from 0, is the featured image: it then stands where the theme shows it, and not in the text.
    pub(super) featured_image: Option<usize>,
    /// The post format, where the theme knows it. Not for pages.
    pub(super) format: Option<Format>,
    /// Whether the post stays at the top. Not for pages.
    pub(super) sticky: bool,
    /// Whether comments can be left; without it the site's own setting.
    pub(super) comments: Option<bool>,
    /// Id of the page above. For pages.
    pub(super) parent: Option<u64>,
    /// Whether the text is HTML or block markup and is sent as it is.
    pub(super) html: bool,
    /// Whether deleting the post takes it off for good instead of into the trash.
    pub(super) delete_permanently: bool,
}

/// What is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A post of the blog.
    #[default]
    Post,
    /// A page.
    Page,
}

impl Kind {
    /// The collection in the API.
    pub(super) const fn route(self) -> &'static str {
        match self {
            Self::Post => "posts",
            Self::Page => "pages",
        }
    }
}

/// Who can see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// Everybody.
    #[default]
    Publish,
    /// Its author, who goes on writing it.
    Draft,
    /// Editors, who publish it.
    Pending,
    /// Editors alone.
    Private,
}

/// A post format. <https://developer.wordpress.org/rest-api/reference/posts/#schema-format>, read 2026-11-22.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    Standard,
    Aside,
    Chat,
    Gallery,
    Link,
    Image,
    Quote,
    Status,
    Video,
    Audio,
}

/// A category or tag.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Term {
    /// By id.
    Id(u64),
    /// By name.
    Name(String),
}

impl Options {
    /// The options of a post that has been checked; those of an unchecked one may fall back to the defaults.
    pub(super) fn of(post: &Outgoing) -> Self {
        compose::options(&SPEC, &post.options).unwrap_or_default()
    }
}

/// Everything that is wrong with the options themselves.
pub(super) fn check(value: &Value) -> Result<(), Vec<Problem>> {
    let options: Options = compose::options(&SPEC, value)?;
    let mut problems = Vec::new();
    let mut broken = |pointer: String, name: &str, message: &str, remedy: &str| {
        problems.push(Problem::new(pointer, rule(&SPEC, &format!("options.{name}")), message, remedy));
    };
    if options.slug.as_deref().is_some_and(|slug| !is_slug(slug)) {
        let message = format!("A slug has 1 to {MAX_SLUG} small letters and digits, with single hyphens between them.");
        broken("/options/slug".into(), "slug", &message, "Write it as `fresh-rye-at-seven`, or leave it out.");
    }
    for (name, terms) in [("categories", &options.categories), ("tags", &options.tags)] {
        for (index, term) in terms.iter().enumerate() {
            let good = match term {
                Term::Id(id) => *id > 0,
                Term::Name(text) => !text.trim().is_empty() && text.len() <= MAX_TERM,
            };
            if !good {
                let message = format!("A name has 1 to {MAX_TERM} bytes, an id is a number from 1 on.");
                broken(format!("/options/{name}/{index}"), name, &message, "Give a name or an id.");
            }
        }
    }
    if options.kind == Kind::Page {
        for (name, given) in [
            ("categories", !options.categories.is_empty()),
            ("tags", !options.tags.is_empty()),
            ("format", options.format.is_some()),
            ("sticky", options.sticky),
        ] {
            if given {
                broken(format!("/options/{name}"), name, "A page has none of this.", "Leave it out, or make a post.");
            }
        }
    } else if options.parent.is_some() {
        broken("/options/parent".into(), "parent", "A post stands under no page.", "Leave it out, or make a page.");
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn is_slug(slug: &str) -> bool {
    slug.len() <= MAX_SLUG
        && slug
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pointers(value: Value) -> Vec<String> {
        check(&value).err().into_iter().flatten().map(|problem| problem.pointer).collect()
    }

    #[test]
    fn every_wrong_option_is_named_with_its_place() {
        let good = json!({
            "type": "post", "title": "Rye", "status": "draft", "slug": "fresh-rye-2", "categories": ["News", 5],
            "tags": ["bread"], "featured_image": 0, "format": "image", "sticky": true, "comments": false,
        });
        assert_eq!(pointers(good), [""; 0]);
        assert_eq!(
            pointers(json!({"slug": "Fresh rye", "categories": [0, " "], "parent": 4})),
            ["/options/slug", "/options/categories/0", "/options/categories/1", "/options/parent"]
        );
        assert_eq!(
            pointers(json!({"type": "page", "tags": ["x"], "sticky": true, "parent": 4})),
            ["/options/tags", "/options/sticky"]
        );
        assert_eq!(pointers(json!({"status": "future"})), ["/options/status"]);
        assert_eq!(pointers(json!({"colour": 1})).len(), 1);
    }
}
