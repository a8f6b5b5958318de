//! Envelope encryption of tokens and app credentials.
//!
//! KMS gives a data key together with its wrapped form; the data key seals by AES-256-GCM and is never stored. Whose
//! secret it is goes into KMS's encryption context and into the additional data of the cipher, so that a ciphertext
//! moved to another workspace or account opens nowhere.
//!
//! Opened data keys are kept in memory for [`KEY_LIFE`]: a busy account would otherwise cost one KMS request a post.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_sdk_kms::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::DataKeySpec,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use crieur_domain::{AccountId, ConnectSessionId, PlatformId, WorkspaceId};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};

use crate::{Aws, ids, keys::DEPLOYMENT};

/// How long a data key is used again.
pub const KEY_LIFE: Duration = Duration::from_secs(5 * 60);
/// The most data keys that are kept.
pub const MAX_KEYS: usize = 1024;
/// The version of what [`Sealed`] holds.
const VERSION: u8 = 1;

const WORKSPACE: &str = "crieur:workspace";
const ACCOUNT: &str = "crieur:account";

/// Whose secret it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Context {
    workspace: String,
    owner: String,
}

impl Context {
    /// The tokens of an account.
    #[must_use]
    pub fn account(workspace: WorkspaceId, account: AccountId) -> Self {
        Self { workspace: workspace.to_string(), owner: account.to_string() }
    }

    /// The credentials of an app: of one workspace, or of the deployment.
    #[must_use]
    pub fn app(workspace: Option<WorkspaceId>, platform: &PlatformId) -> Self {
        let workspace = workspace.map_or_else(|| DEPLOYMENT.to_owned(), |id| id.to_string());
        Self { workspace, owner: format!("app#{platform}") }
    }

    /// What a running login must remember.
    #[must_use]
    pub fn session(workspace: WorkspaceId, session: ConnectSessionId) -> Self {
        Self { workspace: workspace.to_string(), owner: session.to_string() }
    }

    /// As KMS wants it.
    #[must_use]
    pub fn encryption_context(&self) -> HashMap<String, String> {
        [(WORKSPACE, &self.workspace), (ACCOUNT, &self.owner)]
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .into()
    }

    /// As the cipher wants it. Neither part can hold a line break.
    fn aad(&self) -> String {
        format!("{WORKSPACE}={}\n{ACCOUNT}={}", self.workspace, self.owner)
    }
}

/// A sealed secret as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The data key, wrapped by KMS.
    #[serde(with = "base64_text")]
    pub wrapped_key: Vec<u8>,
    /// The nonce, drawn for each sealing.
    #[serde(with = "base64_text")]
    pub nonce: Vec<u8>,
    /// The ciphertext with its tag.
    #[serde(with = "base64_text")]
    pub ciphertext: Vec<u8>,
    /// The version of this layout and of its ciphers.
    pub v: u8,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.ciphertext.len())
    }
}

mod base64_text {
    use super::{Deserialize, Deserializer, Engine, STANDARD, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        STANDARD.decode(&*text).map_err(serde::de::Error::custom)
    }
}

/// Why a secret could not be sealed or opened. Says nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// KMS cannot be reached or is busy: the same works later.
    #[error("KMS cannot be used: {0}")]
    Unavailable(String),
    /// It was sealed for someone else, was altered, or its key is gone.
    #[error("the sealed secret does not open here")]
    Refused,
    /// What came out is not what was expected, or what is to go in cannot be written as JSON.
    #[error("the secret has another shape than expected")]
    Shape,
}

/// A fresh data key.
pub struct DataKey {
    /// In the clear: 32 bytes.
    pub plain: Vec<u8>,
    /// For storing.
    pub wrapped: Vec<u8>,
}

/// What KMS does for us.
pub trait KeyService: Send + Sync {
    /// Makes a data key for this context.
    fn generate(&self, context: &Context) -> impl Future<Output = Result<DataKey, SealError>> + Send;

    /// Opens a wrapped data key, if it was made for this context.
    fn unwrap(&self, wrapped: &[u8], context: &Context) -> impl Future<Output = Result<Vec<u8>, SealError>> + Send;
}

/// AWS KMS.
#[derive(Debug, Clone)]
pub struct Kms {
    client: aws_sdk_kms::Client,
    key_id: String,
}

impl Kms {
    /// The key of this id, alias or ARN.
    #[must_use]
    pub fn new(aws: &Aws, key_id: &str) -> Self {
        Self { client: aws.kms(), key_id: key_id.to_owned() }
    }
}

impl KeyService for Kms {
    async fn generate(&self, context: &Context) -> Result<DataKey, SealError> {
        let made = self
            .client
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context.encryption_context()))
            .send()
            .await
            .map_err(|error| fault(&error))?;
        match (made.plaintext, made.ciphertext_blob) {
            (Some(plain), Some(wrapped)) => Ok(DataKey { plain: plain.into_inner(), wrapped: wrapped.into_inner() }),
            _ => Err(SealError::Unavailable("an answer without a key".to_owned())),
        }
    }

    async fn unwrap(&self, wrapped: &[u8], context: &Context) -> Result<Vec<u8>, SealError> {
        let opened = self
            .client
            .decrypt()
            .key_id(&self.key_id)
            .ciphertext_blob(Blob::new(wrapped))
            .set_encryption_context(Some(context.encryption_context()))
            .send()
            .await
            .map_err(|error| fault(&error))?;
        opened.plaintext.map(Blob::into_inner).ok_or_else(|| SealError::Unavailable("an answer without a key".into()))
    }
}

fn fault<E: ProvideErrorMetadata>(error: &SdkError<E>) -> SealError {
    match error {
        SdkError::ServiceError(refused) => match refused.err().code().unwrap_or("no code") {
            "InvalidCiphertextException" | "IncorrectKeyException" => SealError::Refused,
            code => SealError::Unavailable(code.to_owned()),
        },
        _ => SealError::Unavailable("no answer".to_owned()),
    }
}

struct Kept {
    wrapped: Vec<u8>,
    key: LessSafeKey,
    since: Instant,
}

/// Seals and opens, keeping data keys for a while.
pub struct Sealer<K = Kms> {
    service: K,
    /// The newest key of each context, which is the one that its stored secrets were sealed with lately.
    kept: Mutex<HashMap<Context, Kept>>,
}

impl Sealer<Kms> {
    /// Seals with the KMS key of this id, alias or ARN.
    #[must_use]
    pub fn new(aws: &Aws, key_id: &str) -> Self {
        Self::with(Kms::new(aws, key_id))
    }
}

impl<K: KeyService> Sealer<K> {
    /// Seals with another source of keys.
    #[must_use]
    pub fn with(service: K) -> Self {
        Self { service, kept: Mutex::default() }
    }

    /// Seals a secret for its owner.
    ///
    /// # Errors
    /// [`SealError::Unavailable`].
    pub async fn seal(&self, context: &Context, secret: &[u8]) -> Result<Sealed, SealError> {
        let (key, wrapped_key) = match self.recall(context, None) {
            Some(kept) => kept,
            None => {
                let made = self.service.generate(context).await?;
                let key = data_key(&made.plain)?;
                self.keep(context, &made.wrapped, &key);
                (key, made.wrapped)
            }
        };
        let nonce: [u8; NONCE_LEN] = ids::random();
        let mut ciphertext = secret.to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context.aad().as_bytes()),
            &mut ciphertext,
        )
        .map_err(|_| SealError::Refused)?;
        Ok(Sealed { wrapped_key, nonce: nonce.to_vec(), ciphertext, v: VERSION })
    }

    /// Opens a secret of this owner.
    ///
    /// # Errors
    /// [`SealError::Refused`] where it is another's or was altered; [`SealError::Unavailable`].
    pub async fn open(&self, context: &Context, sealed: &Sealed) -> Result<Vec<u8>, SealError> {
        if sealed.v != VERSION {
            return Err(SealError::Refused);
        }
        let key = match self.recall(context, Some(&sealed.wrapped_key)) {
            Some((key, _)) => key,
            None => {
                let key = data_key(&self.service.unwrap(&sealed.wrapped_key, context).await?)?;
                self.keep(context, &sealed.wrapped_key, &key);
                key
            }
        };
        let nonce = Nonce::try_assume_unique_for_key(&sealed.nonce).map_err(|_| SealError::Refused)?;
        let mut content = sealed.ciphertext.clone();
        let length = key
            .open_in_place(nonce, Aad::from(context.aad().as_bytes()), &mut content)
            .map_err(|_| SealError::Refused)?
            .len();
        content.truncate(length);
        Ok(content)
    }

    /// Seals a value as JSON.
    ///
    /// # Errors
    /// Those of [`Sealer::seal`]; [`SealError::Shape`] where it has no JSON form.
    pub async fn seal_json<T: Serialize + Sync>(&self, context: &Context, secret: &T) -> Result<Sealed, SealError> {
        let json = serde_json::to_vec(secret).map_err(|_| SealError::Shape)?;
        self.seal(context, &json).await
    }

    /// Opens a value that was sealed as JSON.
    ///
    /// # Errors
    /// Those of [`Sealer::open`]; [`SealError::Shape`] where it is something else.
    pub async fn open_json<T: DeserializeOwned>(&self, context: &Context, sealed: &Sealed) -> Result<T, SealError> {
        let json = self.open(context, sealed).await?;
        serde_json::from_slice(&json).map_err(|_| SealError::Shape)
    }

    /// The kept key of a context; with `wrapped`, only if it is this one.
    fn recall(&self, context: &Context, wrapped: Option<&[u8]>) -> Option<(LessSafeKey, Vec<u8>)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(context).filter(|found| found.since.elapsed() < KEY_LIFE)?;
        let ours = wrapped.is_none_or(|wrapped| found.wrapped == wrapped);
        ours.then(|| (found.key.clone(), found.wrapped.clone()))
    }

    fn keep(&self, context: &Context, wrapped: &[u8], key: &LessSafeKey) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEYS && !kept.contains_key(context) {
            kept.retain(|_, kept| kept.since.elapsed() < KEY_LIFE);
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.since).map(|(context, _)| context.clone());
            if let Some(oldest) = oldest.filter(|_| kept.len() >= MAX_KEYS) {
                kept.remove(&oldest);
            }
        }
        kept.insert(context.clone(), Kept { wrapped: wrapped.to_vec(), key: key.clone(), since: Instant::now() });
    }
}

fn data_key(plain: &[u8]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, plain).map(LessSafeKey::new).map_err(|_| SealError::Shape)
}

#[cfg(test)]
#[path = "seal_tests.rs"]
mod tests;
