//! Every kind of post: goes out once, goes on after every step, survives every fault at every kind of request.

use std::time::Duration;

use crieur_domain::{
    ErrorKind, Failure,
    content::{Outgoing, Published, ReplyTo},
};
use crieur_platforms::spec::{Ability, Method};
use serde_json::{Value, json};

use crate::{
    contents::{PostType, Sample, shows},
    control::Outcome,
    deletion,
    matrix::Verdict,
    stage::Stage,
    worker::{Delivery, End},
};

/// What is done to a post on its way.
#[derive(Debug, Clone)]
pub(crate) enum Case {
    /// Nothing.
    GoesOut,
    /// Every step is carried out twice by workers that know the checkpoint alone.
    Resumes,
    /// The worker dies at the commit, and the next one comes so many seconds later.
    Dies { after_sending: bool, seconds_later: u64 },
    /// The network cannot be reached.
    Unreachable,
    /// Once, a request of this kind goes wrong.
    Fault { step: &'static str, fault: &'static Fault },
    /// The permission is withdrawn before the commit.
    Withdrawn,
    /// The access token runs out before the commit.
    Expired,
    /// The post that it answers is gone.
    Orphaned,
    /// The same again, as another delivery.
    Twice,
}

/// Something that goes wrong, and what has to come of it.
#[derive(Debug)]
pub(crate) struct Fault {
    name: &'static str,
    effect: fn() -> Value,
    /// The kinds as which it may be told.
    kinds: &'static [ErrorKind],
    comes_to: ComesTo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ComesTo {
    /// It is out once in the end.
    Once,
    /// It is out once in the end where tokens can be renewed, and else waits for a person.
    OnceOrReconnect,
    /// Nothing is out.
    Nothing,
}

/// How long the network asks to stay away in the fault that says so.
const STAY_AWAY: u64 = 7;
const LOST: &[ErrorKind] = &[ErrorKind::Interrupted];
const UNWELL: &[ErrorKind] = &[ErrorKind::Interrupted, ErrorKind::Unavailable];
const FULL: &[ErrorKind] = &[ErrorKind::RateLimited];
const SHUT: &[ErrorKind] = &[ErrorKind::TokenExpired, ErrorKind::PermissionGone];

/// All of them.
const FAULTS: [Fault; 10] = [
    fault("cut before", || json!({"cut": "before_commit"}), LOST, ComesTo::Once),
    fault("cut after", || json!({"cut": "after_commit"}), LOST, ComesTo::Once),
    fault("500 before", || json!({"status": 500}), UNWELL, ComesTo::Once),
    fault("500 after", || json!({"status": 500, "execute": true}), LOST, ComesTo::Once),
    fault("503 before", || json!({"status": 503}), UNWELL, ComesTo::Once),
    fault("no JSON after", || json!({"status": 200, "execute": true, "body": "<html>"}), LOST, ComesTo::Once),
    fault(
        "429 with Retry-After",
        || json!({"status": 429, "headers": {"Retry-After": STAY_AWAY}}),
        FULL,
        ComesTo::Once,
    ),
    fault("429", || json!({"status": 429}), FULL, ComesTo::Once),
    fault("401", || json!({"status": 401}), SHUT, ComesTo::OnceOrReconnect),
    fault(
        "403",
        || json!({"status": 403}),
        &[ErrorKind::PermissionGone, ErrorKind::Refused, ErrorKind::AppRejected],
        ComesTo::Nothing,
    ),
];

const fn fault(name: &'static str, effect: fn() -> Value, kinds: &'static [ErrorKind], comes_to: ComesTo) -> Fault {
    Fault { name, effect, kinds, comes_to }
}

impl Case {
    /// Every case of a kind of post.
    pub(crate) fn all(kind: PostType) -> Vec<Self> {
        const HOURS: u64 = 2 * 3600;
        let mut cases = vec![Self::GoesOut, Self::Resumes, Self::Unreachable, Self::Withdrawn, Self::Expired];
        for after_sending in [true, false] {
            cases.extend([120, HOURS].map(|seconds_later| Self::Dies { after_sending, seconds_later }));
        }
        for step in ["commit", "media", "status"] {
            cases.extend(FAULTS.iter().map(|fault| Self::Fault { step, fault }));
        }
        if kind == PostType::Thread {
            cases.push(Self::Orphaned);
        }
        if kind == PostType::Text {
            cases.push(Self::Twice);
        }
        cases
    }

    /// What it is called.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::GoesOut => "goes out once".into(),
            Self::Resumes => "resumes after every step".into(),
            Self::Dies { after_sending: true, seconds_later } => format!("killed after the commit, {seconds_later} s"),
            Self::Dies { after_sending: false, seconds_later } => {
                format!("killed before the commit, {seconds_later} s")
            }
            Self::Unreachable => "connection refused".into(),
            Self::Fault { step, fault } => format!("{} at {step}", fault.name),
            Self::Withdrawn => "permission withdrawn".into(),
            Self::Expired => "token expired".into(),
            Self::Orphaned => "its parent is gone".into(),
            Self::Twice => "the same text twice".into(),
        }
    }
}

/// Plays a case on a stage of its own.
pub(crate) async fn play(mut stage: Stage, kind: PostType, case: &Case) -> Outcome<Verdict> {
    let large = matches!(case, Case::GoesOut | Case::Resumes);
    let sample = kind.sample(&stage.limits()?, large)?;
    let above = forerunners(&mut stage, &sample).await?;
    let mut post = sample.parts.last().cloned().ok_or("an empty sample")?;
    post.reply_to =
        above.first().zip(above.last()).map(|(root, parent)| ReplyTo { parent: parent.clone(), root: root.clone() });
    let played = Played { sample: &sample, post: post.clone(), before: above.len() };
    match case {
        Case::GoesOut | Case::Resumes => {
            let mut delivery = Delivery::new(&mut stage, post, &sample.files).await?;
            delivery.doubling = matches!(case, Case::Resumes);
            let end = delivery.drive().await?;
            no_failures(&delivery)?;
            played.is_out_once(&stage, &end).await?;
            nothing_strict(&stage).await?;
        }
        Case::Dies { after_sending, seconds_later } => {
            let mut delivery = Delivery::new(&mut stage, post, &sample.files).await?;
            let step = delivery.drive_to_commit().await?;
            delivery.die_at(&step, *after_sending).await?;
            delivery.pass(Duration::from_secs(*seconds_later)).await?;
            match delivery.drive().await? {
                // A network that cannot be asked leaves it open; then nothing may be sent again.
                End::Unknown if stage.scene.spec.settling.method == Method::Nothing => {
                    let (count, out) = (stage.scene.control.posts().await?.len(), usize::from(*after_sending));
                    if count != played.before + out {
                        return Err(format!("{count} posts are visible instead of {}", played.before + out));
                    }
                }
                end => played.is_out_once(&stage, &end).await?,
            }
        }
        Case::Unreachable => {
            let mut delivery = Delivery::new(&mut stage, post, &sample.files).await?;
            return unreachable(&mut delivery).await;
        }
        Case::Fault { step, fault } => return played.with_fault(&mut stage, step, fault).await,
        Case::Withdrawn => {
            stage.scene.control.withdraw().await?;
            let mut delivery = Delivery::new(&mut stage, post, &sample.files).await?;
            match delivery.drive().await? {
                End::Reconnect(failure) => told_a_person(&failure)?,
                other => return Err(format!("without permission it came to {other:?}")),
            }
            played.nothing_more_is_out(&stage).await?;
        }
        Case::Expired => return played.with_an_old_token(&mut stage).await,
        Case::Orphaned => return played.orphaned(&mut stage).await,
        Case::Twice => return twice(&mut stage, &played).await,
    }
    Ok(Verdict::Passed)
}

/// Publishes all parts but the last.
async fn forerunners(stage: &mut Stage, sample: &Sample) -> Outcome<Vec<Published>> {
    let mut above: Vec<Published> = Vec::new();
    for part in &sample.parts[..sample.parts.len() - 1] {
        let reply_to = above.first().zip(above.last());
        let reply_to = reply_to.map(|(root, parent)| ReplyTo { parent: parent.clone(), root: root.clone() });
        let part = Outgoing { reply_to, ..part.clone() };
        match Delivery::new(stage, part, &sample.files).await?.drive().await? {
            End::Published(published) => above.push(published),
            other => return Err(format!("a forerunner came to {other:?}")),
        }
    }
    Ok(above)
}

/// A case under way: what is published, and how much was visible before.
struct Played<'a> {
    sample: &'a Sample,
    post: Outgoing,
    before: usize,
}

impl Played<'_> {
    async fn is_out_once(&self, stage: &Stage, end: &End) -> Outcome {
        let End::Published(published) = end else {
            return Err(format!("it came to {end:?}; {} are visible", stage.scene.control.posts().await?.len()));
        };
        let posts = stage.scene.control.posts().await?;
        if posts.len() != self.before + 1 {
            return Err(format!("{} posts are visible instead of {}", posts.len(), self.before + 1));
        }
        let visible = posts
            .iter()
            .find(|post| post["id"] == published.network_id.as_str())
            .ok_or_else(|| format!("{published:?} is not visible"))?;
        let alt_texts = stage.limits()?.media.alt_text_max.is_some();
        shows(visible, &self.post, &self.sample.files, alt_texts)?;
        let parent = self.post.reply_to.as_ref().map(|reply| reply.parent.network_id.as_str());
        if visible["parent"].as_str() != parent {
            return Err(format!("it answers {} instead of {parent:?}", visible["parent"]));
        }
        match &published.permalink {
            Some(link) if link.starts_with("http") => Ok(()),
            other => Err(format!("its link is {other:?}")),
        }
    }

    async fn nothing_more_is_out(&self, stage: &Stage) -> Outcome {
        let count = stage.scene.control.posts().await?.len();
        if count == self.before { Ok(()) } else { Err(format!("{count} posts are visible instead of {}", self.before)) }
    }

    async fn with_fault(&self, stage: &mut Stage, step: &str, fault: &Fault) -> Outcome<Verdict> {
        let mut delivery = Delivery::new(stage, self.post.clone(), &self.sample.files).await?;
        let id = delivery.fault(step, &(fault.effect)()).await?;
        let end = delivery.drive().await?;
        if delivery.hits(id).await? == 0 {
            no_failures(&delivery)?;
            return Ok(Verdict::NotOffered(format!("it makes no request of the kind `{step}`")));
        }
        let Some((failed, failure)) = delivery.failures.first().cloned() else {
            // A client may find out for itself what became of a commit. Nothing else may go unnoticed.
            if step != "commit" || fault.kinds != LOST {
                return Err("the fault was not noticed".into());
            }
            self.is_out_once(stage, &end).await?;
            return Ok(Verdict::Passed);
        };
        if !fault.kinds.contains(&failure.kind) {
            return Err(format!("`{}` told it as {:?}: {}", failed.name, failure.kind, failure.message));
        }
        if fault.name.contains("Retry-After") && failure.retry_after_seconds != Some(STAY_AWAY) {
            return Err(format!("asked to stay away for {STAY_AWAY} s, it said {:?}", failure.retry_after_seconds));
        }
        let renewable = stage.scene.spec.abilities.refresh == Ability::Yes;
        // A network that cannot be asked may leave a lost answer open, and a commit that needs no answer does not exist.
        let open = stage.scene.spec.settling.method == Method::Nothing && failed.commit;
        match (&end, fault.comes_to) {
            (End::Unknown, ComesTo::Once) if open => {
                let count = stage.scene.control.posts().await?.len();
                if count > self.before + 1 {
                    return Err(format!("{count} posts are visible"));
                }
            }
            (End::Reconnect(failure), ComesTo::OnceOrReconnect) if !renewable => {
                told_a_person(failure)?;
                self.nothing_more_is_out(stage).await?;
            }
            (_, ComesTo::Once | ComesTo::OnceOrReconnect) => self.is_out_once(stage, &end).await?,
            (End::Failed(failure) | End::Reconnect(failure), ComesTo::Nothing) => {
                told_a_person(failure)?;
                self.nothing_more_is_out(stage).await?;
            }
            (end, ComesTo::Nothing) => return Err(format!("it came to {end:?}")),
        }
        Ok(Verdict::Passed)
    }

    async fn with_an_old_token(&self, stage: &mut Stage) -> Outcome<Verdict> {
        let Some(expires_at) = stage.credentials.expires_at else {
            return Ok(Verdict::NotOffered("its tokens do not run out".into()));
        };
        let left = expires_at.duration_since(stage.scene.control.now().await?);
        let mut delivery = Delivery::new(stage, self.post.clone(), &self.sample.files).await?;
        delivery.pass(Duration::try_from(left).unwrap_or_default() + Duration::from_secs(1)).await?;
        let end = delivery.drive().await?;
        let noticed = delivery.failures.first().map(|(_, failure)| failure.kind);
        match noticed {
            Some(ErrorKind::TokenExpired) => {}
            // Where a token can be renewed only while it works, its end is told early.
            None => crate::tokens::renewed(stage).await?,
            _ => return Err(format!("the old token was told as {noticed:?}")),
        }
        self.is_out_once(stage, &end).await?;
        Ok(Verdict::Passed)
    }

    async fn orphaned(&self, stage: &mut Stage) -> Outcome<Verdict> {
        if let Ability::No(why) = stage.scene.spec.abilities.delete {
            return Ok(Verdict::NotOffered(why.into()));
        }
        let parent = self.post.reply_to.as_ref().ok_or("no parent")?.parent.clone();
        deletion::delete(stage, &parent).await?.map_err(|failure| format!("the parent stays: {failure:?}"))?;
        let mut delivery = Delivery::new(stage, self.post.clone(), &self.sample.files).await?;
        match delivery.drive().await? {
            // Some networks take an answer to nothing; then it is out, and once.
            End::Published(_) => {}
            End::Failed(failure) if matches!(failure.kind, ErrorKind::NotFound | ErrorKind::Refused) => {}
            other => return Err(format!("it came to {other:?}")),
        }
        let count = stage.scene.control.posts().await?.len();
        if count <= self.before { Ok(Verdict::Passed) } else { Err(format!("{count} posts are visible")) }
    }
}

async fn unreachable(delivery: &mut Delivery<'_>) -> Outcome<Verdict> {
    let step = delivery.drive_to_commit().await?;
    delivery.vanish().await?;
    match delivery.send_into_the_void(&step).await? {
        Err(failure) if failure.kind == ErrorKind::NotSent => Ok(Verdict::Passed),
        other => Err(format!("it came to {other:?}")),
    }
}

/// A network may take the same text again or call it a duplicate; it may not be counted as one post out of two.
async fn twice(stage: &mut Stage, played: &Played<'_>) -> Outcome<Verdict> {
    let first = Delivery::new(stage, played.post.clone(), &played.sample.files).await?.drive().await?;
    played.is_out_once(stage, &first).await?;
    let second = Delivery::new(stage, played.post.clone(), &played.sample.files).await?.drive().await?;
    let count = stage.scene.control.posts().await?.len();
    match (first, second) {
        (End::Published(one), End::Published(two)) if count == 2 && one.network_id != two.network_id => {
            Ok(Verdict::Passed)
        }
        (_, End::Failed(failure)) if count == 1 && failure.kind == ErrorKind::Duplicate => Ok(Verdict::Passed),
        (_, second) => Err(format!("the second came to {second:?} with {count} visible")),
    }
}

fn told_a_person(failure: &Failure) -> Outcome {
    match &failure.remedy {
        Some(remedy) if !remedy.is_empty() && !failure.message.is_empty() => Ok(()),
        _ => Err(format!("it does not say what to do: {failure:?}")),
    }
}

fn no_failures(delivery: &Delivery<'_>) -> Outcome {
    if delivery.failures.is_empty() { Ok(()) } else { Err(format!("on the way: {:?}", delivery.failures)) }
}

/// Nothing of what was sent is such that the network would have to be lenient.
async fn nothing_strict(stage: &Stage) -> Outcome {
    for request in stage.scene.control.requests_after(0).await? {
        if request["strict"].as_array().is_some_and(|said| !said.is_empty()) {
            return Err(format!("{} {}: {}", request["method"], request["path"], request["strict"]));
        }
    }
    Ok(())
}
