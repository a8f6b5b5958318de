//! A request that has been read: its times are instants, and it has one shape, whether it asks for a new post or
//! changes one that stands.

use std::collections::HashSet;

use crieur_aws::store::MAX_DELIVERIES;
use crieur_domain::{AccountId, Content, Delivery, MediaId, Post, Problem, State, content::ThreadPart};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{
    request::{Mode, NewPost, NewTarget, PostChanges, Publish},
    time::{self, DEFAULT_LATENESS},
};

/// The most characters of one text. The longest that a network takes are articles; more cannot be stored in one row.
const MAX_TEXT: usize = 100_000;
/// The most different files of one post.
const MAX_FILES: usize = 100;
/// The most labels of one thing.
pub const MAX_LABELS: usize = 50;
/// The most characters of one label.
pub const MAX_LABEL: usize = 64;

/// When a post goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// Not by itself; the time is a note.
    Draft(Option<Timestamp>),
    /// At once.
    Now,
    /// At a time.
    At(Timestamp),
}

/// One account that a post is to go to.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposedTarget {
    /// The account.
    pub account_id: AccountId,
    /// What it says instead.
    pub content: Option<Content>,
    /// The network's options.
    pub options: Value,
    /// When, where that differs.
    pub publish_at: Option<Timestamp>,
}

/// What is to be stored, before anybody has looked at accounts and files.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// What it says.
    pub content: Content,
    /// What follows it.
    pub thread: Vec<ThreadPart>,
    /// Where it goes.
    pub targets: Vec<ProposedTarget>,
    /// When.
    pub timing: Timing,
    /// How late it may be.
    pub max_lateness_seconds: Option<u64>,
    /// Labels.
    pub labels: Vec<String>,
    /// The caller's id.
    pub external_id: Option<String>,
}

/// A proposal with everything that is wrong with it in itself. Where a time is wrong, another stands in its place, so
/// that the rest can be looked at too.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// What was asked for.
    pub proposal: Proposal,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

impl Read {
    /// Reads a request for a new post.
    #[must_use]
    pub fn new(request: NewPost, now: Timestamp) -> Self {
        let mut problems = Vec::new();
        let NewPost { content, targets, publish, thread, max_lateness, labels, external_id } = request;
        let (timing, zone) = timing(&publish, now, &mut problems);
        let max_lateness_seconds = match max_lateness {
            Some(text) => keep(time::lateness(&text, "/max_lateness"), &mut problems),
            None => default_lateness(timing),
        };
        let targets = proposed(targets, zone.as_ref(), now, &mut problems);
        Self::checked(
            Proposal { content, thread, targets, timing, max_lateness_seconds, labels, external_id },
            problems,
        )
    }

    /// Reads changes to a post that stands. Times that are not touched are kept as they are, even where they have just
    /// passed.
    #[must_use]
    pub fn changed(post: &Post, deliveries: &[Delivery], changes: PostChanges, now: Timestamp) -> Self {
        let mut problems = Vec::new();
        let mut proposal = Proposal::standing(post, deliveries);
        let PostChanges { content, targets, publish, thread, max_lateness, labels, external_id } = changes;
        let mut zone = None;
        if let Some(publish) = &publish {
            (proposal.timing, zone) = timing(publish, now, &mut problems);
            proposal.max_lateness_seconds = default_lateness(proposal.timing);
        }
        match max_lateness {
            Some(Some(text)) => {
                proposal.max_lateness_seconds = keep(time::lateness(&text, "/max_lateness"), &mut problems);
            }
            Some(None) => proposal.max_lateness_seconds = None,
            None => {}
        }
        if let Some(targets) = targets {
            proposal.targets = proposed(targets, zone.as_ref(), now, &mut problems);
        }
        proposal.content = content.unwrap_or(proposal.content);
        proposal.thread = thread.unwrap_or(proposal.thread);
        proposal.labels = labels.unwrap_or(proposal.labels);
        proposal.external_id = external_id.unwrap_or(proposal.external_id);
        Self::checked(proposal, problems)
    }

    fn checked(mut proposal: Proposal, mut problems: Vec<Problem>) -> Self {
        problems.extend(label_problems(&proposal.labels));
        let mut seen = HashSet::new();
        proposal.labels.retain(|label| seen.insert(label.clone()));
        problems.extend(shape_problems(&proposal));
        Self { proposal, problems }
    }
}

impl Proposal {
    /// A post as it stands, as if somebody asked for it again.
    #[must_use]
    pub fn standing(post: &Post, deliveries: &[Delivery]) -> Self {
        let is_draft = deliveries.iter().all(|delivery| delivery.state == State::Draft);
        let timing = match post.publish_at {
            Some(at) if !is_draft => Timing::At(at),
            None if !is_draft => Timing::Now,
            note => Timing::Draft(note),
        };
        let targets = post.targets.iter().map(|target| ProposedTarget {
            account_id: target.account_id,
            content: target.content.clone(),
            options: target.options.clone(),
            publish_at: target.publish_at,
        });
        Self {
            content: post.content.clone(),
            thread: post.thread.clone(),
            targets: targets.collect(),
            timing,
            max_lateness_seconds: post.max_lateness_seconds,
            labels: post.labels.clone(),
            external_id: post.external_id.clone(),
        }
    }

    /// The parts that each target has.
    #[must_use]
    pub fn parts(&self) -> usize {
        1 + self.thread.len()
    }

    /// The accounts, each once, in order.
    #[must_use]
    pub fn account_ids(&self) -> Vec<AccountId> {
        let mut seen = HashSet::new();
        self.targets.iter().map(|target| target.account_id).filter(|id| seen.insert(*id)).collect()
    }

    /// Every file that is named, with the pointer to where.
    pub fn files(&self) -> impl Iterator<Item = (String, MediaId)> {
        let shared = std::iter::once((String::new(), &self.content));
        let own = self.targets.iter().enumerate();
        let own = own.filter_map(|(index, target)| Some((format!("/targets/{index}"), target.content.as_ref()?)));
        let parts = self.thread.iter().enumerate().map(|(index, part)| (format!("/thread/{index}"), &part.media));
        let contents = shared.chain(own).map(|(at, content)| (format!("{at}/content"), &content.media));
        contents.chain(parts).flat_map(|(at, media)| {
            media.iter().enumerate().map(move |(index, id)| (format!("{at}/media/{index}"), *id))
        })
    }

    /// Every text, with the pointer to where.
    fn texts(&self) -> impl Iterator<Item = (String, &str)> {
        let shared = self.content.text.as_deref().map(|text| ("/content/text".to_owned(), text));
        let own = self.targets.iter().enumerate().filter_map(|(index, target)| {
            Some((format!("/targets/{index}/content/text"), target.content.as_ref()?.text.as_deref()?))
        });
        let parts = self.thread.iter().enumerate().map(|(index, part)| (format!("/thread/{index}/text"), &*part.text));
        shared.into_iter().chain(own).chain(parts)
    }
}

/// What is wrong with labels, whatever they stand on.
#[must_use]
pub fn label_problems(labels: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if labels.len() > MAX_LABELS {
        problems.push(
            Problem::new(
                "/labels",
                "labels.max_count",
                format!("At most {MAX_LABELS} labels are kept; these are {}.", labels.len()),
                "Leave some out.",
            )
            .over(MAX_LABELS as u64, labels.len() as u64),
        );
    }
    for (index, label) in labels.iter().enumerate() {
        let length = label.chars().count();
        if !(1..=MAX_LABEL).contains(&length) || label.trim().is_empty() {
            problems.push(
                Problem::new(
                    format!("/labels/{index}"),
                    "labels.length",
                    format!("A label has 1 to {MAX_LABEL} characters; this one has {length}."),
                    "Shorten it, or leave it out.",
                )
                .over(MAX_LABEL as u64, length as u64),
            );
        }
    }
    problems
}

fn shape_problems(proposal: &Proposal) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, target) in proposal.targets.iter().enumerate() {
        let first = proposal.targets.iter().position(|other| other.account_id == target.account_id);
        if let Some(first) = first.filter(|first| *first < index) {
            problems.push(Problem::new(
                format!("/targets/{index}/account_id"),
                "targets.duplicate",
                format!("This account is target {first} already."),
                "Name each account once. For several posts to one account, use `thread` or several posts.",
            ));
        }
    }
    let count = proposal.targets.len() * proposal.parts();
    if count > MAX_DELIVERIES {
        problems.push(
            Problem::new(
                if proposal.thread.is_empty() { "/targets" } else { "/thread" },
                "post.max_deliveries",
                format!(
                    "{} accounts with {} parts each are {count} deliveries; {MAX_DELIVERIES} fit into one post.",
                    proposal.targets.len(),
                    proposal.parts()
                ),
                "Send several posts with fewer accounts each.",
            )
            .over(MAX_DELIVERIES as u64, count as u64),
        );
    }
    for (pointer, text) in proposal.texts() {
        let length = text.chars().count();
        if length > MAX_TEXT {
            let message = format!("A text has at most {MAX_TEXT} characters; this one has {length}.");
            let problem = Problem::new(pointer, "text.max_length", message, "Shorten it.");
            problems.push(problem.over(MAX_TEXT as u64, length as u64));
        }
    }
    let files: HashSet<MediaId> = proposal.files().map(|(_, id)| id).collect();
    if files.len() > MAX_FILES {
        let message = format!("A post has at most {MAX_FILES} different files; this one has {}.", files.len());
        let problem = Problem::new("", "post.max_files", message, "Send several posts with fewer files each.");
        problems.push(problem.over(MAX_FILES as u64, files.len() as u64));
    }
    problems
}

/// Reads the time of a post. The zone is read even where no time of its own needs it: a target's may.
fn timing(publish: &Publish, now: Timestamp, problems: &mut Vec<Problem>) -> (Timing, Option<TimeZone>) {
    let zone = publish.timezone.as_ref().and_then(|name| keep(time::zone(name, "/publish/timezone"), problems));
    // A time in a zone that cannot be read is not wrong for that.
    let unread_zone = publish.timezone.is_some() && zone.is_none();
    let mut read = |text: &str| {
        let time = time::instant(text, zone.as_ref(), "/publish/at");
        let time = time.and_then(|time| time::bounded(time, now, "/publish/at"));
        if unread_zone { time.ok() } else { keep(time, problems) }
    };
    let timing = match (publish.mode, &publish.at) {
        (Mode::Draft, at) => Timing::Draft(at.as_deref().and_then(read)),
        (Mode::At, Some(at)) => Timing::At(read(at).unwrap_or(now)),
        (Mode::Now, None) => Timing::Now,
        (Mode::At, None) => {
            let remedy = "Add `at`, or publish with the mode `now` or `draft`.";
            problems.push(Problem::new("/publish/at", "publish.at", "The mode `at` needs a time.", remedy));
            Timing::At(now)
        }
        (Mode::Now, Some(_)) => {
            let message = "The mode `now` takes no time.";
            let remedy = "Leave out `at`, or publish with the mode `at`.";
            problems.push(Problem::new("/publish/at", "publish.at", message, remedy));
            Timing::Now
        }
    };
    (timing, zone)
}

fn proposed(
    targets: Vec<NewTarget>,
    zone: Option<&TimeZone>,
    now: Timestamp,
    problems: &mut Vec<Problem>,
) -> Vec<ProposedTarget> {
    let targets = targets.into_iter().enumerate().map(|(index, target)| {
        let NewTarget { account_id, content, options, publish_at } = target;
        let pointer = format!("/targets/{index}/publish_at");
        let publish_at = publish_at.and_then(|text| {
            // An offset of its own is not held against the zone of the post.
            let time = text.parse().or_else(|_| time::instant(&text, zone, &pointer));
            keep(time.and_then(|time| time::bounded(time, now, &pointer)), problems)
        });
        // An empty object says as much as none.
        let options = if options.as_object().is_some_and(serde_json::Map::is_empty) { Value::Null } else { options };
        ProposedTarget { account_id, content, options, publish_at }
    });
    targets.collect()
}

const fn default_lateness(timing: Timing) -> Option<u64> {
    match timing {
        Timing::At(_) => Some(DEFAULT_LATENESS),
        Timing::Now | Timing::Draft(_) => None,
    }
}

fn keep<T>(result: Result<T, Box<Problem>>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|problem| problems.push(*problem)).ok()
}
