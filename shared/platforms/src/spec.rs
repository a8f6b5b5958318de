//! What a network is, as data: limits, media rules, abilities, logins, versions. A client adds behaviour only where
//! data cannot say it.
//!
//! Numbers carry their source and the date they were read. They are meant to be corrected here, in one place.

use serde::Serialize;

/// A network.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The name in URLs and rows: `bluesky`.
    pub id: &'static str,
    /// The name for people: `Bluesky`.
    pub name: &'static str,
    /// Which API the client speaks.
    pub api: Api,
    /// Where it is.
    #[serde(skip)]
    pub hosts: &'static [Host],
    /// How an account is connected.
    pub connect: ConnectKind,
    /// The permissions that are asked for, and why.
    pub scopes: &'static [Scope],
    /// What content it takes, unless the account's own server says otherwise ([`crate::Compose::limits`]).
    pub limits: Limits,
    /// What can be done with a post.
    pub abilities: Abilities,
    /// How a lost answer is settled.
    pub settling: Settling,
    /// The headers that tell the remaining budget.
    #[serde(skip)]
    pub rate_headers: RateHeaders,
    /// Known budgets of requests and posts.
    pub rates: &'static [Rate],
    /// What the network charges; empty where it charges nothing.
    pub prices: &'static [Price],
    /// JSON Schema of `targets[].options`.
    #[serde(skip)]
    pub options: fn() -> schemars::Schema,
}

/// A version of a network's API.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Api {
    /// As the network writes it: `v2`, `v24.0`, `202511`.
    pub version: &'static str,
    /// The day on which its documents were read, `YYYY-MM-DD`.
    pub read: &'static str,
    /// The day on which the network ends it, where one is known.
    pub sunset: Option<&'static str>,
    /// Where its documents are.
    pub docs: &'static str,
}

/// A server of the network.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// What it is for: `api`, `login`, `upload`. The sandbox keeps `api` at the network's own prefix and the others below it.
    pub role: &'static str,
    /// Its address without a slash at the end.
    pub url: &'static str,
}

/// A number with where it comes from.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Source {
    /// A page, file or document.
    pub at: &'static str,
    /// The day it was read, `YYYY-MM-DD`.
    pub read: &'static str,
}

/// How an account is connected.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ConnectKind {
    /// By a login page of the network.
    #[serde(rename = "oauth2")]
    OAuth2(OAuth2),
    /// By something the person types in.
    Credentials {
        /// What has to be typed.
        fields: &'static [Field],
    },
}

/// One input of a login.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it is, for the person.
    pub title: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// Whether it must not be shown.
    pub secret: bool,
}

/// A network's OAuth 2, with its deviations as data.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OAuth2 {
    /// Role of the host and path of the login page.
    #[serde(skip)]
    pub authorize: (&'static str, &'static str),
    /// Role of the host and path of the token endpoint.
    #[serde(skip)]
    pub token: (&'static str, &'static str),
    /// Role of the host and path of the revocation endpoint.
    #[serde(skip)]
    pub revoke: Option<(&'static str, &'static str)>,
    /// How the client names itself at the token endpoint.
    #[serde(skip)]
    pub client_auth: ClientAuth,
    /// Whether PKCE (S256) is used.
    pub pkce: bool,
    /// What stands between scopes.
    #[serde(skip)]
    pub scope_separator: &'static str,
    /// Further parameters of the login page.
    #[serde(skip)]
    pub authorize_extra: &'static [(&'static str, &'static str)],
    /// Inputs that are needed before the login page can be opened, such as the server's address.
    pub fields: &'static [Field],
    /// Whether the team has to register an app of its own first; otherwise the client registers one by itself.
    pub needs_app: bool,
}

/// How a client names itself at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// `Authorization: Basic`.
    Basic,
    /// `client_id` and `client_secret` in the form.
    Body,
}

/// A permission.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Scope {
    /// As the network writes it.
    pub name: &'static str,
    /// Why it is asked for.
    pub reason: &'static str,
}

/// What content a network takes.
#[derive(Debug, Clone, Serialize)]
pub struct Limits {
    /// Text.
    pub text: TextLimits,
    /// Files.
    pub media: MediaLimits,
    /// Polls, where there are any.
    pub poll: Option<PollLimits>,
    /// What becomes of a link.
    pub link: LinkStyle,
    /// Whether posts can be chained.
    pub thread: bool,
}

/// What is counted as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// What a person sees as one character (extended grapheme cluster).
    Graphemes,
    /// Unicode code points.
    CodePoints,
    /// UTF-16 code units.
    Utf16,
    /// twitter-text's weights.
    Weighted,
}

/// How much text a network takes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct TextLimits {
    /// In `unit`.
    pub max: u64,
    /// What is counted.
    pub unit: Unit,
    /// What every URL counts, whatever its length.
    pub url_weight: Option<u64>,
    /// UTF-8 bytes, where these are limited too.
    pub max_bytes: Option<u64>,
    /// Whether a post without files may go without text: never true for a network that knows text only.
    pub required_without_media: bool,
    /// Where the numbers come from.
    pub source: Source,
}

/// Which files a network takes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MediaLimits {
    /// Whether a post needs a file.
    pub required: bool,
    /// Still pictures.
    pub image: Option<FileLimits>,
    /// Animated GIFs.
    pub gif: Option<FileLimits>,
    /// Videos.
    pub video: Option<FileLimits>,
    /// Documents.
    pub document: Option<FileLimits>,
    /// Whether pictures and videos may stand together; the sum then has to fit the larger `max_count`.
    pub mixed: bool,
    /// Characters of an alt text; absent where the network takes none.
    pub alt_text_max: Option<u64>,
}

/// One kind of file. `None` means that the network names no bound.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FileLimits {
    /// Files of this kind in one post.
    pub max_count: u64,
    /// Bytes of one.
    pub max_bytes: u64,
    /// MIME types.
    pub types: &'static [&'static str],
    /// Width times height.
    pub max_pixels: Option<u64>,
    /// Pixels of the longer side.
    pub max_side: Option<u64>,
    /// Milliseconds.
    pub min_duration_ms: Option<u64>,
    /// Milliseconds.
    pub max_duration_ms: Option<u64>,
    /// Where the numbers come from.
    pub source: Source,
}

/// How a poll may look.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PollLimits {
    /// Answers, at least.
    pub min_options: u64,
    /// Answers, at most.
    pub max_options: u64,
    /// Characters of one answer.
    pub max_option_length: u64,
    /// Minutes, at least.
    pub min_minutes: u64,
    /// Minutes, at most.
    pub max_minutes: u64,
    /// Whether several answers may be chosen.
    pub multiple: bool,
    /// Whether files may stand beside it.
    pub with_media: bool,
    /// Where the numbers come from.
    pub source: Source,
}

/// What becomes of `content.link`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkStyle {
    /// A card that stands beside the text.
    Card,
    /// It is put at the end of the text (the network makes a card of it by itself, or none).
    InText,
}

/// What can be done with a post once it is out, beyond publishing it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Abilities {
    /// It can be taken off the network.
    pub delete: Ability,
    /// It can be changed.
    pub edit: Ability,
    /// It can be read back by its id.
    pub read_back: Ability,
    /// The account's own recent posts can be listed.
    pub recent: Ability,
    /// A token can be renewed without a person.
    pub refresh: Ability,
    /// A token can be given back.
    pub revoke: Ability,
}

/// Whether a network offers something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "offered", content = "why", rename_all = "snake_case")]
pub enum Ability {
    /// Yes.
    Yes,
    /// No, and why.
    No(&'static str),
}

/// How a commit whose answer was lost is settled.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Settling {
    /// By what.
    pub method: Method,
    /// Readings that have to miss the post before it counts as absent.
    pub quiet_reads: u32,
    /// Seconds that these readings have to span: longer than the network takes to list a new post.
    pub quiet_seconds: u32,
    /// Where this comes from.
    pub source: Source,
}

/// The evidence a network offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A repetition with the same key gives the first answer again.
    IdempotencyKey,
    /// We choose the record's key, and can ask for it.
    ChosenKey,
    /// An unpublished container or session tells its state.
    Container,
    /// The account's own recent posts are searched for the exact content.
    Search,
    /// None: an ambiguous commit stays unknown until a person settles it.
    Nothing,
}

/// The names of the headers that tell the remaining budget.
#[derive(Debug, Clone, Copy)]
pub struct RateHeaders {
    /// How many are left.
    pub remaining: Option<&'static str>,
    /// When the budget is full again.
    pub reset: Option<&'static str>,
    /// How that time is written.
    pub reset_format: ResetFormat,
}

/// How a reset time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetFormat {
    /// Seconds since 1970, or ISO 8601: both are read.
    Time,
    /// Seconds from now.
    Seconds,
}

/// A budget.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Rate {
    /// Of what, per whom: `posts per account`.
    pub what: &'static str,
    /// How many.
    pub max: u64,
    /// In how many seconds.
    pub per_seconds: u64,
    /// Where the number comes from.
    pub source: Source,
}

/// What the network charges.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Price {
    /// For what: `post`, `post_with_link`, `alt_text`.
    pub what: &'static str,
    /// Millionths of a US dollar.
    pub micro_usd: u64,
    /// Where the number comes from.
    pub source: Source,
}

impl Spec {
    /// How many posts a day the network takes from one account, where it names a number.
    #[must_use]
    pub fn posts_a_day(&self) -> Option<u64> {
        let daily = |rate: &&Rate| rate.what == "posts per account" && rate.per_seconds == 86_400;
        self.rates.iter().find(daily).map(|rate| rate.max)
    }

    /// The address of one of the network's servers.
    ///
    /// # Panics
    /// If the network names no such server, which a test over all of them excludes.
    #[must_use]
    pub fn host(&self, role: &str) -> &'static str {
        self.hosts
            .iter()
            .find(|host| host.role == role)
            .unwrap_or_else(|| panic!("{} names no host `{role}`", self.id))
            .url
    }
}
