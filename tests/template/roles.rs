//! Who may do what: each function's role grants what its code needs and not one action more. That the code gets by
//! with it is tried by the end-to-end tests: the local AWS enforces the roles.

use std::collections::BTreeSet;

use crieur_aws::seal::Context;
use crieur_domain::PlatformId;
use serde_json::Value;

use crate::{
    document::{deployed, function, functions, path, properties, resources, target, template},
    environment::code_of,
};

/// Wildcards that a role may have: reason.
const WILDCARDS: &[(&str, &str)] = &[("MediaBucket/*", "an object has no name before it is uploaded")];

/// What one function needs.
struct Needs {
    function: &'static str,
    rows: &'static [Need],
}

/// An action on a resource, and what asks for it.
struct Need {
    action: &'static str,
    on: &'static [&'static str],
    because: Because,
}

/// Who asks for an action.
enum Because {
    /// The function's own code, by these words of it.
    Code(&'static str),
    /// Lambda itself, on the function's behalf: reason.
    Lambda(&'static str),
}

use Because::{Code, Lambda};

const fn need(action: &'static str, on: &'static [&'static str], because: Because) -> Need {
    Need { action, on, because }
}

/// A transaction is allowed by the actions of its parts. Where an action has several users, one is named.
const NEEDS: &[Needs] = &[
    Needs {
        function: "api",
        rows: &[
            need("logs:CreateLogStream", &["ApiLogs"], Lambda("its log")),
            need("logs:PutLogEvents", &["ApiLogs"], Lambda("its log")),
            need("dynamodb:GetItem", &["Table"], Code(".workspaces().get(")),
            need("dynamodb:PutItem", &["Table"], Code(".keys().create(")),
            need("dynamodb:UpdateItem", &["Table"], Code(".workspaces().mark_erased(")),
            need("dynamodb:DeleteItem", &["Table"], Code(".keys().delete(")),
            need("dynamodb:Query", &["Table", "Table/index/listing"], Code(".posts().list(")),
            need("dynamodb:BatchGetItem", &["Table"], Code(".accounts().get_many(")),
            need("dynamodb:BatchWriteItem", &["Table"], Code(".forget(")),
            need("dynamodb:ConditionCheckItem", &["Table"], Code(".connect(")),
            need("sqs:SendMessage", &["PublishQueue"], Code("queue.send(")),
            need("sqs:SendMessageBatch", &["PublishQueue"], Code("queue.send(")),
            need("s3:GetObject", &["MediaBucket/*"], Code(".presign_get(")),
            need("s3:PutObject", &["MediaBucket/*"], Code(".presign_put(")),
            need("s3:DeleteObject", &["MediaBucket/*"], Code("objects.delete(")),
            // Without it S3 answers 403, not 404, for an upload that has not arrived.
            need("s3:ListBucket", &["MediaBucket"], Code("objects.head(")),
            need("kms:GenerateDataKey", &["SealingKey"], Code(".seal_json(")),
            need("kms:Decrypt", &["SealingKey"], Code(".open_json(")),
            need("secretsmanager:GetSecretValue", &["AdministratorKey"], Code("AdministratorKey::new(")),
        ],
    },
    Needs {
        function: "scheduler",
        rows: &[
            need("logs:CreateLogStream", &["SchedulerLogs"], Lambda("its log")),
            need("logs:PutLogEvents", &["SchedulerLogs"], Lambda("its log")),
            need("dynamodb:GetItem", &["Table"], Code("ticks.handed_until(")),
            need("dynamodb:UpdateItem", &["Table"], Code("ticks.set_handed_until(")),
            need("dynamodb:DeleteItem", &["Table"], Code("erasures.finish(")),
            need("dynamodb:Query", &["Table", "Table/index/listing"], Code("erasures.erase_some(")),
            need("dynamodb:Query", &["Table/index/due"], Code("deliveries.due(")),
            need("dynamodb:BatchGetItem", &["Table"], Code("deliveries.get_many(")),
            need("dynamodb:BatchWriteItem", &["Table"], Code("erasures.erase_some(")),
            need("sqs:SendMessage", &["PublishQueue"], Code("queue.send(")),
            need("sqs:SendMessageBatch", &["PublishQueue"], Code("queue.send(")),
            need("s3:ListBucket", &["MediaBucket"], Code("objects.delete_prefix(")),
            need("s3:DeleteObject", &["MediaBucket/*"], Code("objects.delete_prefix(")),
        ],
    },
    Needs {
        function: "publisher",
        rows: &[
            need("logs:CreateLogStream", &["PublisherLogs"], Lambda("its log")),
            need("logs:PutLogEvents", &["PublisherLogs"], Lambda("its log")),
            need("dynamodb:GetItem", &["Table"], Code(".deliveries().get(")),
            need("dynamodb:BatchGetItem", &["Table"], Code(".deliveries().load(")),
            need("dynamodb:PutItem", &["Table"], Code(".deliveries().save(")),
            need("dynamodb:UpdateItem", &["Table"], Code(".lease_refresh(")),
            need("dynamodb:ConditionCheckItem", &["Table"], Code("lose_permission(")),
            need("sqs:ReceiveMessage", &["PublishQueue"], Lambda("its event source")),
            need("sqs:DeleteMessage", &["PublishQueue"], Lambda("its event source")),
            need("sqs:GetQueueAttributes", &["PublishQueue"], Lambda("its event source")),
            need("sqs:SendMessage", &["PublishQueue"], Code("queue.send(")),
            need("sqs:SendMessageBatch", &["PublishQueue"], Code("queue.send(")),
            need("s3:GetObject", &["MediaBucket/*"], Code("objects.read(")),
            need("kms:Decrypt", &["SealingKey"], Code(".open_json(")),
            need("kms:GenerateDataKey", &["SealingKey"], Code(".seal_json(")),
        ],
    },
];

/// One allowed action on one resource.
type Grant = (String, String);

#[test]
fn each_role_allows_what_its_function_needs_and_nothing_more() {
    let all = functions();
    let described: BTreeSet<_> = NEEDS.iter().map(|needs| needs.function.to_owned()).collect();
    assert_eq!(described, all.iter().map(|function| function.name.clone()).collect(), "NEEDS has a row per function");
    for Needs { function: name, rows } in NEEDS {
        let needed: BTreeSet<Grant> = rows
            .iter()
            .flat_map(|need| need.on.iter().map(|resource| (need.action.to_owned(), (*resource).to_owned())))
            .collect();
        let granted = grants(&function(name).role);
        let too_much: Vec<_> = granted.difference(&needed).collect();
        let missing: Vec<_> = needed.difference(&granted).collect();
        assert!(too_much.is_empty(), "{name} may do what its code does not need: {too_much:?}");
        assert!(missing.is_empty(), "{name} may not do what its code needs: {missing:?}");
    }
}

#[test]
fn every_need_still_stands_in_the_code_that_is_named_for_it() {
    let mut gone = Vec::new();
    for Needs { function, rows } in NEEDS {
        let code: String = code_of(&path(&format!("functions/{function}/src"))).split_whitespace().collect();
        for need in *rows {
            if let Code(words) = need.because
                && !code.contains(words)
            {
                gone.push(format!("{function}: {} by `{words}`", need.action));
            }
        }
    }
    assert!(gone.is_empty(), "nothing calls this any more, so is it still needed? {gone:#?}");
}

#[test]
fn what_lambda_does_by_itself_is_only_logging_and_fetching_messages() {
    for Needs { rows, .. } in NEEDS {
        for need in *rows {
            if let Lambda(reason) = need.because {
                assert!(["its log", "its event source"].contains(&reason), "{reason}");
                let service = need.action.split(':').next().unwrap();
                assert_eq!(service, if reason == "its log" { "logs" } else { "sqs" }, "{}", need.action);
            }
        }
    }
}

#[test]
fn no_wildcard_is_granted_but_the_ones_with_a_reason() {
    for statement in allowing() {
        for action in words(&statement["Action"]) {
            assert!(!action.contains('*'), "a wildcard action: {statement}");
        }
        assert!(statement.get("NotAction").is_none() && statement.get("NotResource").is_none(), "{statement}");
        for resource in words(&statement["Resource"]) {
            let excused = WILDCARDS.iter().any(|(allowed, _)| resource == *allowed);
            assert!(!resource.contains('*') || excused, "a wildcard resource: {statement}");
        }
    }
}

#[test]
fn every_function_has_a_role_of_its_own_that_only_lambda_may_take() {
    let all = functions();
    let roles: BTreeSet<_> = all.iter().map(|function| function.role.clone()).collect();
    assert_eq!(roles.len(), all.len(), "two functions share a role");
    let described: BTreeSet<_> = resources("AWS::IAM::Role").iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(described, roles, "every role belongs to a function");
    for role in &roles {
        let trust = properties(role)["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
        assert_eq!(trust.len(), 1, "{role}");
        assert_eq!(trust[0]["Principal"]["Service"], "lambda.amazonaws.com", "{role}");
        assert_eq!(trust[0]["Action"], "sts:AssumeRole", "{role}");
        assert!(
            properties(role).get("ManagedPolicyArns").is_none(),
            "{role}: a managed policy grants what nobody listed"
        );
    }
    for function in &all {
        // SAM would make a second set of permissions out of these.
        assert!(function.properties.get("Policies").is_none(), "{}", function.name);
    }
}

#[test]
fn tokens_are_only_opened_for_a_named_workspace() {
    let condition_name = "crieur:workspace";
    let context = Context::app(None, &PlatformId::known("x")).encryption_context();
    assert!(context.contains_key(condition_name), "the code names its context otherwise: {context:?}");
    let mut seen = 0;
    for statement in allowing() {
        if words(&statement["Action"]).iter().any(|action| action.starts_with("kms:")) {
            let condition = &statement["Condition"]["ForAnyValue:StringEquals"]["kms:EncryptionContextKeys"];
            assert_eq!(condition, condition_name, "{statement}");
            seen += 1;
        }
    }
    assert_eq!(seen, 2, "api and publisher use the key");
}

#[test]
fn nobody_but_api_gateway_and_the_schedule_may_call_a_function() {
    let permissions = resources("AWS::Lambda::Permission");
    assert_eq!(permissions.len(), 1, "SAM adds the schedule's own");
    let permission = &permissions[0].1["Properties"];
    assert_eq!(permission["Principal"], "apigateway.amazonaws.com");
    assert_eq!(target(&permission["FunctionName"]).as_deref(), Some("ApiFunction"));
    let source = permission["SourceArn"]["Fn::Sub"].as_str().expect("bound to one API");
    assert!(source.contains("${HttpApi}"), "{source}");
    assert!(resources("AWS::Lambda::Url").is_empty());
}

/// What a role allows.
fn grants(role: &str) -> BTreeSet<Grant> {
    let mut grants = BTreeSet::new();
    for policy in properties(role)["Policies"].as_array().unwrap() {
        for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
            assert_eq!(statement["Effect"], "Allow", "{role}: {statement}");
            for action in words(&statement["Action"]) {
                for resource in words(&statement["Resource"]) {
                    assert!(grants.insert((action.clone(), resource.clone())), "{role}: {action} on {resource} twice");
                }
            }
        }
    }
    grants
}

/// Every statement of the whole template that allows something, trust in Lambda apart.
fn allowing() -> Vec<Value> {
    fn collect(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Object(fields) => {
                if fields.get("Effect").is_some_and(|effect| effect == "Allow") && fields.contains_key("Resource") {
                    found.push(value.clone());
                }
                fields.values().for_each(|value| collect(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&deployed(&template()["Resources"]), &mut found);
    assert!(found.len() > 10, "the statements were not found");
    found
}

/// One or several, each as a short text: `Table`, `Table/index/due`, `MediaBucket/*`.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(words).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![place(other)],
    }
}

fn place(value: &Value) -> String {
    if let Some(name) = target(value) {
        return name;
    }
    let text = value["Fn::Sub"].as_str().unwrap_or_else(|| panic!("not a resource: {value}"));
    let (name, rest) = text.strip_prefix("${").and_then(|text| text.split_once(".Arn}")).unwrap_or(("", text));
    format!("{name}{rest}")
}
