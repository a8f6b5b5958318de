//! Every kind of problem, as one table.

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $status:literal $code:literal $slug:literal $title:literal retryable $retryable:literal;)*) => {
        /// Every kind of problem that the API answers with. The codes are stable: programs may decide by them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])* $name,)* }

        impl Code {
            /// All of them, for the documents and the tests.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The name in `code`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The last part of the URL in `type`.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// The usual `title`.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Whether the same call may work later without any change.
            #[must_use]
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)* }
            }

            /// What it means, as a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// The body is not JSON; `detail` says where it breaks.
    BrokenJson = 400 "broken_json" "broken-json" "The body is not JSON" retryable false;
    /// A parameter of the query or the path cannot be read.
    InvalidParameter = 400 "invalid_parameter" "parameter" "A parameter is not valid" retryable false;
    /// A header of the request cannot be read.
    InvalidHeader = 400 "invalid_header" "header" "A header is not valid" retryable false;
    /// The cursor was not made by this list with these filters.
    InvalidCursor = 400 "invalid_cursor" "cursor" "The cursor belongs to another list" retryable false;
    /// The administrator has to name the workspace by the header `Crieur-Workspace`.
    WorkspaceRequired = 400 "workspace_required" "workspace-required" "The workspace is not named" retryable false;
    /// The call needs a key and came without one.
    KeyMissing = 401 "key_missing" "key-missing" "A key is needed" retryable false;
    /// The key is not one of this deployment, or was deleted.
    KeyInvalid = 401 "key_invalid" "key-invalid" "The key is not valid" retryable false;
    /// The key has passed its expiry.
    KeyExpired = 401 "key_expired" "key-expired" "The key has expired" retryable false;
    /// The key lacks the scope of this call.
    ScopeMissing = 403 "scope_missing" "scope-missing" "The key may not do this" retryable false;
    /// Only the administrator's key may do this.
    AdministratorOnly = 403 "administrator_only" "administrator-only" "Only the administrator may do this" retryable false;
    /// There is no such thing in this workspace.
    NotFound = 404 "not_found" "not-found" "Not found" retryable false;
    /// The API has no such path.
    NoSuchPath = 404 "no_such_path" "no-such-path" "The API has no such path" retryable false;
    /// The path knows other methods; the header `Allow` names them.
    MethodNotAllowed = 405 "method_not_allowed" "method" "The path does not take this method" retryable false;
    /// The thing is not in a state in which this can be done, or somebody else changed it at the same moment.
    Conflict = 409 "conflict" "conflict" "This cannot be done now" retryable false;
    /// Others keep changing the thing at the same moment; nothing was done.
    Contended = 409 "contended" "contention" "Somebody else is changing it" retryable true;
    /// Another request with the same `Idempotency-Key` is still running.
    StillRunning = 409 "idempotency_still_running" "idempotency-running" "The first request is still running" retryable true;
    /// The `If-Match` header names another version than the one that stands.
    VersionMismatch = 412 "version_mismatch" "version" "It has been changed meanwhile" retryable false;
    /// The body is larger than the API takes.
    BodyTooLarge = 413 "body_too_large" "body-too-large" "The body is too large" retryable false;
    /// The body is of a type that this call does not read.
    UnsupportedMediaType = 415 "unsupported_media_type" "media-type" "The body is not sent as JSON" retryable false;
    /// The content breaks one or more rules; `errors` lists all of them.
    ValidationFailed = 422 "validation_failed" "validation" "The request breaks a rule" retryable false;
    /// The `Idempotency-Key` was used before for a different request.
    KeyReused = 422 "idempotency_key_reused" "idempotency-reused" "The Idempotency-Key belongs to another request" retryable false;
    /// The network says no; `network` carries its own words.
    NetworkRefused = 422 "network_refused" "network-refused" "The network refuses" retryable false;
    /// The team's own app is not set, or the network does not accept it.
    AppRejected = 422 "app_rejected" "app-rejected" "The network does not accept the app" retryable false;
    /// Too many calls; `Retry-After` says when to go on.
    RateLimited = 429 "rate_limited" "rate-limited" "Too many requests" retryable true;
    /// Something went wrong on our side. The log has the request id.
    Internal = 500 "internal" "internal" "Something went wrong on our side" retryable true;
    /// The network could not be reached, or its answer was lost.
    NetworkUnavailable = 502 "network_unavailable" "network-unavailable" "The network cannot be reached" retryable true;
    /// The deployment is busy or a service that it needs is not there; nothing was done.
    Unavailable = 503 "unavailable" "unavailable" "Busy" retryable true;
    /// The network takes no more calls for now; `Retry-After` says when to go on.
    NetworkBusy = 503 "network_busy" "network-busy" "The network asks to wait" retryable true;
}
