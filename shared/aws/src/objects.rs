//! The media bucket. Clients put and get the bytes themselves, by presigned URLs; we look at them in pieces.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::{
    error::{ProvideErrorMetadata, SdkError},
    presigning::PresigningConfig,
    types::{Delete, ObjectIdentifier},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use crate::Aws;

/// How long a presigned URL is good.
pub const URL_LIFE: Duration = Duration::from_secs(15 * 60);

/// Why the bucket did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("there is no such object")]
    NotFound,
    /// The range begins behind the object's end.
    #[error("the object is shorter than that")]
    OutOfRange,
    /// S3 cannot be reached, is busy or refuses.
    #[error("the bucket cannot be used: {0}")]
    Unavailable(String),
}

/// A promise to take one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Where to PUT it.
    pub url: String,
    /// Headers that have to be sent just so: they are signed.
    pub headers: Vec<(String, String)>,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What S3 knows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Bytes.
    pub size: u64,
    /// As it was uploaded.
    pub content_type: Option<String>,
}

/// The media bucket. Clones share the client.
#[derive(Debug, Clone)]
pub struct Objects {
    client: aws_sdk_s3::Client,
    bucket: String,
}

impl Objects {
    /// The bucket of this name.
    #[must_use]
    pub fn new(aws: &Aws, bucket: &str) -> Self {
        Self { client: aws.s3(), bucket: bucket.to_owned() }
    }

    /// Promises to take one file of exactly this type and size, and of this content where its SHA-256 (lower-case
    /// hex) is given. Asks nobody: a URL is signed, not requested.
    ///
    /// # Errors
    /// [`ObjectError::Unavailable`] where it cannot be signed.
    pub async fn presign_put(
        &self,
        key: &str,
        content_type: &str,
        size: u64,
        sha256: Option<&str>,
        now: Timestamp,
    ) -> Result<Upload, ObjectError> {
        let unusable = |what: &str| ObjectError::Unavailable(what.to_owned());
        let checksum = match sha256 {
            Some(hex) => Some(STANDARD.encode(bytes_of(hex).ok_or_else(|| unusable("the SHA-256 is not hex"))?)),
            None => None,
        };
        let signed = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .content_length(i64::try_from(size).map_err(|_| unusable("the size is too large"))?)
            .set_checksum_sha256(checksum)
            .presigned(presigning(now)?)
            .await
            .map_err(|error| fault(&error))?;
        Ok(Upload {
            url: signed.uri().to_owned(),
            headers: signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            expires_at: until(now),
        })
    }

    /// A URL under which the object can be read for a while.
    ///
    /// # Errors
    /// [`ObjectError::Unavailable`] where it cannot be signed.
    pub async fn presign_get(&self, key: &str, now: Timestamp) -> Result<String, ObjectError> {
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let signed = request.presigned(presigning(now)?).await.map_err(|error| fault(&error))?;
        Ok(signed.uri().to_owned())
    }

    /// What S3 knows of an object.
    ///
    /// # Errors
    /// [`ObjectError::NotFound`], or [`ObjectError::Unavailable`].
    pub async fn head(&self, key: &str) -> Result<Head, ObjectError> {
        let head = self.client.head_object().bucket(&self.bucket).key(key).send().await.map_err(|e| fault(&e))?;
        let size = head.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        Ok(Head { size, content_type: head.content_type })
    }

    /// `length` bytes from `offset`, fewer at the object's end.
    ///
    /// # Errors
    /// [`ObjectError::NotFound`], [`ObjectError::OutOfRange`], or [`ObjectError::Unavailable`].
    pub async fn read(&self, key: &str, offset: u64, length: u64) -> Result<Bytes, ObjectError> {
        if length == 0 {
            return Ok(Bytes::new());
        }
        let range = format!("bytes={offset}-{}", offset.saturating_add(length - 1));
        let request = self.client.get_object().bucket(&self.bucket).key(key).range(range);
        let object = request.send().await.map_err(|error| fault(&error))?;
        let body = object.body.collect().await;
        body.map(aws_sdk_s3::primitives::AggregatedBytes::into_bytes)
            .map_err(|_| ObjectError::Unavailable("the body was cut".to_owned()))
    }

    /// Removes an object. Whether it was there is not told.
    ///
    /// # Errors
    /// [`ObjectError::Unavailable`].
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(key).send();
        request.await.map(drop).map_err(|error| fault(&error))
    }

    /// Removes up to a thousand objects whose keys begin with `prefix` (end it with `/`, or it reaches its
    /// neighbours). Gives back how many; to be repeated until none is left.
    ///
    /// # Errors
    /// [`ObjectError::Unavailable`], also where S3 refused to remove some.
    pub async fn delete_prefix(&self, prefix: &str) -> Result<usize, ObjectError> {
        let found = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).send().await;
        let keys: Vec<ObjectIdentifier> = found
            .map_err(|error| fault(&error))?
            .contents
            .unwrap_or_default()
            .into_iter()
            .filter_map(|object| ObjectIdentifier::builder().key(object.key?).build().ok())
            .collect();
        let count = keys.len();
        if count == 0 {
            return Ok(0);
        }
        let delete = Delete::builder().set_objects(Some(keys)).quiet(true).build();
        let delete = delete.map_err(|error| ObjectError::Unavailable(error.to_string()))?;
        let answer = self.client.delete_objects().bucket(&self.bucket).delete(delete).send().await;
        match answer.map_err(|error| fault(&error))?.errors.unwrap_or_default().first() {
            None => Ok(count),
            Some(refused) => Err(ObjectError::Unavailable(refused.code.clone().unwrap_or_default())),
        }
    }
}

fn presigning(now: Timestamp) -> Result<PresigningConfig, ObjectError> {
    PresigningConfig::builder()
        .start_time(SystemTime::from(now))
        .expires_in(URL_LIFE)
        .build()
        .map_err(|error| ObjectError::Unavailable(error.to_string()))
}

fn until(now: Timestamp) -> Timestamp {
    let life = SignedDuration::try_from(URL_LIFE).unwrap_or_default();
    now.saturating_add(life).unwrap_or(now)
}

/// Reads 64 hex digits.
fn bytes_of(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

fn fault<E: ProvideErrorMetadata>(error: &SdkError<E>) -> ObjectError {
    match error {
        SdkError::ServiceError(refused) => {
            let (status, code) = (refused.raw().status().as_u16(), refused.err().code());
            match (status, code) {
                // A HEAD has no body and so no code.
                (404, _) => ObjectError::NotFound,
                (416, _) => ObjectError::OutOfRange,
                (status, code) => ObjectError::Unavailable(code.map_or_else(|| status.to_string(), str::to_owned)),
            }
        }
        _ => ObjectError::Unavailable("no answer".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    fn objects() -> Objects {
        let settings = Settings::from_vars(|name| match name {
            "AWS_REGION" => Some("eu-west-3".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:1".to_owned()),
            _ => None,
        });
        Objects::new(&Aws::new(&settings.expect("all are set")), "media")
    }

    #[tokio::test]
    async fn an_upload_is_bound_to_type_size_and_content() {
        let now = "2026-01-02T03:04:05Z".parse().expect("a time");
        let hash = crate::digest::sha256_hex(b"abc");
        let upload = objects().presign_put("ws_1/med_1", "image/png", 3, Some(&hash), now).await.expect("signs");
        assert!(upload.url.starts_with("http://127.0.0.1:1/media/ws_1/med_1?"), "{}", upload.url);
        assert!(upload.url.contains("X-Amz-Expires=900") && upload.url.contains("X-Amz-Date=20260102T030405Z"));
        assert_eq!(upload.expires_at.to_string(), "2026-01-02T03:19:05Z");

        let query: Vec<&str> = upload.url.split(['?', '&']).collect();
        let signed = query.iter().find_map(|part| part.strip_prefix("X-Amz-SignedHeaders=")).expect("names them");
        let signed: Vec<&str> = signed.split("%3B").collect();
        assert!(signed.contains(&"content-length") && signed.contains(&"content-type"), "{signed:?}");
        let header = |name: &str| upload.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(header("content-length"), Some("3"));
        assert_eq!(header("content-type"), Some("image/png"));
        let checksum = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        let in_header = header("x-amz-checksum-sha256") == Some(checksum);
        let in_url = upload.url.contains("x-amz-checksum-sha256=ungWv48Bz%2BpBQUDeXa4iI7ADYaOWF3qctBD%2FYfIAFa0%3D");
        assert!(in_header || in_url, "{upload:?}");
        assert!(!upload.url.contains("crc32"), "{}", upload.url);
    }

    #[tokio::test]
    async fn a_hash_that_is_none_is_refused() {
        for hash in ["", "zz", &"é".repeat(32)] {
            let upload = objects().presign_put("k", "image/png", 3, Some(hash), Timestamp::UNIX_EPOCH).await;
            assert!(upload.is_err(), "{hash}");
        }
    }
}
