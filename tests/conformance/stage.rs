//! A sandbox of one's own with an account connected to it: every case has one, so that none can spoil another.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use crieur_domain::{Account, AccountId, AccountStatus, PlatformId, Secret, WorkspaceId};
use crieur_platforms::{
    Compose, Connect, Publish, Spec,
    connect::{App, Candidate, Connecting, Credentials},
    http::{Endpoints, Http},
    spec::Limits,
};
use crieur_sandbox::Sandbox;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    control::{Control, Outcome},
    login,
    promises::Promises,
};

/// Where the browser would come back to.
pub(crate) const REDIRECT_URL: &str = "http://127.0.0.1:9/v1/connect/callback";

/// A sandbox in which nobody is connected yet.
pub(crate) struct Scene {
    pub(crate) spec: &'static Spec,
    pub(crate) control: Control,
    pub(crate) seeds: Value,
    pub(crate) promises: Arc<Promises>,
    /// The sender.
    pub(crate) http: Http,
    url: String,
    sandbox: Option<Sandbox>,
}

impl Scene {
    /// Starts one.
    pub(crate) async fn open(spec: &'static Spec, promises: Arc<Promises>) -> Outcome<Self> {
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let sandbox = Sandbox::start(here).await.map_err(|error| format!("no sandbox: {error}"))?;
        let http = Http::new(Endpoints::from_var(Some(&sandbox.url))?)?;
        let control = Control::new(&sandbox.url, spec.id);
        control.widen_limits().await?;
        let seeds = control.seeds().await?;
        Ok(Self { spec, control, seeds, promises, http, url: sandbox.url.clone(), sandbox: Some(sandbox) })
    }

    /// The network's address.
    pub(crate) fn base(&self) -> String {
        format!("{}/{}", self.url, self.spec.id)
    }

    /// The app that the team has registered, where the network needs one.
    pub(crate) fn app(&self) -> Option<App> {
        let text = |name: &str| self.seeds["app"][name].as_str();
        text("client_id")
            .map(|id| App { client_id: id.to_owned(), client_secret: text("client_secret").map(Secret::new) })
    }

    /// What a login leans on.
    pub(crate) fn connecting<'a>(&'a self, app: Option<&'a App>, now: Timestamp) -> Connecting<'a> {
        Connecting { http: &self.http, app, redirect_url: REDIRECT_URL, now }
    }

    pub(crate) fn connector(&self) -> Outcome<&'static dyn Connect> {
        crieur_platforms::connector(&PlatformId::known(self.spec.id)).ok_or_else(|| "no connector".to_owned())
    }

    pub(crate) fn composer(&self) -> Outcome<&'static dyn Compose> {
        crieur_platforms::composer(&PlatformId::known(self.spec.id)).ok_or_else(|| "no composer".to_owned())
    }

    pub(crate) fn publisher(&self) -> Outcome<&'static dyn Publish> {
        crieur_platforms::publisher(&PlatformId::known(self.spec.id)).ok_or_else(|| "no publisher".to_owned())
    }

    /// The time there, or here once nobody is there.
    pub(crate) async fn now(&self) -> Timestamp {
        self.control.now().await.unwrap_or_else(|_| Timestamp::now())
    }

    /// Closes the port, and every connection to it: from now on nothing can be sent.
    pub(crate) async fn vanish(&mut self) -> Outcome {
        if let Some(sandbox) = self.sandbox.take() {
            sandbox.shutdown().await;
        }
        self.http = Http::new(Endpoints::from_var(Some(&self.url))?)?;
        Ok(())
    }
}

/// A sandbox with an account.
pub(crate) struct Stage {
    pub(crate) scene: Scene,
    pub(crate) account: Account,
    pub(crate) credentials: Credentials,
}

impl Stage {
    /// Starts a sandbox and connects its first account.
    pub(crate) async fn open(spec: &'static Spec, promises: Arc<Promises>) -> Outcome<Self> {
        Self::in_scene(Scene::open(spec, promises).await?).await
    }

    /// Connects the first account of a sandbox.
    pub(crate) async fn in_scene(scene: Scene) -> Outcome<Self> {
        let candidate = login::first(&scene).await?;
        let now = scene.control.now().await?;
        Ok(Self { account: account(scene.spec, &candidate, now), credentials: candidate.credentials, scene })
    }

    /// What this account's server takes.
    pub(crate) fn limits(&self) -> Outcome<Limits> {
        Ok(self.scene.composer()?.limits(&self.account.facts))
    }

    /// Whether a text gives any of the account's secrets away.
    pub(crate) fn gives_away(&self, text: &str) -> bool {
        let credentials = &self.credentials;
        let app = credentials.app.clone().or_else(|| self.scene.app());
        let secrets = [
            Some(&credentials.access_token),
            credentials.refresh_token.as_ref(),
            credentials.password.as_ref(),
            app.as_ref().and_then(|app| app.client_secret.as_ref()),
        ];
        secrets.into_iter().flatten().any(|secret| !secret.expose().is_empty() && text.contains(secret.expose()))
    }
}

fn account(spec: &'static Spec, candidate: &Candidate, now: Timestamp) -> Account {
    Account {
        id: AccountId::from_parts(0, 1),
        workspace_id: WorkspaceId::from_parts(0, 1),
        platform: PlatformId::known(spec.id),
        network_id: candidate.network_id.clone(),
        handle: candidate.handle.clone(),
        name: candidate.name.clone(),
        avatar_url: candidate.avatar_url.clone(),
        base_url: candidate.base_url.clone(),
        facts: candidate.facts.clone(),
        status: AccountStatus::Active,
        reason: None,
        expires_at: candidate.expires_at,
        labels: Vec::new(),
        created_at: now,
    }
}
