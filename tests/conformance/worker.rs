//! Publishes by the public contract alone, as the product does: one step at a time, each by a worker that has never seen
//! the delivery, and by the domain's own rules for what comes after a failure. Every promise of the contract is put to
//! the test at every step.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crieur_domain::{
    DeliveryId, ErrorKind, Failure,
    content::{Outgoing, Published},
    delivery::Unsettled,
    failure::{Circumstances, Remedy, remedy},
};
use crieur_platforms::{
    connect::App,
    publish::{Context, Progress, Sighting, Step},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{contents::Files, control::Outcome, promises::Promise, stage::Stage};

/// More turns than any post needs.
const MAX_TURNS: usize = 300;
/// What the sandbox calls the steps that change something.
const CHANGING: [&str; 3] = ["commit", "media", "delete"];

/// How a delivery ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The network has named the post.
    Published(Published),
    /// A person has to connect the account again.
    Reconnect(Failure),
    /// It will not work.
    Failed(Failure),
    /// Nobody can tell whether it is out.
    Unknown,
}

/// One delivery.
pub(crate) struct Delivery<'a> {
    stage: &'a mut Stage,
    files: &'a Files,
    post: Outgoing,
    id: DeliveryId,
    dated: Timestamp,
    checkpoint: Value,
    unsettled: Option<Unsettled>,
    ambiguous_since: Option<Timestamp>,
    refreshed: bool,
    attempts: u32,
    /// Whether steps that are no commits are carried out twice.
    pub(crate) doubling: bool,
    /// What went wrong on the way, with the step it went wrong at.
    pub(crate) failures: Vec<(Step, Failure)>,
}

impl<'a> Delivery<'a> {
    /// A delivery of which nothing has been sent.
    pub(crate) async fn new(stage: &'a mut Stage, post: Outgoing, files: &'a Files) -> Outcome<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let chance = u128::from(COUNT.fetch_add(1, Ordering::Relaxed));
        let now = stage.scene.control.now().await?;
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
        Ok(Self {
            stage,
            files,
            post,
            id: DeliveryId::from_parts(milliseconds, chance),
            dated: now,
            checkpoint: Value::Null,
            unsettled: None,
            ambiguous_since: None,
            refreshed: false,
            attempts: 0,
            doubling: false,
            failures: Vec::new(),
        })
    }

    /// Goes on until it ends.
    pub(crate) async fn drive(&mut self) -> Outcome<End> {
        for _ in 0..MAX_TURNS {
            if let Some(doubt) = self.unsettled.clone() {
                match self.look(&doubt).await? {
                    Some(end) => return Ok(end),
                    None => continue,
                }
            }
            let step = match self.step()? {
                Ok(step) => step,
                Err(failure) => return Ok(End::Failed(failure)),
            };
            let began = self.now().await?;
            match self.perform(&step).await? {
                Ok(Progress::Done(published)) => return Ok(End::Published(published)),
                Ok(Progress::Next(checkpoint)) => self.checkpoint = through_text(&checkpoint)?,
                Ok(Progress::Pending { checkpoint, after }) => {
                    self.checkpoint = through_text(&checkpoint)?;
                    self.pass(after).await?;
                }
                Err(failure) => {
                    self.failures.push((step.clone(), failure.clone()));
                    if let Some(end) = self.obey(&step, failure, began).await? {
                        return Ok(end);
                    }
                }
            }
        }
        Err(format!("it came to no end in {MAX_TURNS} turns; the failures were {:?}", self.failures))
    }

    /// Goes on to the first commit and stops before it.
    pub(crate) async fn drive_to_commit(&mut self) -> Outcome<Step> {
        for _ in 0..MAX_TURNS {
            let step = self.step()?.map_err(|failure| format!("no step: {failure:?}"))?;
            if step.commit {
                return Ok(step);
            }
            match self.perform(&step).await?.map_err(|failure| format!("{}: {failure:?}", step.name))? {
                Progress::Done(_) => return Err(format!("{} is done without a commit", step.name)),
                Progress::Next(checkpoint) => self.checkpoint = through_text(&checkpoint)?,
                Progress::Pending { checkpoint, after } => {
                    self.checkpoint = through_text(&checkpoint)?;
                    self.pass(after).await?;
                }
            }
        }
        Err(format!("no commit in {MAX_TURNS} turns"))
    }

    /// The worker dies at this commit: its end was never written down. What the next one knows is when it began.
    pub(crate) async fn die_at(&mut self, step: &Step, after_sending: bool) -> Outcome {
        let began = self.now().await?;
        if after_sending {
            let said = self.perform(step).await?;
            said.map_err(|failure| format!("{}: {failure:?}", step.name))?;
        }
        self.doubt(began, false);
        Ok(())
    }

    /// The next step, asked for twice.
    fn step(&self) -> Outcome<Result<Step, Failure>> {
        let publisher = self.stage.scene.publisher()?;
        let first = publisher.step(&self.post, &self.checkpoint);
        if publisher.step(&self.post.clone(), &through_text(&self.checkpoint)?) != first {
            return Err(format!("asked twice for the step after {}, it named two", self.checkpoint));
        }
        self.stage.scene.promises.keep(Promise::StepIsPure);
        Ok(first)
    }

    async fn perform(&mut self, step: &Step) -> Outcome<Result<Progress, Failure>> {
        if self.doubling && !step.commit {
            // What came of the first time is forgotten, as if its worker had died.
            self.perform_once(step).await?.map_err(|failure| format!("{}: {failure:?}", step.name))?;
        }
        self.perform_once(step).await
    }

    /// Carries out one step by a worker of its own, and looks at what that did.
    pub(crate) async fn perform_once(&mut self, step: &Step) -> Outcome<Result<Progress, Failure>> {
        let (before, last) = (self.visible().await?, self.stage.scene.control.last_request().await?);
        let said = {
            let now = self.now().await?;
            let app = self.stage.scene.app();
            self.stage.scene.publisher()?.perform(&self.context(app.as_ref(), now), &self.post, &self.checkpoint).await
        };
        let (after, promises) = (self.visible().await?, &self.stage.scene.promises);
        if !step.commit && before != after {
            return Err(format!("`{}` is no commit and changed what is visible", step.name));
        }
        promises.keep(Promise::OnlyCommitsShow);
        let changes = self.changes_after(last).await?;
        if changes.len() > 1 {
            return Err(format!("`{}` changed something {} times: {changes:?}", step.name, changes.len()));
        }
        promises.keep(Promise::OneChangePerStep);
        match &said {
            Ok(Progress::Done(published)) => {
                if !after.iter().any(|(id, _)| *id == published.network_id) {
                    return Err(format!("`{}` is done with {published:?}, which nobody can see", step.name));
                }
                promises.keep(Promise::DoneIsNamed);
            }
            Ok(Progress::Next(_) | Progress::Pending { .. }) => promises.keep(Promise::CheckpointIsEnough),
            Err(failure) if self.stage.gives_away(&format!("{failure:?}")) => {
                return Err(format!("`{}` failed with a secret in its words", step.name));
            }
            Err(_) => promises.keep(Promise::FailuresAreClassified),
        }
        Ok(said)
    }

    fn context<'b>(&'b self, app: Option<&'b App>, now: Timestamp) -> Context<'b> {
        Context {
            http: &self.stage.scene.http,
            account: &self.stage.account,
            credentials: &self.stage.credentials,
            app: self.stage.credentials.app.as_ref().or(app),
            media: self.files,
            delivery: self.id,
            dated: self.dated,
            now,
        }
    }

    /// What the domain says about a failure.
    async fn obey(&mut self, step: &Step, failure: Failure, began: Timestamp) -> Outcome<Option<End>> {
        let circumstances = Circumstances {
            commit: step.commit,
            ambiguous_before: self.ambiguous_since.is_some(),
            refreshed: self.refreshed,
            attempts: self.attempts,
        };
        match remedy(&failure, circumstances) {
            Remedy::Retry(after) => {
                self.attempts += 1;
                self.refreshed = false;
                self.pass(after.unwrap_or(Duration::from_secs(2))).await?;
            }
            Remedy::Wait(after) => self.pass(after.unwrap_or(Duration::from_secs(60))).await?,
            Remedy::Refresh => return self.refresh().await,
            Remedy::Settle => self.doubt(began, failure.kind == ErrorKind::Duplicate),
            Remedy::Reconnect => return Ok(Some(End::Reconnect(failure))),
            Remedy::Fail => return Ok(Some(End::Failed(failure))),
        }
        Ok(None)
    }

    async fn refresh(&mut self) -> Outcome<Option<End>> {
        self.refreshed = true;
        let now = self.now().await?;
        let app = self.stage.scene.app();
        let cx = self.stage.scene.connecting(app.as_ref(), now);
        match self.stage.scene.connector()?.refresh(&cx, &self.stage.account, &self.stage.credentials).await {
            Ok(fresh) => {
                self.stage.credentials = fresh;
                Ok(None)
            }
            Err(failure) => self.again_or_reconnect(failure).await,
        }
    }

    async fn again_or_reconnect(&mut self, failure: Failure) -> Outcome<Option<End>> {
        if matches!(failure.kind, ErrorKind::TokenExpired | ErrorKind::PermissionGone) {
            return Ok(Some(End::Reconnect(failure)));
        }
        self.refreshed = false;
        self.pass(Duration::from_secs(30)).await?;
        Ok(None)
    }

    fn doubt(&mut self, began: Timestamp, called_duplicate: bool) {
        let since = *self.ambiguous_since.get_or_insert(began);
        self.unsettled = Some(Unsettled { since, quiet_reads: 0, last_read: None, called_duplicate });
    }

    /// Looks once for a commit whose answer was lost.
    async fn look(&mut self, doubt: &Unsettled) -> Outcome<Option<End>> {
        let (before, last) = (self.visible().await?, self.stage.scene.control.last_request().await?);
        let now = self.now().await?;
        let seen = {
            let app = self.stage.scene.app();
            let cx = self.context(app.as_ref(), now);
            self.stage.scene.publisher()?.settle(&cx, &self.post, &self.checkpoint, doubt).await
        };
        let changes = self.changes_after(last).await?;
        if self.visible().await? != before || !changes.is_empty() {
            return Err(format!("settling changed something: {changes:?}"));
        }
        self.stage.scene.promises.keep(Promise::SettlingChangesNothing);
        let rule = &self.stage.scene.spec.settling;
        match seen {
            Ok(Sighting::Found(published)) => {
                if before.iter().any(|(id, _)| *id == published.network_id) {
                    return Ok(Some(End::Published(published)));
                }
                return Err(format!("settling found {published:?}, which nobody can see"));
            }
            Ok(Sighting::CannotTell) => return Ok(Some(End::Unknown)),
            Ok(Sighting::Absent) if !doubt.called_duplicate => self.send_again(),
            Ok(Sighting::Repeatable) => self.send_again(),
            Ok(Sighting::Absent | Sighting::NotSeen) => {
                let reads = doubt.quiet_reads + 1;
                let quiet = now.duration_since(doubt.since) >= SignedDuration::from_secs(rule.quiet_seconds.into());
                if reads < rule.quiet_reads || !quiet {
                    self.unsettled = Some(Unsettled { quiet_reads: reads, last_read: Some(now), ..doubt.clone() });
                    let share = rule.quiet_seconds / rule.quiet_reads.max(1);
                    self.pass(Duration::from_secs(u64::from(share) + 3)).await?;
                } else if doubt.called_duplicate {
                    return Ok(Some(End::Unknown));
                } else {
                    self.send_again();
                }
            }
            Err(failure) if failure.kind == ErrorKind::TokenExpired && !self.refreshed => return self.refresh().await,
            Err(failure) => return self.again_or_reconnect(failure).await,
        }
        Ok(None)
    }

    fn send_again(&mut self) {
        self.unsettled = None;
        self.refreshed = false;
        self.attempts += 1;
    }

    /// Requests that changed something, or would have.
    async fn changes_after(&self, number: u64) -> Outcome<Vec<String>> {
        let requests = self.stage.scene.control.requests_after(number).await?;
        let changing = |request: &&Value| {
            request["step"].as_str().is_some_and(|step| CHANGING.contains(&step)) && request["method"] != "GET"
        };
        let name = |request: &Value| format!("{} {}", request["method"], request["path"]);
        Ok(requests.iter().filter(changing).map(name).collect())
    }

    /// Ids and texts of all that is visible.
    async fn visible(&self) -> Outcome<Vec<(String, String)>> {
        let text = |post: &Value, name: &str| post[name].as_str().unwrap_or_default().to_owned();
        let posts = self.stage.scene.control.posts().await?;
        Ok(posts.iter().map(|post| (text(post, "id"), text(post, "text"))).collect())
    }

    pub(crate) async fn now(&self) -> Outcome<Timestamp> {
        self.stage.scene.control.now().await
    }

    /// Lets time pass instead of waiting.
    pub(crate) async fn pass(&self, time: Duration) -> Outcome {
        self.stage.scene.control.advance(time.as_secs_f64()).await
    }

    /// Sets a fault for the next request of this kind, and gives its id.
    pub(crate) async fn fault(&self, step: &str, fault: &Value) -> Outcome<u64> {
        self.stage.scene.control.fault(step, fault, 1).await
    }

    /// How often a fault happened.
    pub(crate) async fn hits(&self, fault: u64) -> Outcome<u64> {
        self.stage.scene.control.hits(fault).await
    }

    /// Carries out a step at a network that is not there.
    pub(crate) async fn send_into_the_void(&self, step: &Step) -> Outcome<Result<Progress, Failure>> {
        let app = self.stage.scene.app();
        let cx = self.context(app.as_ref(), self.dated);
        let publisher = self.stage.scene.publisher()?;
        if publisher.step(&self.post, &self.checkpoint).as_ref() != Ok(step) {
            return Err("another step follows all at once".into());
        }
        Ok(publisher.perform(&cx, &self.post, &self.checkpoint).await)
    }

    /// Closes the network's port.
    pub(crate) async fn vanish(&mut self) -> Outcome {
        self.stage.scene.vanish().await
    }
}

/// A checkpoint as another worker reads it.
fn through_text(checkpoint: &Value) -> Outcome<Value> {
    serde_json::from_str(&checkpoint.to_string()).map_err(|error| format!("a checkpoint that cannot be read: {error}"))
}
