//! The administrator's key. Secrets Manager holds it; this process holds its hash.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use crieur_domain::Secret;
use serde::Deserialize;

use crate::{
    Aws,
    digest::{same, sha256},
};

/// How long a key that was read is believed; a rotated one takes that long to be known.
pub const KEY_LIFE: Duration = Duration::from_secs(5 * 60);

/// Why the administrator's key could not be looked up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager cannot be reached, is busy or refuses.
    #[error("the administrator's key cannot be read: {0}")]
    Unavailable(String),
    /// The secret is not the JSON that the template makes.
    #[error("the administrator's secret is not of the form {{\"kind\":\"administrator\",\"key\":\"…\"}}")]
    Shape,
}

/// The form of the secret in the template.
#[derive(Deserialize)]
struct Stored {
    kind: String,
    key: Secret,
}

/// The administrator's key of the deployment.
#[derive(Debug)]
pub struct AdministratorKey {
    client: aws_sdk_secretsmanager::Client,
    secret_id: String,
    read: Mutex<Option<([u8; 32], Instant)>>,
}

impl AdministratorKey {
    /// The key in the secret of this id or ARN. Nothing is read yet.
    #[must_use]
    pub fn new(aws: &Aws, secret_id: &str) -> Self {
        Self { client: aws.secrets_manager(), secret_id: secret_id.to_owned(), read: Mutex::default() }
    }

    /// Whether this is the key. Takes the same time whatever is presented.
    ///
    /// # Errors
    /// Those of reading the secret.
    pub async fn is(&self, presented: &str) -> Result<bool, SecretError> {
        let known = *self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = match known.filter(|(_, since)| since.elapsed() < KEY_LIFE) {
            Some((hash, _)) => hash,
            None => {
                let hash = self.fetch().await?;
                *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((hash, Instant::now()));
                hash
            }
        };
        Ok(same(&sha256(presented.as_bytes()), &hash))
    }

    async fn fetch(&self) -> Result<[u8; 32], SecretError> {
        let answer = self.client.get_secret_value().secret_id(&self.secret_id).send().await;
        let text = answer.map_err(|error| fault(&error))?.secret_string.ok_or(SecretError::Shape)?;
        hash_of(&text)
    }
}

fn hash_of(text: &str) -> Result<[u8; 32], SecretError> {
    let stored: Stored = serde_json::from_str(text).map_err(|_| SecretError::Shape)?;
    let usable = stored.kind == "administrator" && !stored.key.expose().is_empty();
    if usable { Ok(sha256(stored.key.expose().as_bytes())) } else { Err(SecretError::Shape) }
}

fn fault<E: ProvideErrorMetadata>(error: &SdkError<E>) -> SecretError {
    SecretError::Unavailable(match error {
        SdkError::ServiceError(refused) => refused.err().code().unwrap_or("no code").to_owned(),
        _ => "no answer".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_of_the_template_is_taken() {
        assert_eq!(hash_of(r#"{"kind":"administrator","key":"k"}"#), Ok(sha256(b"k")));
        for other in ["k", "{}", r#"{"kind":"administrator","key":""}"#, r#"{"kind":"other","key":"k"}"#] {
            assert_eq!(hash_of(other), Err(SecretError::Shape), "{other}");
        }
    }
}
