//! One pretend internet: the networks over their world, and what happens to a request on its way to them.

use std::time::Duration;

use crate::{
    faults::{Cut, Effect, Faults},
    log::{Log, Outcome, shown_path},
    network::{Refusal, Twin},
    networks,
    reply::Reply,
    request::Request,
    world::World,
};

/// Everything of one sandbox.
pub(crate) struct Internet {
    pub(crate) world: World,
    pub(crate) twins: Vec<Box<dyn Twin>>,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
}

/// What the wire has to do.
pub(crate) struct Verdict {
    /// `None` closes the connection without an answer.
    pub(crate) reply: Option<Reply>,
    /// To be waited for before either.
    pub(crate) delay: Duration,
}

impl Internet {
    /// The networks before anyone came.
    pub(crate) fn new() -> Self {
        let mut world = World::default();
        let twins = networks::open_all(&mut world);
        Self { world, twins, faults: Faults::default(), log: Log::default() }
    }

    /// The names of the networks, as they stand in paths.
    pub(crate) fn platforms(&self) -> Vec<&'static str> {
        self.twins.iter().map(|twin| twin.look().id).collect()
    }

    /// Addresses from which a request asks a network to fetch files.
    pub(crate) fn fetches(&self, platform: &str, request: &Request) -> Vec<String> {
        let twin = self.twins.iter().find(|twin| twin.look().id == platform);
        twin.map(|twin| twin.fetches(request)).unwrap_or_default()
    }

    /// Carries out a request to a network, or does what a fault wants instead. `None` where there is no such network.
    pub(crate) fn perform(&mut self, platform: &str, mut request: Request) -> Option<Verdict> {
        let Self { world, twins, faults, log } = self;
        let twin = twins.iter_mut().find(|twin| twin.look().id == platform)?;
        let mut found = twin.find(&request.method, &request.path);
        if let Ok(found) = &mut found {
            request.params = std::mem::take(&mut found.params);
        }
        let step = found.as_ref().ok().map(|found| twin.step(found, &request));
        let fault = faults.take(platform, &request.method, &request.path, step);
        let effect = fault.as_ref().map(|fault| fault.fault.clone()).unwrap_or_default();

        let executed = effect.cut != Some(Cut::BeforeCommit) && (effect.status.is_none() || effect.execute);
        let at = world.now();
        let mut reply = executed.then(|| match &found {
            Ok(found) => twin.carry_out(found, world, &request),
            Err(refusal) => {
                let path = shown_path(&request.path);
                let why = format!("{} {path} is not a request of this network", request.method);
                twin.refuse(&request, *refusal).strict([why])
            }
        });
        let strict = reply.as_mut().map(|reply| std::mem::take(&mut reply.strict)).unwrap_or_default();
        let reply = if effect.cut.is_some() { None } else { answer(twin.as_ref(), &request, &effect, reply) };

        log.write(
            at,
            platform,
            &request,
            &Outcome { step, reply: reply.as_ref(), strict: &strict, executed, fault: fault.map(|fault| fault.id) },
        );
        Some(Verdict { reply, delay: effect.delay() })
    }
}

/// The answer that a fault leaves of a network's own.
fn answer(twin: &dyn Twin, request: &Request, effect: &Effect, own: Option<Reply>) -> Option<Reply> {
    let mut reply = match (effect.status, &effect.body) {
        (None, _) => own?,
        (Some(status), None) => twin.refuse(request, Refusal::Fault(status)),
        (Some(status), Some(serde_json::Value::String(text))) => {
            Reply::typed(status, "text/plain; charset=utf-8", text.clone())
        }
        (Some(status), Some(body)) => Reply::json(status, body),
    };
    twin.seal(request, &mut reply);
    for (name, value) in &effect.headers {
        reply.set(name, value);
    }
    Some(reply)
}
