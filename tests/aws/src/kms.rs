//! KMS: data keys that open under the encryption context they were made for, and under no other.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

#[derive(Default)]
pub(crate) struct Keys {
    made: BTreeMap<String, (String, Value)>,
}

impl Keys {
    pub(crate) fn generate(&mut self, input: &Value) -> Value {
        let number = self.made.len() as u8;
        let plain = BASE64_STANDARD.encode([number; 32]);
        let wrapped = BASE64_STANDARD.encode(format!("wrapped key {number}"));
        self.made.insert(wrapped.clone(), (plain.clone(), input["EncryptionContext"].clone()));
        json!({"KeyId": input["KeyId"], "Plaintext": plain, "CiphertextBlob": wrapped})
    }

    pub(crate) fn decrypt(&self, input: &Value) -> Option<Value> {
        let (plain, context) = self.made.get(input["CiphertextBlob"].as_str()?)?;
        (*context == input["EncryptionContext"]).then(|| json!({"KeyId": "sealing-key", "Plaintext": plain}))
    }
}
