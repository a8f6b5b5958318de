//! Content identifiers, computed as the network computes them: of a file's bytes, and of a record's DAG-CBOR.
//! <https://atproto.com/specs/data-model>, read 2026-11-22.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::Value;

const RAW: u8 = 0x55;
const DAG_CBOR: u8 = 0x71;
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Of a file.
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    written(RAW, bytes)
}

/// Of a record.
pub(super) fn of_record(record: &Value) -> String {
    let mut bytes = Vec::new();
    encode(record, &mut bytes);
    written(DAG_CBOR, &bytes)
}

fn written(codec: u8, bytes: &[u8]) -> String {
    let mut cid = vec![1, codec, 0x12, 0x20];
    cid.extend_from_slice(digest(&SHA256, bytes).as_ref());
    format!("b{}", base32(&cid))
}

fn base32(bytes: &[u8]) -> String {
    let (mut text, mut pending, mut bits) = (String::new(), 0_u32, 0);
    for byte in bytes {
        pending = pending << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(BASE32[(pending >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(BASE32[(pending << (5 - bits) & 31) as usize]));
    }
    text
}

fn base32_decoded(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut pending, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = BASE32.iter().position(|known| *known == letter)?;
        pending = pending << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((pending >> bits & 255) as u8);
        }
    }
    Some(bytes)
}

fn head(major: u8, number: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let bytes = number.to_be_bytes();
    match number {
        0..24 => out.push(major | bytes[7]),
        24..=0xff => out.extend([major | 24, bytes[7]]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&bytes[6..]);
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&bytes);
        }
    }
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(flag) => out.push(if *flag { 0xf5 } else { 0xf4 }),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => head(0, number, out),
            (None, Some(number)) => head(1, number.unsigned_abs() - 1, out),
            // Records hold no fractions; a check before this one says so.
            (None, None) => out.push(0xf6),
        },
        Value::String(text) => string(text, out),
        Value::Array(items) => {
            head(4, items.len() as u64, out);
            items.iter().for_each(|item| encode(item, out));
        }
        Value::Object(fields) => {
            if fields.len() == 1 {
                if let Some(link) = fields.get("$link").and_then(Value::as_str).and_then(linked) {
                    out.extend([0xd8, 42]);
                    head(2, link.len() as u64 + 1, out);
                    out.push(0);
                    return out.extend(link);
                }
                let bytes = fields.get("$bytes").and_then(Value::as_str);
                if let Some(bytes) = bytes.and_then(|text| STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()) {
                    head(2, bytes.len() as u64, out);
                    return out.extend(bytes);
                }
            }
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
            head(5, sorted.len() as u64, out);
            for (name, field) in sorted {
                string(name, out);
                encode(field, out);
            }
        }
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    head(3, text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn linked(cid: &str) -> Option<Vec<u8>> {
    base32_decoded(cid.strip_prefix('b')?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn identifiers_are_those_of_a_real_server() {
        // Answers of the reference server 0.4.217 to uploadBlob and createRecord.
        assert_eq!(of_bytes(b""), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
        assert_eq!(of_bytes(b"hello"), "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq");
        let record = json!({"$type": "app.bsky.feed.post", "text": "hi", "createdAt": "2026-11-22T07:00:10.819Z"});
        assert_eq!(of_record(&record), "bafyreighfgithzd4efmmqasioraijmibc3utdqdwnb3jcxg4k65otkf3ta");
        let cid = "bafkreicjo6iji7kgmz3azy4phqaoquwhd7nwnsxijg5or2pn4njhdhqvqe";
        let blob = json!({"$type": "blob", "ref": {"$link": cid}, "mimeType": "image/png", "size": 70});
        let record = json!({
            "$type": "app.bsky.feed.post",
            "text": "hi",
            "createdAt": "2026-11-22T07:00:10.819Z",
            "embed": {
                "$type": "app.bsky.embed.images",
                "images": [{"image": blob, "alt": "", "aspectRatio": {"width": 1, "height": 1}}],
            },
        });
        assert_eq!(of_record(&record), "bafyreia4fr4ciw4d7eyjaeb6vqgf7yq2eezorkup37gagvuzxevywe5q74");
    }
}
