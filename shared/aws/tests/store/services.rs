//! Everything but the table, against the endpoint of a whole AWS in `CRIEUR_TEST_AWS_URL`:
//! `cargo test -p crieur-aws --test store -- --ignored`.

use std::{
    io::{BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use crieur_aws::{
    AdministratorKey, Aws, Handover, Objects, Queue, Sealer,
    digest::sha256_hex,
    ids,
    objects::ObjectError,
    queue::Message,
    seal::{Context, SealError},
    secrets::SecretError,
};
use crieur_domain::{AccountId, WorkspaceId};
use jiff::Timestamp;

use crate::{
    engine,
    proxy::message,
    samples::{now, workspace},
};

fn whole_aws() -> Aws {
    let url = std::env::var("CRIEUR_TEST_AWS_URL").expect("CRIEUR_TEST_AWS_URL names the endpoint");
    engine::aws(url.trim_end_matches('/'))
}

/// Sends one request by hand, as a client with a presigned URL would, and gives back the status line.
fn send(method: &str, url: &str, headers: &[(String, String)], body: &[u8]) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut request = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers.iter().filter(|(name, _)| name != "host") {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let mut connection = TcpStream::connect(host).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    connection.write_all(body).unwrap();
    let answer = message(&mut BufReader::new(connection)).unwrap();
    String::from_utf8_lossy(&answer).lines().next().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs a whole AWS in CRIEUR_TEST_AWS_URL"]
async fn a_file_goes_up_by_its_url_and_is_read_in_pieces() {
    let aws = whole_aws();
    let bucket = format!("media-{}", sha256_hex(&ids::random::<8>())[..16].to_owned());
    let region = aws_sdk_s3::types::BucketLocationConstraint::EuWest3;
    let place = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(region).build();
    aws.s3().create_bucket().bucket(&bucket).create_bucket_configuration(place).send().await.unwrap();
    let objects = Objects::new(&aws, &bucket);
    let (body, time) = (b"not much of a picture", Timestamp::now());

    assert_eq!(objects.head("ws_1/med_1").await, Err(ObjectError::NotFound));
    assert_eq!(objects.read("ws_1/med_1", 0, 4).await, Err(ObjectError::NotFound));
    for key in ["ws_1/med_1", "ws_1/med_2", "ws_10/med_3"] {
        let hash = sha256_hex(body);
        let upload = objects.presign_put(key, "image/png", body.len() as u64, Some(&hash), time).await.unwrap();
        let status = send("PUT", &upload.url, &upload.headers, body);
        assert!(status.contains("200"), "{status}");
    }
    let head = objects.head("ws_1/med_1").await.unwrap();
    assert_eq!((head.size, head.content_type.as_deref()), (body.len() as u64, Some("image/png")));
    assert_eq!(&objects.read("ws_1/med_1", 4, 4).await.unwrap()[..], b"much");
    assert_eq!(&objects.read("ws_1/med_1", 14, 400).await.unwrap()[..], b"picture");
    assert_eq!(objects.read("ws_1/med_1", 400, 4).await, Err(ObjectError::OutOfRange));
    let url = objects.presign_get("ws_1/med_1", time).await.unwrap();
    let status = send("GET", &url, &[], b"");
    assert!(status.contains("200"), "{status}");

    assert_eq!(objects.delete_prefix("ws_1/").await, Ok(2));
    assert_eq!(objects.delete_prefix("ws_1/").await, Ok(0));
    assert!(objects.head("ws_10/med_3").await.is_ok(), "a neighbour with a longer name stays");
    objects.delete("ws_10/med_3").await.unwrap();
    objects.delete("ws_10/med_3").await.unwrap();
    assert_eq!(objects.head("ws_10/med_3").await, Err(ObjectError::NotFound));
}

#[tokio::test]
#[ignore = "needs a whole AWS in CRIEUR_TEST_AWS_URL"]
async fn handed_over_deliveries_come_out_of_the_queue() {
    let aws = whole_aws();
    let made = aws.sqs().create_queue().queue_name(format!("publish-{}", ids::secret_token(6))).send().await.unwrap();
    let url = made.queue_url.unwrap();
    let handovers: Vec<Handover> = (0..23)
        .map(|index| Handover {
            workspace_id: workspace(),
            post_id: ids::fresh(now()),
            delivery_id: ids::fresh(now()),
            account_id: ids::fresh(now()),
            delay: Duration::from_millis(index * 90),
        })
        .collect();
    Queue::new(&aws, &url).send(&handovers).await.unwrap();
    assert_eq!(aws.calls()["SQS.SendMessageBatch"], 3);

    let mut seen: Vec<Message> = Vec::new();
    for _ in 0..20 {
        let received =
            aws.sqs().receive_message().queue_url(&url).max_number_of_messages(10).wait_time_seconds(1).send().await;
        for message in received.unwrap().messages.unwrap_or_default() {
            seen.push(serde_json::from_str(&message.body.unwrap()).unwrap());
        }
        if seen.len() == handovers.len() {
            break;
        }
    }
    seen.sort_by_key(|message| message.delivery_id);
    let mut sent: Vec<_> = handovers.iter().map(Handover::message).collect();
    sent.sort_by_key(|message| message.delivery_id);
    assert_eq!(seen, sent);

    let nowhere = Queue::new(&aws, &format!("{url}-of-nobody")).send(&handovers[..2]).await.unwrap_err();
    assert_eq!(nowhere.failed, [handovers[0].delivery_id, handovers[1].delivery_id]);
}

#[tokio::test]
#[ignore = "needs a whole AWS in CRIEUR_TEST_AWS_URL"]
async fn kms_opens_a_secret_for_its_owner_alone() {
    let aws = whole_aws();
    let key = aws.kms().create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    let (ws, account): (WorkspaceId, AccountId) = (workspace(), ids::fresh(now()));
    let (own, other) = (Context::account(ws, account), Context::account(workspace(), account));
    let sealed = Sealer::new(&aws, &key).seal(&own, b"token").await.unwrap();
    // Another process, which has no data key yet.
    let cold = Sealer::new(&aws, &key);
    assert_eq!(cold.open(&other, &sealed).await, Err(SealError::Refused));
    assert_eq!(cold.open(&own, &sealed).await.unwrap(), b"token");
    assert_eq!(cold.open(&own, &sealed).await.unwrap(), b"token");
    assert_eq!(aws.calls()["KMS.Decrypt"], 2);
    let broken = Sealer::new(&aws, "nobody").seal(&own, b"token").await;
    assert!(matches!(broken, Err(SealError::Unavailable(_))), "{broken:?}");
}

#[tokio::test]
#[ignore = "needs a whole AWS in CRIEUR_TEST_AWS_URL"]
async fn the_administrators_key_is_read_once_and_recognised() {
    let aws = whole_aws();
    let name = format!("admin-{}", ids::secret_token(6));
    let secret = r#"{"kind":"administrator","key":"the-key"}"#;
    aws.secrets_manager().create_secret().name(&name).secret_string(secret).send().await.unwrap();
    let key = AdministratorKey::new(&aws, &name);
    assert_eq!(key.is("the-key").await, Ok(true));
    for other in ["", "the-ke", "the-key ", "other"] {
        assert_eq!(key.is(other).await, Ok(false), "{other}");
    }
    assert_eq!(aws.calls()["Secrets Manager.GetSecretValue"], 1);
    let missing = AdministratorKey::new(&aws, "nobody").is("the-key").await;
    assert!(matches!(missing, Err(SecretError::Unavailable(_))), "{missing:?}");
}
