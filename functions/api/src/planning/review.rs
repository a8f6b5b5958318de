//! Holds a post against the rules of every network it goes to.
//!
//! Problems carry the pointer of what the caller wrote: what is wrong with the shared content is said of `/content`, once
//! for each network that minds.

use std::{collections::HashMap, sync::Arc};

use crieur_domain::{
    Account, AccountId, AccountStatus, MediaId, PlatformId, Post, Problem, content::Outgoing, media::MediaItem,
    post::Target,
};
use crieur_platforms::{Compose, Spec, compose, spec::Unit};

use super::{
    cost::{self, Fee},
    proposal::Proposal,
};

/// A file of the workspace, as far as it can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum File {
    /// It can.
    Ready(Box<MediaItem>),
    /// Its bytes have not come.
    AwaitingUpload,
    /// It was rejected, for this reason.
    Rejected(String),
}

/// What is known of the accounts and files that a post names. What is not in here is not there.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Accounts that the caller may use.
    pub accounts: HashMap<AccountId, Arc<Account>>,
    /// Files of the workspace.
    pub files: HashMap<MediaId, File>,
}

impl Known {
    /// A file that is ready.
    #[must_use]
    pub fn item(&self, id: MediaId) -> Option<MediaItem> {
        match self.files.get(&id)? {
            File::Ready(item) => Some((**item).clone()),
            File::AwaitingUpload | File::Rejected(_) => None,
        }
    }

    /// The network of an account.
    #[must_use]
    pub fn platform(&self, id: AccountId) -> Option<PlatformId> {
        self.accounts.get(&id).map(|account| account.platform.clone())
    }
}

/// What came of looking.
#[derive(Debug, Clone, Default)]
pub struct Review {
    /// Everything that is wrong, in the order of the targets.
    pub problems: Vec<Problem>,
    /// Each target whose account is known.
    pub targets: Vec<ReviewedTarget>,
}

/// One target as its network will see it.
#[derive(Debug, Clone)]
pub struct ReviewedTarget {
    /// Its place among the targets.
    pub index: usize,
    /// The account.
    pub account_id: AccountId,
    /// Its network.
    pub spec: &'static Spec,
    /// What the network minds about it.
    pub problems: Vec<Problem>,
    /// Its parts, in order.
    pub parts: Vec<RenderedPart>,
    /// What the network charges for it.
    pub fee: Fee,
}

/// The text of one part as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedPart {
    /// As it is sent.
    pub text: String,
    /// As the network counts it.
    pub length: u64,
    /// The most that the network takes of this account.
    pub limit: u64,
    /// What is counted.
    pub unit: Unit,
}

/// Looks at everything that the proposal names. `post` is the proposal put into the form that is published from.
#[must_use]
pub fn review(proposal: &Proposal, post: &Post, known: &Known) -> Review {
    let mut review = Review { problems: file_problems(proposal, known), targets: Vec::new() };
    for (index, target) in post.targets.iter().enumerate() {
        match usable(index, target.account_id, known) {
            Err(problem) => review.problems.push(*problem),
            Ok((account, client)) => {
                let reviewed = review_target(index, target, post, account, client, known);
                for problem in &reviewed.problems {
                    if !review.problems.contains(problem) {
                        review.problems.push(problem.clone());
                    }
                }
                review.targets.push(reviewed);
            }
        }
    }
    review
}

/// What is wrong with the files, wherever they are named.
#[must_use]
pub fn file_problems(proposal: &Proposal, known: &Known) -> Vec<Problem> {
    let problem = |(pointer, id): (String, MediaId)| match known.files.get(&id) {
        Some(File::Ready(_)) => None,
        Some(File::AwaitingUpload) => Some(Problem::new(
            pointer,
            "media.awaiting_upload",
            "The bytes of this file have not been uploaded.",
            "PUT them to the `upload.url` that creating the file answered with, then try again.",
        )),
        Some(File::Rejected(reason)) => Some(Problem::new(
            pointer,
            "media.rejected",
            format!("This file was rejected. {reason}"),
            "Create another file with `POST /v1/media` and upload a good one.",
        )),
        None => Some(Problem::new(
            pointer,
            "media.unknown",
            format!("There is no file `{id}` in this workspace."),
            "Use the id of a file that `GET /v1/media` lists.",
        )),
    };
    proposal.files().filter_map(problem).collect()
}

/// The account of a target and its network's rules, if a post can be planned for it.
///
/// # Errors
/// Why not.
fn usable(index: usize, id: AccountId, known: &Known) -> Result<(&Account, &'static dyn Compose), Box<Problem>> {
    let pointer = format!("/targets/{index}/account_id");
    let Some(account) = known.accounts.get(&id) else {
        return Err(Box::new(Problem::new(
            pointer,
            "account.unknown",
            format!("There is no account `{id}` that this key may use."),
            "Use the id of an account that `GET /v1/accounts` lists.",
        )));
    };
    let Some(client) = crieur_platforms::composer(&account.platform) else {
        return Err(Box::new(Problem::new(
            pointer,
            "account.platform",
            format!("This version of Crieur does not know the network `{}`.", account.platform),
            "Deploy the version that connected this account, or use another account.",
        )));
    };
    let name = client.spec().name;
    match account.status {
        AccountStatus::Active | AccountStatus::Expiring => Ok((account, client)),
        AccountStatus::ReconnectRequired => Err(Box::new(Problem::new(
            pointer,
            "account.reconnect_required",
            format!("{name} no longer accepts the permission of {}.", account.handle),
            format!("Connect it again with `POST /v1/connect/{}`.", account.platform),
        ))),
        AccountStatus::Disconnected => Err(Box::new(Problem::new(
            pointer,
            "account.disconnected",
            format!("The account {} on {name} was disconnected.", account.handle),
            format!("Connect it again with `POST /v1/connect/{}`, or use another account.", account.platform),
        ))),
    }
}

fn review_target(
    index: usize,
    target: &Target,
    post: &Post,
    account: &Account,
    client: &'static dyn Compose,
    known: &Known,
) -> ReviewedTarget {
    let limits = client.limits(&account.facts);
    let (mut problems, mut parts, mut fee) = (Vec::new(), Vec::new(), Fee::default());
    for part in 0..=post.thread.len() {
        let outgoing = post.outgoing(target, part, |id| known.item(id));
        let named = match part.checked_sub(1) {
            None => &post.content_of(target).media,
            Some(follow_up) => &post.thread[follow_up].media,
        };
        let all_ready = named.len() == outgoing.media.len();
        let place = Place { target: index, part, own_content: target.content.is_some() };
        let broken = compose::check(client, &outgoing, &account.facts).into_iter();
        // Files that are missing are named already; what follows from their absence would only confuse.
        let broken =
            broken.filter(|problem| all_ready || !follows_from_files(problem)).map(|problem| place.seen(problem));
        for problem in broken {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        let rendered = client.render_for(&outgoing, &account.facts);
        fee.add(&cost::fee(client.spec(), &rendered.text, &outgoing));
        parts.push(RenderedPart {
            text: rendered.text,
            length: rendered.length,
            limit: limits.text.max,
            unit: limits.text.unit,
        });
    }
    ReviewedTarget { index, account_id: target.account_id, spec: client.spec(), problems, parts, fee }
}

fn follows_from_files(problem: &Problem) -> bool {
    problem.pointer.starts_with("/content/media") || problem.rule.ends_with(".text.required")
}

/// Where a part stands in the request.
#[derive(Debug, Clone, Copy)]
struct Place {
    target: usize,
    part: usize,
    own_content: bool,
}

impl Place {
    /// A client's problem with the pointer of what the caller wrote.
    fn seen(self, problem: Problem) -> Problem {
        let Self { target, part, own_content } = self;
        let content = problem.pointer.strip_prefix("/content").map(str::to_owned);
        match (content, part.checked_sub(1)) {
            (Some(rest), Some(follow_up)) => Problem { pointer: format!("/thread/{follow_up}{rest}"), ..problem },
            (Some(_), None) if own_content => problem.under(&format!("/targets/{target}")),
            (Some(_), None) => problem,
            (None, _) if problem.pointer.starts_with("/options") => problem.under(&format!("/targets/{target}")),
            (None, _) => problem,
        }
    }
}

/// What a person reads for a unit.
#[must_use]
pub const fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Graphemes => "graphemes",
        Unit::CodePoints => "code_points",
        Unit::Utf16 => "utf16",
        Unit::Weighted => "weighted",
    }
}

/// Whether a part has a link, as the network will see it.
#[must_use]
pub fn has_link(text: &str, outgoing: &Outgoing) -> bool {
    outgoing.link.is_some() || !crieur_platforms::text::urls(text).is_empty()
}
