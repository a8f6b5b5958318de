//! What a function is told by its environment, and the clients made from it.
//!
//! `aws-config` is left out on purpose: in Lambda the region and the credentials always stand in the environment, and
//! its chain of providers would cost start time and megabytes.

use std::{collections::BTreeMap, time::Duration};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::{rt::sleep::TokioSleep, time::SystemTimeSource};
use aws_smithy_http_client::{
    Builder as HttpClientBuilder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{SdkConfig, region::Region, sdk_config::RequestChecksumCalculation};
use crieur_domain::Secret;

use crate::calls::{Calls, Capacity};

/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest wait for one answer; a body that is streamed afterwards does not count.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// Attempts of the SDK for one call, the first included.
const ATTEMPTS: u32 = 3;
/// The ceiling of the first wait between two attempts. The SDK's own second is longer than most of our requests.
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);

/// Reads variables and remembers every one that is missing, so that all of them are reported at once.
pub struct Environment<F> {
    var: F,
    problems: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// Reads through `var`: `|name| std::env::var(name).ok()` outside tests.
    pub const fn new(var: F) -> Self {
        Self { var, problems: Vec::new() }
    }

    /// A variable that may be absent. An empty one counts as absent: a template's empty parameter arrives like that.
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.var)(name).filter(|value| !value.is_empty())
    }

    /// A variable that must be there. Where it is not, the text is empty and [`Environment::finish`] refuses.
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problems.push(format!("{name} is not set"));
            String::new()
        })
    }

    /// Adds a problem that the caller found in a value.
    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// The name of the table, from `CRIEUR_TABLE`.
    pub fn table(&mut self) -> String {
        self.required("CRIEUR_TABLE")
    }

    /// The URL of the publish queue, from `CRIEUR_QUEUE_URL`.
    pub fn queue_url(&mut self) -> String {
        self.required("CRIEUR_QUEUE_URL")
    }

    /// The name of the media bucket, from `CRIEUR_MEDIA_BUCKET`.
    pub fn media_bucket(&mut self) -> String {
        self.required("CRIEUR_MEDIA_BUCKET")
    }

    /// The id or ARN of the sealing key, from `CRIEUR_KEY_ID`.
    pub fn sealing_key(&mut self) -> String {
        self.required("CRIEUR_KEY_ID")
    }

    /// The id or ARN of the secret that holds the administrator's key, from `CRIEUR_ADMIN_SECRET`.
    pub fn administrator_secret(&mut self) -> String {
        self.required("CRIEUR_ADMIN_SECRET")
    }

    /// How AWS is reached; see [`Settings`].
    pub fn settings(&mut self) -> Settings {
        let region = self.optional("AWS_REGION").or_else(|| self.optional("AWS_DEFAULT_REGION")).unwrap_or_else(|| {
            self.problems.push("AWS_REGION is not set (nor is AWS_DEFAULT_REGION)".to_owned());
            String::new()
        });
        Settings {
            region,
            access_key_id: self.required("AWS_ACCESS_KEY_ID"),
            secret_access_key: Secret::new(self.required("AWS_SECRET_ACCESS_KEY")),
            session_token: self.optional("AWS_SESSION_TOKEN").map(Secret::new),
            endpoint_url: self.optional("AWS_ENDPOINT_URL"),
            count_capacity: self.optional("CRIEUR_COUNT_CAPACITY").as_deref() == Some("1"),
        }
    }

    /// `value`, unless something was missing.
    ///
    /// # Errors
    /// Every problem met so far, one sentence each.
    pub fn finish<T>(self, value: T) -> Result<T, Vec<String>> {
        if self.problems.is_empty() { Ok(value) } else { Err(self.problems) }
    }
}

/// How AWS is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: Secret,
    /// `AWS_SESSION_TOKEN`, which long-lived keys lack.
    pub session_token: Option<Secret>,
    /// `AWS_ENDPOINT_URL`: one address for all services, where AWS is stood in for.
    pub endpoint_url: Option<String>,
    /// Whether DynamoDB is asked what each call consumed: `CRIEUR_COUNT_CAPACITY` is `1`.
    pub count_capacity: bool,
}

impl Settings {
    /// Reads them alone, without any of Crieur's own resources.
    ///
    /// # Errors
    /// Every variable that is missing, one sentence each.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<String>> {
        let mut environment = Environment::new(var);
        let settings = environment.settings();
        environment.finish(settings)
    }
}

/// The shared configuration of all clients: one connection pool, one retry policy, one count of calls.
#[derive(Debug, Clone)]
pub struct Aws {
    sdk: SdkConfig,
    calls: Calls,
    path_style: bool,
}

impl Aws {
    /// Prepares the clients. Nothing is sent and no connection is opened before the first call.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let credentials = Credentials::from_keys(
            &settings.access_key_id,
            settings.secret_access_key.expose(),
            settings.session_token.as_ref().map(|token| token.expose().to_owned()),
        );
        let http = HttpClientBuilder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let mut sdk = SdkConfig::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(Region::new(settings.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http)
            .sleep_impl(TokioSleep::new())
            .time_source(SystemTimeSource::new())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_BACK_OFF))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .build(),
            )
            // A browser that uploads by a presigned URL cannot add the checksum that the SDK would sign otherwise.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        sdk.set_endpoint_url(settings.endpoint_url.clone());
        Self {
            sdk: sdk.build(),
            calls: Calls::new(settings.count_capacity),
            path_style: settings.endpoint_url.is_some(),
        }
    }

    /// HTTP attempts so far, by `Service.Operation`.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.attempts()
    }

    /// What DynamoDB said that the calls so far consumed; zero unless [`Settings::count_capacity`].
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.calls.capacity()
    }

    /// A client of DynamoDB.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::config::Builder::from(&self.sdk).interceptor(self.calls.clone()).build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    /// A client of S3. A stand-in has no name for every bucket, so the bucket goes into the path there.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk)
            .force_path_style(self.path_style)
            .interceptor(self.calls.clone())
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// A client of SQS.
    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::config::Builder::from(&self.sdk).interceptor(self.calls.clone()).build();
        aws_sdk_sqs::Client::from_conf(config)
    }

    /// A client of KMS.
    #[must_use]
    pub fn kms(&self) -> aws_sdk_kms::Client {
        let config = aws_sdk_kms::config::Builder::from(&self.sdk).interceptor(self.calls.clone()).build();
        aws_sdk_kms::Client::from_conf(config)
    }

    /// A client of Secrets Manager.
    #[must_use]
    pub fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        let config = aws_sdk_secretsmanager::config::Builder::from(&self.sdk).interceptor(self.calls.clone()).build();
        aws_sdk_secretsmanager::Client::from_conf(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn every_missing_variable_is_named_at_once() {
        let mut environment = Environment::new(vars(&[("AWS_ACCESS_KEY_ID", "a"), ("CRIEUR_TABLE", "")]));
        let settings = environment.settings();
        let table = environment.table();
        let problems = environment.finish((settings, table)).expect_err("three are missing");
        assert_eq!(
            problems,
            [
                "AWS_REGION is not set (nor is AWS_DEFAULT_REGION)",
                "AWS_SECRET_ACCESS_KEY is not set",
                "CRIEUR_TABLE is not set",
            ]
        );
    }

    #[test]
    fn the_default_region_stands_in_and_no_secret_is_printed() {
        let settings = Settings::from_vars(vars(&[
            ("AWS_DEFAULT_REGION", "eu-west-3"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "canary"),
            ("AWS_SESSION_TOKEN", "canary"),
        ]))
        .expect("all are set");
        assert_eq!(settings.region, "eu-west-3");
        assert!(!settings.count_capacity);
        let printed = format!("{settings:?} {:?}", Aws::new(&settings));
        assert!(!printed.contains("canary"), "{printed}");
    }
}
