//! The one place that sends. Clients build a [`Request`] and read a [`Response`], both plain data.
//!
//! With the sandbox switched on, every other host is refused. Without it, only `https` to public addresses is allowed,
//! since some networks' servers are named by whoever connects an account.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Once},
    time::Duration,
};

use bytes::Bytes;
use crieur_domain::{ErrorKind, Failure};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::Spec;

/// The longest answer that is read.
pub const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// How long a network may take for one exchange. Shorter than any function's timeout, so that the end is recorded.
pub const TIMEOUT: Duration = Duration::from_secs(25);

/// What is sent. Printed without path and query: on some networks they hold a token.
#[derive(Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address, with its query.
    pub url: String,
    /// The headers; those that carry secrets are marked sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let origin = Url::parse(&self.url).map(|url| url.origin().ascii_serialization());
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("origin", &origin.as_deref().unwrap_or("none"))
            .field("headers", &self.headers)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// A request's body.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// None.
    Empty,
    /// `application/json`.
    Json(Value),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// Bytes with their own type.
    Bytes(&'static str, Bytes),
    /// Bytes whose type is known at run time only.
    Typed(String, Bytes),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
}

/// One part of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// The name and type of a file; absent for a plain field.
    pub file: Option<(String, String)>,
    /// Its content.
    pub content: Bytes,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: HeaderMap::new(), body: Body::Empty }
    }

    /// A GET.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// A POST.
    #[must_use]
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::POST, url)
    }

    /// With parameters added to the query.
    #[must_use]
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        let mut encoded = url::form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(pairs);
        self.url.push(if self.url.contains('?') { '&' } else { '?' });
        self.url.push_str(&encoded.finish());
        self
    }

    /// With a header. A value that cannot be one is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// With a header that is never printed.
    #[must_use]
    pub fn secret_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self
    }

    /// With `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.secret_header(header::AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// With a JSON body.
    ///
    /// # Panics
    /// Never: a request body is plain data with text keys.
    #[must_use]
    pub fn json(self, body: &impl serde::Serialize) -> Self {
        let value = serde_json::to_value(body).expect("a request body is plain data");
        self.body(Body::Json(value))
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most [`MAX_ANSWER_BYTES`].
    pub body: Bytes,
}

impl Response {
    /// Whether the status is 2xx.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status / 100 == 2
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// `Interrupted` if it is something else: the network may have done what was asked.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::new(ErrorKind::Interrupted, format!("the network's answer cannot be read: {error}"))
                .status(self.status)
        })
    }
}

/// Where the networks are.
#[derive(Debug, Clone)]
pub enum Endpoints {
    /// The networks themselves.
    Real,
    /// The pretend internet at this address.
    Sandbox(Url),
}

impl Endpoints {
    /// Reads the sandbox's address; absent or empty means the real networks.
    ///
    /// # Errors
    /// A sentence, if it is no address.
    pub fn from_var(sandbox: Option<&str>) -> Result<Self, String> {
        match sandbox.filter(|url| !url.is_empty()) {
            None => Ok(Self::Real),
            Some(text) => match Url::parse(text) {
                Ok(url) if url.host().is_some() => Ok(Self::Sandbox(url)),
                _ => Err(format!("the sandbox's address `{text}` is not a URL such as http://127.0.0.1:4500")),
            },
        }
    }

    /// The address of a network's server, without a slash at the end.
    #[must_use]
    pub fn base(&self, spec: &Spec, role: &str) -> String {
        match self {
            Self::Real => spec.host(role).to_owned(),
            Self::Sandbox(url) => format!("{}/{}", url.as_str().trim_end_matches('/'), spec.id),
        }
    }

    /// Whether a request may go there.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub fn allow(&self, url: &Url) -> Result<(), String> {
        match self {
            Self::Sandbox(sandbox) if url.origin() == sandbox.origin() => Ok(()),
            Self::Sandbox(_) => {
                Err(format!("the sandbox is on, so nothing is sent to {}", url.origin().ascii_serialization()))
            }
            Self::Real if url.scheme() != "https" => Err("only https addresses are called".into()),
            Self::Real => match url.host() {
                Some(url::Host::Domain(name)) if !name.eq_ignore_ascii_case("localhost") => Ok(()),
                Some(url::Host::Ipv4(ip)) if is_public(ip.into()) => Ok(()),
                Some(url::Host::Ipv6(ip)) if is_public(ip.into()) => Ok(()),
                _ => Err("this address is not on the public internet".into()),
            },
        }
    }
}

/// Whether an address is on the public internet: not loopback, private, link-local, shared, reserved or multicast, nor
/// an IPv6 form of such an IPv4 address.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            !(ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || ip.is_broadcast()
                || ip.is_documentation()
                || a == 0
                || a >= 224
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (b == 18 || b == 19)))
        }
        IpAddr::V6(ip) => {
            let segments = ip.segments();
            let embedded = ip.to_ipv4_mapped().or(match segments {
                // NAT64 and 6to4 carry an IPv4 address.
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                    Some(std::net::Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
                }
                _ => None,
            });
            match embedded {
                Some(ip) => is_public(ip.into()),
                // Global unicast is 2000::/3; 2001:db8::/32 is for documents.
                None => segments[0] & 0xe000 == 0x2000 && !(segments[0] == 0x2001 && segments[1] == 0xdb8),
            }
        }
    }
}

/// Resolves names to public addresses only, so that a name cannot lead inside after it was checked.
struct PublicOnly;

impl reqwest::dns::Resolve for PublicOnly {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

/// The sender. Cheap to clone; connections are kept.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    endpoints: Endpoints,
}

impl Http {
    /// Makes a sender.
    ///
    /// # Errors
    /// A sentence, if the system's certificates cannot be read.
    pub fn new(endpoints: Endpoints) -> Result<Self, String> {
        static PROVIDER: Once = Once::new();
        // A second installation is refused and harmless: somebody else chose ring already.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("Crieur/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(50));
        if matches!(endpoints, Endpoints::Real) {
            builder = builder.dns_resolver(Arc::new(PublicOnly));
        }
        let client = builder.build().map_err(|error| format!("cannot make an HTTP client: {error}"))?;
        Ok(Self { client, endpoints })
    }

    /// The address of a network's server, without a slash at the end.
    #[must_use]
    pub fn base(&self, spec: &Spec, role: &str) -> String {
        self.endpoints.base(spec, role)
    }

    /// Where the networks are.
    #[must_use]
    pub const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Sends and waits for the whole answer. Any status is an answer; what it means is the client's to say.
    ///
    /// # Errors
    /// `NotSent` if the request cannot have been carried out, `Interrupted` if it may have been.
    pub async fn send(&self, request: Request) -> Result<Response, Failure> {
        let builder = self.start(request.method, &request.url, request.headers)?;
        self.finish(match request.body {
            Body::Empty => builder,
            Body::Json(value) => builder.json(&value),
            Body::Form(pairs) => builder.form(&pairs),
            Body::Bytes(content_type, bytes) => builder.header(header::CONTENT_TYPE, content_type).body(bytes),
            Body::Typed(content_type, bytes) => builder.header(header::CONTENT_TYPE, content_type).body(bytes),
            Body::Multipart(parts) => builder.multipart(multipart(parts)?),
        })
        .await
    }

    /// A request without its body, once its address is allowed.
    pub(crate) fn start(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
    ) -> Result<reqwest::RequestBuilder, Failure> {
        let url = Url::parse(url)
            .map_err(|error| Failure::new(ErrorKind::Refused, format!("the request has no valid address: {error}")))?;
        self.endpoints.allow(&url).map_err(|why| Failure::new(ErrorKind::Refused, why))?;
        Ok(self.client.request(method, url).headers(headers))
    }

    /// Sends and reads the answer to its end.
    pub(crate) async fn finish(&self, builder: reqwest::RequestBuilder) -> Result<Response, Failure> {
        let mut answer = builder.send().await.map_err(transport)?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                let why = format!("the network's answer is longer than {MAX_ANSWER_BYTES} bytes");
                return Err(Failure::new(ErrorKind::Interrupted, why).status(status));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body: body.into() })
    }
}

/// A form of parts that are at hand.
pub(crate) fn multipart(parts: Vec<Part>) -> Result<reqwest::multipart::Form, Failure> {
    let mut form = reqwest::multipart::Form::new();
    for part in parts {
        let length = part.content.len() as u64;
        let mut piece = reqwest::multipart::Part::stream_with_length(part.content, length);
        if let Some((name, content_type)) = part.file {
            piece = piece
                .file_name(name)
                .mime_str(&content_type)
                .map_err(|_| Failure::new(ErrorKind::Refused, format!("`{content_type}` is no MIME type")))?;
        }
        form = form.part(part.name, piece);
    }
    Ok(form)
}

/// Tells apart what cannot have arrived from what may have. The address is left out: it may hold a token.
fn transport(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let kind = if error.is_connect() || error.is_builder() { ErrorKind::NotSent } else { ErrorKind::Interrupted };
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    Failure::new(kind, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_disguise_of_an_inner_address_is_public() {
        for inner in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(inner.parse().expect(inner)), "{inner}");
        }
        for outer in ["1.1.1.1", "93.184.216.34", "2606:4700::1111"] {
            assert!(is_public(outer.parse().expect(outer)), "{outer}");
        }
    }

    #[test]
    fn addresses_written_in_other_bases_are_seen_through() {
        for url in [
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::ffff:7f00:1]/",
            "https://localhost/",
        ] {
            let url = Url::parse(url).expect(url);
            assert!(Endpoints::Real.allow(&url).is_err(), "{url}");
        }
    }

    #[test]
    fn with_the_sandbox_on_nothing_else_is_called() {
        let endpoints = Endpoints::from_var(Some("http://127.0.0.1:4500")).expect("a URL");
        assert!(endpoints.allow(&Url::parse("http://127.0.0.1:4500/x/2/tweets").expect("a URL")).is_ok());
        assert!(endpoints.allow(&Url::parse("https://api.x.com/2/tweets").expect("a URL")).is_err());
        assert!(endpoints.allow(&Url::parse("http://127.0.0.1:4501/").expect("a URL")).is_err());
    }

    #[test]
    fn a_token_is_never_printed() {
        let request = Request::post("https://a.example/bothush/send?token=hush").bearer("hush");
        let shown = format!("{request:?}");
        assert!(shown.contains("https://a.example") && !shown.contains("hush"), "{shown}");
    }

    #[test]
    fn an_address_that_cannot_be_read_is_not_repeated() {
        let http = Http::new(Endpoints::Real).expect("a sender");
        let failure = http.start(Method::GET, "hush", HeaderMap::new()).expect_err("no address");
        assert!(!failure.message.contains("hush"), "{}", failure.message);
    }
}
