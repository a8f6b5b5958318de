//! Handlers say in their signature what they need: a scope in a workspace, a scope anywhere, or the administrator.
//! These run before the body is read, so that a caller without the scope learns nothing about bodies.

use std::{marker::PhantomData, ops::Deref};

use axum::extract::FromRequestParts;
use crieur_domain::{WorkspaceId, key::Scope};
use http::request::Parts;

use super::Caller;
use crate::problem::{ApiProblem, Code};

/// A scope that a handler needs, as a type.
pub trait Need: Send + Sync + 'static {
    /// The scope.
    const SCOPE: Scope;
}

/// The scopes as types, for [`Scoped`] and [`Access`]. The OpenAPI document names the same ones, and a test compares.
pub mod need {
    use crieur_domain::key::{Access, Area, Scope};

    pub use super::Need;

    macro_rules! needs {
        ($($name:ident = $area:ident $access:ident;)*) => {$(
            #[doc = concat!("The scope of ", stringify!($area), ", ", stringify!($access), ".")]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Need for $name {
                const SCOPE: Scope = Scope(Area::$area, Access::$access);
            }
        )*};
    }

    needs! {
        WorkspacesRead = Workspaces Read;
        WorkspacesWrite = Workspaces Write;
        AccountsRead = Accounts Read;
        AccountsWrite = Accounts Write;
        PostsRead = Posts Read;
        PostsWrite = Posts Write;
        MediaRead = Media Read;
        MediaWrite = Media Write;
        KeysRead = Keys Read;
        KeysWrite = Keys Write;
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiProblem> {
        // The gate in front of `/v1` put it there.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ApiProblem::internal("a route without the gate"))
    }
}

/// A caller who has the scope `N` in a workspace.
#[derive(Debug, Clone)]
pub struct Scoped<N> {
    /// The workspace that the call acts in.
    pub workspace: WorkspaceId,
    caller: Caller,
    need: PhantomData<N>,
}

impl<N> Deref for Scoped<N> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<S: Sync, N: Need> FromRequestParts<S> for Scoped<N> {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.require(N::SCOPE)?;
        Ok(Self { workspace: caller.workspace()?, caller, need: PhantomData })
    }
}

/// A caller who has the scope `N`; an administrator may act for the deployment as a whole, without a workspace.
#[derive(Debug, Clone)]
pub struct Access<N> {
    caller: Caller,
    need: PhantomData<N>,
}

impl<N> Deref for Access<N> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<S: Sync, N: Need> FromRequestParts<S> for Access<N> {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.require(N::SCOPE)?;
        Ok(Self { caller, need: PhantomData })
    }
}

/// The administrator of the deployment.
#[derive(Debug, Clone)]
pub struct Administrator(Caller);

impl Deref for Administrator {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Administrator {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if caller.is_administrator() {
            Ok(Self(caller))
        } else {
            let detail = "Workspaces are made and erased with the administrator's key of the deployment alone.";
            Err(ApiProblem::new(Code::AdministratorOnly, detail))
        }
    }
}
