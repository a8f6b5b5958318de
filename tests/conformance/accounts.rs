//! Connecting an account, renewing and giving back its tokens, and taking a post off the network.

use std::collections::BTreeSet;

use crieur_domain::{ErrorKind, Failure, Secret, content::Published};
use crieur_platforms::{
    connect::Credentials,
    spec::{Ability, ConnectKind},
};
use serde_json::json;

use crate::{
    contents::PostType,
    control::Outcome,
    deletion, login,
    matrix::Verdict,
    stage::{Scene, Stage},
    tokens,
    worker::{Delivery, End},
};

/// What is tried, under the column it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Connects,
    ConnectionRefused,
    LoginDenied,
    CodeUsedTwice,
    AnothersVerifier,
    WrongAppSecret,
    WrongPassword,
    ServerFailsAtLogin,
    InputIsMissing,
    Refreshes,
    RefreshIsNotOffered,
    RefreshFails,
    RefreshAfterWithdrawal,
    Revokes,
    RevokeIsNotOffered,
    RevokesTwice,
    RevokeFails,
    Deletes,
    DeleteIsNotOffered,
    DeletesTwice,
    DeleteFails(DeleteFault),
}

/// What goes wrong with a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeleteFault {
    CutBefore,
    CutAfter,
    Fails,
    Full,
    Withdrawn,
}

impl Case {
    /// All of them.
    pub(crate) const ALL: [Self; 25] = [
        Self::Connects,
        Self::ConnectionRefused,
        Self::LoginDenied,
        Self::CodeUsedTwice,
        Self::AnothersVerifier,
        Self::WrongAppSecret,
        Self::WrongPassword,
        Self::ServerFailsAtLogin,
        Self::InputIsMissing,
        Self::Refreshes,
        Self::RefreshIsNotOffered,
        Self::RefreshFails,
        Self::RefreshAfterWithdrawal,
        Self::Revokes,
        Self::RevokeIsNotOffered,
        Self::RevokesTwice,
        Self::RevokeFails,
        Self::Deletes,
        Self::DeleteIsNotOffered,
        Self::DeletesTwice,
        Self::DeleteFails(DeleteFault::CutBefore),
        Self::DeleteFails(DeleteFault::CutAfter),
        Self::DeleteFails(DeleteFault::Fails),
        Self::DeleteFails(DeleteFault::Full),
        Self::DeleteFails(DeleteFault::Withdrawn),
    ];

    /// The column, and what the case is called.
    pub(crate) const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Connects => ("connect", "connects"),
            Self::ConnectionRefused => ("connect", "connection refused"),
            Self::LoginDenied => ("connect", "the person says no"),
            Self::CodeUsedTwice => ("connect", "the code is used twice"),
            Self::AnothersVerifier => ("connect", "the verifier of another login"),
            Self::WrongAppSecret => ("connect", "the app's secret is wrong"),
            Self::WrongPassword => ("connect", "the password is wrong"),
            Self::ServerFailsAtLogin => ("connect", "500"),
            Self::InputIsMissing => ("connect", "nothing typed in"),
            Self::Refreshes => ("refresh", "renews the tokens"),
            Self::RefreshIsNotOffered => ("refresh", "says that it cannot"),
            Self::RefreshFails => ("refresh", "500"),
            Self::RefreshAfterWithdrawal => ("refresh", "permission withdrawn"),
            Self::Revokes => ("revoke", "gives the tokens back"),
            Self::RevokeIsNotOffered => ("revoke", "does no harm"),
            Self::RevokesTwice => ("revoke", "of dead tokens"),
            Self::RevokeFails => ("revoke", "500"),
            Self::Deletes => ("delete", "takes the post off"),
            Self::DeleteIsNotOffered => ("delete", "says that it cannot"),
            Self::DeletesTwice => ("delete", "of a post that is gone"),
            Self::DeleteFails(DeleteFault::CutBefore) => ("delete", "cut before"),
            Self::DeleteFails(DeleteFault::CutAfter) => ("delete", "cut after"),
            Self::DeleteFails(DeleteFault::Fails) => ("delete", "500"),
            Self::DeleteFails(DeleteFault::Full) => ("delete", "429 with Retry-After"),
            Self::DeleteFails(DeleteFault::Withdrawn) => ("delete", "permission withdrawn"),
        }
    }

    /// Why the network does not offer it, where it does not.
    fn missing(self, scene: &Scene) -> Option<String> {
        let abilities = &scene.spec.abilities;
        let no = |ability: Ability| match ability {
            Ability::No(why) => Some(why.to_owned()),
            Ability::Yes => None,
        };
        let yes = |ability: Ability| (ability == Ability::Yes).then(|| "it is offered".to_owned());
        let oauth = match scene.spec.connect {
            ConnectKind::OAuth2(oauth) => Some(oauth),
            ConnectKind::Credentials { .. } => None,
        };
        let needs = |there: bool, what: &str| (!there).then(|| what.to_owned());
        match self {
            Self::Connects | Self::ConnectionRefused | Self::ServerFailsAtLogin => None,
            Self::LoginDenied | Self::CodeUsedTwice => needs(oauth.is_some(), "it has no login page"),
            Self::AnothersVerifier => needs(oauth.is_some_and(|oauth| oauth.pkce), "it has no PKCE"),
            Self::WrongAppSecret => needs(oauth.is_some(), "it has no app"),
            Self::WrongPassword => needs(oauth.is_none(), "it is connected by a login page"),
            Self::InputIsMissing => needs(!login::inputs(scene, None).is_empty(), "nothing has to be typed in"),
            Self::Refreshes | Self::RefreshFails | Self::RefreshAfterWithdrawal => no(abilities.refresh),
            Self::RefreshIsNotOffered => yes(abilities.refresh),
            Self::Revokes | Self::RevokesTwice | Self::RevokeFails => no(abilities.revoke),
            Self::RevokeIsNotOffered => yes(abilities.revoke),
            Self::Deletes | Self::DeletesTwice | Self::DeleteFails(_) => no(abilities.delete),
            Self::DeleteIsNotOffered => yes(abilities.delete),
        }
    }
}

/// Plays a case in a sandbox of its own.
pub(crate) async fn play(mut scene: Scene, case: Case) -> Outcome<Verdict> {
    if let Some(why) = case.missing(&scene) {
        return Ok(Verdict::NotOffered(why));
    }
    match case {
        Case::Connects => connects(scene).await?,
        Case::ConnectionRefused => {
            scene.vanish().await?;
            let failure = begin(&scene, None).await?.err();
            // A login page is opened without asking a network that has one address for all.
            if !(failure.is_none() && matches!(scene.spec.connect, ConnectKind::OAuth2(_))) {
                kind_is(failure.as_ref(), &[ErrorKind::NotSent])?;
            }
        }
        Case::LoginDenied => {
            let opened = opened(&scene).await?;
            let params = login::consent(&scene, &opened, "deny").await?;
            if login::param(&params, "error")? != "access_denied" || login::param(&params, "code").is_ok() {
                return Err("a denial came back as something else".into());
            }
        }
        Case::CodeUsedTwice => {
            let opened = opened(&scene).await?;
            let params = login::consent(&scene, &opened, "approve").await?;
            let code = login::param(&params, "code")?;
            login::exchange(&scene, &opened, code).await?.map_err(|failure| format!("the first use: {failure:?}"))?;
            refused_login(login::exchange(&scene, &opened, code).await?.err(), code)?;
        }
        Case::AnothersVerifier => {
            let mut opened = opened(&scene).await?;
            let params = login::consent(&scene, &opened, "approve").await?;
            opened.login.verifier = Some(Secret::new("another-verifier-that-is-long-enough-to-be-one"));
            let code = login::param(&params, "code")?;
            refused_login(login::exchange(&scene, &opened, code).await?.err(), code)?;
        }
        Case::WrongAppSecret => {
            let mut opened = opened(&scene).await?;
            if opened.prepared.app.client_secret.is_none() {
                return Ok(Verdict::NotOffered("its apps have no secret".into()));
            }
            let params = login::consent(&scene, &opened, "approve").await?;
            opened.prepared.app.client_secret = Some(Secret::new("not-the-secret"));
            let failure = login::exchange(&scene, &opened, login::param(&params, "code")?).await?.err();
            kind_is(failure.as_ref(), &[ErrorKind::AppRejected])?;
        }
        Case::WrongPassword => {
            const WRONG: &str = "not-the-password-of-anybody";
            let failure = login::type_in(&scene, &login::inputs(&scene, Some(WRONG))).await?.err();
            refused_login(failure, WRONG)?;
        }
        Case::ServerFailsAtLogin => {
            let fault = scene.control.fault("connect", &json!({"status": 500}), 20).await?;
            let failure = match begin(&scene, None).await? {
                Err(failure) => Some(failure),
                Ok(Some(opened)) => login::exchange(&scene, &opened, "some-code").await?.err(),
                Ok(None) => None,
            };
            if scene.control.hits(fault).await? == 0 {
                return Err("nothing was asked".into());
            }
            kind_is(failure.as_ref(), &[ErrorKind::Interrupted, ErrorKind::Unavailable])?;
        }
        Case::InputIsMissing => {
            let failure = begin(&scene, Some(serde_json::Map::new())).await?.err();
            kind_is(failure.as_ref(), &[ErrorKind::Refused])?;
        }
        Case::Refreshes
        | Case::RefreshIsNotOffered
        | Case::RefreshFails
        | Case::RefreshAfterWithdrawal
        | Case::Revokes
        | Case::RevokeIsNotOffered
        | Case::RevokesTwice
        | Case::RevokeFails => tokens::play(Stage::in_scene(scene).await?, case).await?,
        Case::Deletes | Case::DeleteIsNotOffered | Case::DeletesTwice | Case::DeleteFails(_) => {
            deletion::play(Stage::in_scene(scene).await?, case).await?;
        }
    }
    Ok(Verdict::Passed)
}

async fn connects(scene: Scene) -> Outcome {
    let spec = scene.spec;
    let stage = Stage::in_scene(scene).await?;
    for (what, text) in [("handle", &stage.account.handle), ("name", &stage.account.name)] {
        if text.is_empty() {
            return Err(format!("the account has no {what}"));
        }
    }
    let granted: BTreeSet<&str> = stage.credentials.scopes.iter().map(String::as_str).collect();
    let missing: Vec<_> = spec.scopes.iter().map(|scope| scope.name).filter(|name| !granted.contains(name)).collect();
    if !granted.is_empty() && !missing.is_empty() {
        return Err(format!("the scopes {missing:?} were not granted"));
    }
    if (spec.abilities.refresh == Ability::Yes) != (stage.credentials.refresh_token.is_some()) {
        return Err("whether tokens can be renewed is not what the SPEC says".into());
    }
    // What is sealed and opened again opens the same door.
    let sealed = serde_json::to_string(&stage.credentials).map_err(|error| error.to_string())?;
    let opened: Credentials = serde_json::from_str(&sealed).map_err(|error| error.to_string())?;
    if opened != stage.credentials {
        return Err("the tokens are others once they were stored".into());
    }
    if stage.gives_away(&format!("{:?} {:?}", stage.credentials, stage.account)) {
        return Err("a secret can be printed".into());
    }
    Ok(())
}

/// The first part of a login: the page where there is one, else all of it.
async fn begin(
    scene: &Scene,
    input: Option<serde_json::Map<String, serde_json::Value>>,
) -> Outcome<Result<Option<login::Opened>, Failure>> {
    match (scene.spec.connect, input) {
        (ConnectKind::OAuth2(_), input) => Ok(login::open(scene, input).await?.map(Some)),
        (ConnectKind::Credentials { .. }, input) => {
            let input = input.unwrap_or_else(|| login::inputs(scene, None));
            Ok(login::type_in(scene, &input).await?.map(|_| None))
        }
    }
}

async fn opened(scene: &Scene) -> Outcome<login::Opened> {
    login::open(scene, None).await?.map_err(|failure| format!("the login page: {failure:?}"))
}

/// Publishes the simplest post that the network takes.
pub(crate) async fn publish(stage: &mut Stage) -> Outcome<End> {
    let limits = stage.limits()?;
    let kind =
        PostType::ALL.into_iter().find(|kind| kind.missing(&limits).is_none()).ok_or("it takes no post at all")?;
    let sample = kind.sample(&limits, false)?;
    let post = sample.parts.first().cloned().ok_or("an empty sample")?;
    Delivery::new(stage, post, &sample.files).await?.drive().await
}

/// The same, when nothing else may come of it.
pub(crate) async fn goes_out(stage: &mut Stage) -> Outcome<Published> {
    match publish(stage).await? {
        End::Published(published) => Ok(published),
        other => Err(format!("a post came to {other:?}")),
    }
}

/// The failure is there, and is one of these.
pub(crate) fn kind_is(failure: Option<&Failure>, kinds: &[ErrorKind]) -> Outcome {
    match failure {
        Some(failure) if kinds.contains(&failure.kind) => Ok(()),
        other => Err(format!("it came to {other:?} instead of {kinds:?}")),
    }
}

/// Words for the person who logs in, and none of what was to be kept.
fn refused_login(failure: Option<Failure>, hidden: &str) -> Outcome {
    kind_is(failure.as_ref(), &[ErrorKind::Refused, ErrorKind::PermissionGone])?;
    let words = format!("{failure:?}");
    if words.contains(hidden) {
        return Err("what was to be kept stands in the message".into());
    }
    match failure {
        Some(Failure { remedy: Some(remedy), .. }) if !remedy.is_empty() => Ok(()),
        other => Err(format!("it does not say what to do: {other:?}")),
    }
}
