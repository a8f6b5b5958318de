//! Parameters of the query and of the path, with everything that is wrong said at once.

use std::{fmt::Display, str::FromStr};

use axum::extract::{FromRequestParts, Path};
use crieur_aws::store::{Listing, Page};
use crieur_domain::{
    AccountId, ConnectSessionId, DeliveryId, JobId, KeyId, MediaId, PlatformId, PostId, Problem, WorkspaceId,
};
use crieur_platforms::Spec;
use http::request::Parts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{ApiProblem, Code};

/// The most rows of a page.
pub const MAX_LIMIT: usize = 100;
/// The rows of a page where the caller does not say.
pub const DEFAULT_LIMIT: usize = 25;

/// The parameters of a query. Take each by its name, then [`finish`](Self::finish): what is left is refused, since a
/// misspelt filter that is ignored shows more than was asked for.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    left: Vec<(String, String)>,
    taken: Vec<(String, String)>,
    known: Vec<&'static str>,
    problems: Vec<Problem>,
}

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiProblem> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self { left: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(), ..Self::default() })
    }
}

impl Parameters {
    /// A parameter's text. Given twice, it is a problem.
    fn take(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let mut values = self.left.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        let (first, second) = (values.next(), values.next());
        drop(values);
        self.left.retain(|(key, _)| key != name);
        if second.is_some() {
            self.problem(name, "It is given twice.", format!("Give `{name}` once."));
        }
        first
    }

    fn problem(&mut self, name: &str, message: &str, remedy: String) {
        let shown: String = name.chars().take(64).collect();
        self.problems.push(Problem::new(format!("?{shown}"), "parameter", message, remedy));
    }

    /// A filter of any type that can be read from text. `what` says what it has to be: "the id of an account".
    pub fn filter<T: FromStr>(&mut self, name: &'static str, what: &str) -> Option<T> {
        let text = self.take(name)?;
        match text.parse() {
            Ok(value) => {
                self.taken.push((name.to_owned(), text));
                Some(value)
            }
            Err(_) => {
                self.problem(name, &format!("This has to be {what}."), format!("Correct `{name}`, or leave it out."));
                None
            }
        }
    }

    /// A filter with a fixed set of values.
    pub fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.take(name)?;
        let found = choices.iter().find(|(known, _)| *known == text).map(|(_, value)| *value);
        match found {
            Some(_) => self.taken.push((name.to_owned(), text)),
            None => {
                let names: Vec<_> = choices.iter().map(|(known, _)| format!("`{known}`")).collect();
                self.problem(name, "This is none of the known values.", format!("Use one of {}.", names.join(", ")));
            }
        }
        found
    }

    /// A time with an offset.
    pub fn time(&mut self, name: &'static str) -> Option<jiff::Timestamp> {
        self.filter(name, "a time with an offset, such as `2026-12-01T09:00:00Z` (a `+` has to be written `%2B`)")
    }

    /// Which page of the list is wanted. Take it after the filters: its cursor is good for them alone.
    pub fn paging(&mut self) -> Paging {
        let limit = match self.take("limit").map(|text| text.parse::<usize>()) {
            None => DEFAULT_LIMIT,
            Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => limit,
            Some(_) => {
                let message = format!("This has to be a number from 1 to {MAX_LIMIT}.");
                self.problem("limit", &message, "Correct `limit`, or leave it out for 25.".to_owned());
                DEFAULT_LIMIT
            }
        };
        let cursor = self.take("cursor").filter(|cursor| !cursor.is_empty());
        self.taken.sort();
        let mut filters = url::form_urlencoded::Serializer::new(String::new());
        filters.extend_pairs(&self.taken);
        Paging { cursor, limit, filters: filters.finish() }
    }

    /// Refuses what could not be read and what nobody asked for.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn finish(mut self) -> Result<(), ApiProblem> {
        for (name, _) in std::mem::take(&mut self.left) {
            let remedy = match self.known.as_slice() {
                [] => "Leave it out: this call takes no parameters.".to_owned(),
                known => format!("Leave it out, or use one of `{}`.", known.join("`, `")),
            };
            self.problem(&name, "There is no such parameter.", remedy);
        }
        match self.problems.len() {
            0 => Ok(()),
            count => {
                let detail = if count == 1 {
                    "A parameter of the query is not valid."
                } else {
                    "Parameters of the query are not valid."
                };
                Err(ApiProblem::new(Code::InvalidParameter, detail).errors(self.problems))
            }
        }
    }
}

/// Which page of a list is wanted.
#[derive(Debug, Clone)]
pub struct Paging {
    cursor: Option<String>,
    /// Rows at most.
    pub limit: usize,
    filters: String,
}

/// Pages that are read at most to fill one after filtering.
const ROUNDS: usize = 8;

impl Paging {
    /// For the store.
    #[must_use]
    pub fn listing(&self) -> Listing<'_> {
        Listing { cursor: self.cursor.as_deref(), limit: self.limit, filters: &self.filters }
    }

    /// Reads pages until enough rows pass the filter. A page may come out short, and even empty, while more follow:
    /// `next` alone tells the end.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn collect<T, E, F>(
        mut self,
        mut read: impl FnMut(Self) -> F,
        keep: impl Fn(&T) -> bool,
    ) -> Result<Page<T>, E>
    where
        F: Future<Output = Result<Page<T>, E>>,
    {
        let (mut items, wanted) = (Vec::new(), self.limit);
        for _ in 0..ROUNDS {
            self.limit = wanted - items.len();
            let page = read(self.clone()).await?;
            items.extend(page.items.into_iter().filter(&keep));
            self.cursor = page.next;
            if self.cursor.is_none() || items.len() >= wanted {
                break;
            }
        }
        Ok(Page { items, next: self.cursor })
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// The rows, newest first.
    pub data: Vec<T>,
    /// For `?cursor=` of the next call; null on the last page. A page may be shorter than `limit` while more follow.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<T> From<Page<T>> for List<T> {
    fn from(page: Page<T>) -> Self {
        Self { data: page.items, next_cursor: page.next }
    }
}

/// An id as the last changing part of a path. One that is not an id names nothing: 404, like one that is not there.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

/// What an id names, for people.
pub trait Noun {
    /// "account", "post" …
    const NOUN: &'static str;
}

macro_rules! nouns {
    ($($id:ident = $noun:literal;)*) => {$(impl Noun for $id { const NOUN: &'static str = $noun; })*};
}

nouns! {
    WorkspaceId = "workspace";
    KeyId = "key";
    AccountId = "account";
    ConnectSessionId = "login";
    MediaId = "file";
    PostId = "post";
    DeliveryId = "delivery";
    JobId = "job";
}

impl<S: Send + Sync, T: FromStr + Noun> FromRequestParts<S> for Id<T> {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let id = Path::<String>::from_request_parts(parts, state).await.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| ApiProblem::not_found(T::NOUN))
    }
}

/// A network as the changing part of a path.
#[derive(Debug, Clone, Copy)]
pub struct Network(pub &'static Spec);

impl Network {
    /// Its id.
    #[must_use]
    pub fn id(self) -> PlatformId {
        PlatformId::known(self.0.id)
    }
}

impl Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Network {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let name = Path::<String>::from_request_parts(parts, state).await.ok().and_then(|Path(text)| text.parse().ok());
        name.and_then(|id: PlatformId| crieur_platforms::spec(&id)).map(Self).ok_or_else(|| {
            ApiProblem::new(Code::NotFound, "There is no such network here. `GET /v1/platforms` lists those that are.")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str) -> Parameters {
        Parameters { left: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(), ..Default::default() }
    }

    #[test]
    fn every_bad_parameter_is_named_at_once() {
        let mut query = of("limit=0&plattform=x&account_id=7&cursor=a&cursor=b");
        query.filter::<AccountId>("account_id", "the id of an account");
        query.paging();
        let problem = query.finish().expect_err("four are bad");
        let value = serde_json::to_value(problem.document("r")).expect("plain data");
        let pointers: Vec<_> =
            value["errors"].as_array().expect("a list").iter().map(|e| e["pointer"].clone()).collect();
        assert_eq!(pointers, ["?account_id", "?limit", "?cursor", "?plattform"]);
    }

    #[test]
    fn a_cursor_is_good_for_its_filters_in_whatever_order_they_came() {
        let filters = |query: &str| {
            let mut query = of(query);
            query.filter::<String>("a", "a text");
            query.filter::<String>("b", "a text");
            query.paging().filters
        };
        assert_eq!(filters("a=1&b=2&limit=3"), filters("b=2&a=1"));
        assert_ne!(filters("a=1"), filters("a=2"));
    }
}
