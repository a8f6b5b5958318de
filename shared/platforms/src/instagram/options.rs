//! What a target may say beyond the content.

use crieur_domain::{Problem, content::Outgoing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SPEC;
use crate::compose::{self, rule};

/// Collaborators of a post.
const MAX_COLLABORATORS: u64 = 3;

/// `targets[].options` for Instagram.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The one file goes out as a story: gone after a day, without text.
    pub story: bool,
    /// Up to three accounts that are asked to stand beside this one as authors, by name. Not on stories.
    pub collaborators: Vec<String>,
    /// Who is to be seen, and where.
    pub user_tags: Vec<UserTag>,
    /// Products of the account's catalogue that are to be seen. Accounts with approved shopping only.
    pub product_tags: Vec<ProductTag>,
    /// Id of the place's Facebook page. Not on stories.
    pub location_id: Option<String>,
    /// Address of a JPEG to stand for a reel.
    pub cover_url: Option<String>,
    /// The moment of a reel that stands for it, in milliseconds.
    pub thumb_offset_ms: Option<u64>,
    /// What the sound of a reel is called.
    pub audio_name: Option<String>,
    /// Whether a reel also shows in the feed.
    pub share_to_feed: Option<bool>,
    /// A reel that is first shown to people who do not follow the account.
    pub trial: Option<Trial>,
    /// How a video reaches Instagram.
    pub video_by: VideoBy,
}

/// Someone who is to be seen.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserTag {
    /// Which file, from 0.
    #[serde(default)]
    pub file: usize,
    /// Whom, without the `@`.
    pub username: String,
    /// From the left edge, 0.0 to 1.0: needed on pictures, possible on picture stories, not on reels.
    #[serde(default)]
    pub x: Option<f64>,
    /// From the upper edge, 0.0 to 1.0: the same.
    #[serde(default)]
    pub y: Option<f64>,
}

/// A product that is to be seen.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductTag {
    /// Which file, from 0.
    #[serde(default)]
    pub file: usize,
    /// Its id in the catalogue.
    pub product_id: String,
    /// From the left edge, 0.0 to 1.0: needed on pictures, not on videos.
    #[serde(default)]
    pub x: Option<f64>,
    /// From the upper edge, 0.0 to 1.0: the same.
    #[serde(default)]
    pub y: Option<f64>,
}

/// When a trial reel is shown to followers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trial {
    /// When the account says so in the app.
    Manual,
    /// When it does well.
    SsPerformance,
}

/// How a video reaches Instagram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VideoBy {
    /// Its bytes go up, from where an interrupted upload ended.
    #[default]
    Upload,
    /// Instagram fetches it from an address of the media bucket.
    Url,
}

impl Options {
    /// The options of a post that has been checked; those of an unchecked one may fall back to the defaults.
    pub(super) fn of(post: &Outgoing) -> Self {
        compose::options(&SPEC, &post.options).unwrap_or_default()
    }

    /// What is wrong with the values by themselves.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |place: String, name: &str, message: String, remedy: &str| {
            let rule = rule(&SPEC, &format!("options.{name}"));
            problems.push(Problem::new(format!("/options/{place}"), rule, message, remedy));
        };
        let count = self.collaborators.len() as u64;
        if count > MAX_COLLABORATORS {
            let message = format!("Instagram takes {MAX_COLLABORATORS} collaborators; these are {count}.");
            wrong("collaborators".into(), "collaborators", message, "Leave some out.");
        }
        for (at, name) in self.collaborators.iter().enumerate() {
            if !is_username(name) {
                let message = format!("`{name}` is no name of an account.");
                wrong(format!("collaborators/{at}"), "collaborators", message, "Give the name without the `@`.");
            }
        }
        for (at, tag) in self.user_tags.iter().enumerate() {
            if !is_username(&tag.username) {
                let message = format!("`{}` is no name of an account.", tag.username);
                wrong(format!("user_tags/{at}/username"), "user_tags", message, "Give the name without the `@`.");
            }
        }
        let users = self.user_tags.iter().map(|tag| (tag.x, tag.y));
        let products = self.product_tags.iter().map(|tag| (tag.x, tag.y));
        let tags = users.enumerate().map(|(at, place)| ("user_tags", at, place));
        for (name, at, (x, y)) in tags.chain(products.enumerate().map(|(at, place)| ("product_tags", at, place))) {
            for (axis, value) in [("x", x), ("y", y)] {
                if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                    let message = "A place lies between 0.0 and 1.0.".to_owned();
                    wrong(format!("{name}/{at}/{axis}"), name, message, "Count from the upper left corner.");
                }
            }
            if x.is_some() != y.is_some() {
                let message = "A place has an `x` and a `y`.".to_owned();
                wrong(format!("{name}/{at}"), name, message, "Give both, or neither.");
            }
        }
        if self.cover_url.as_ref().is_some_and(|url| !url::Url::parse(url).is_ok_and(|url| url.scheme() == "https")) {
            let message = "A cover is an https address.".to_owned();
            wrong("cover_url".into(), "cover_url", message, "Give the address of a JPEG.");
        }
        if self.cover_url.is_some() && self.thumb_offset_ms.is_some() {
            let message = "A reel has a cover or a moment that stands for it.".to_owned();
            wrong("thumb_offset_ms".into(), "thumb_offset_ms", message, "Leave one of them out.");
        }
        if self.location_id.as_ref().is_some_and(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit())) {
            let message = "A place is the number of its Facebook page.".to_owned();
            wrong("location_id".into(), "location_id", message, "Give the id alone.");
        }
        problems
    }
}

/// Letters, digits, full stops and underscores, at most 30.
fn is_username(name: &str) -> bool {
    (1..=30).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
}
