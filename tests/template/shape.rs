//! The resources themselves: what is kept, what waits, who knocks, and how long each may take.

use std::collections::BTreeSet;

use crieur_aws::keys::{IndexShape, TABLE};
use serde_json::{Value, json};

use crate::document::{deployed, function, functions, path, properties, resources, source, target, template};

#[test]
fn the_table_is_the_one_that_the_code_is_written_for() {
    let table = properties("Table");
    let schema = |keys: &Value| {
        let names: Vec<_> =
            keys.as_array().unwrap().iter().map(|key| (key["AttributeName"].clone(), key["KeyType"].clone())).collect();
        assert_eq!((names.len(), &names[0].1, &names[1].1), (2, &json!("HASH"), &json!("RANGE")));
        (names[0].0.as_str().unwrap().to_owned(), names[1].0.as_str().unwrap().to_owned())
    };
    assert_eq!(schema(&table["KeySchema"]), (TABLE.hash.to_owned(), TABLE.range.to_owned()));
    let indexes = table["GlobalSecondaryIndexes"].as_array().unwrap();
    let described: Vec<_> = indexes
        .iter()
        .map(|index| {
            assert_eq!(index["Projection"]["ProjectionType"], "KEYS_ONLY", "{}", index["IndexName"]);
            let (hash, range) = schema(&index["KeySchema"]);
            (index["IndexName"].as_str().unwrap().to_owned(), hash, range)
        })
        .collect();
    let wanted = |index: &IndexShape| (index.name.to_owned(), index.hash.to_owned(), index.range.to_owned());
    assert_eq!(described, TABLE.indexes.iter().map(wanted).collect::<Vec<_>>());

    let mut keys: BTreeSet<_> = BTreeSet::from([TABLE.hash, TABLE.range]);
    keys.extend(TABLE.indexes.iter().flat_map(|index| [index.hash, index.range]));
    let attributes = table["AttributeDefinitions"].as_array().unwrap();
    assert!(attributes.iter().all(|attribute| attribute["AttributeType"] == "S"));
    let named: BTreeSet<_> = attributes.iter().map(|attribute| attribute["AttributeName"].as_str().unwrap()).collect();
    assert_eq!(named, keys);
}

#[test]
fn rows_expire_by_the_attribute_that_the_code_writes() {
    let expiry = &properties("Table")["TimeToLiveSpecification"];
    assert_eq!(expiry, &json!({"AttributeName": TABLE.time_to_live, "Enabled": true}));
}

#[test]
fn the_table_costs_nothing_while_idle_and_can_be_set_back_to_any_second() {
    let table = properties("Table");
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(template()["Parameters"]["DeletionProtection"]["Default"], "true");
    assert_eq!(table["DeletionProtectionEnabled"], json!({"Ref": "DeletionProtection"}));
}

#[test]
fn what_cannot_be_made_again_outlives_the_stack() {
    for name in ["Table", "MediaBucket", "SealingKey"] {
        let resource = &template()["Resources"][name];
        assert_eq!(resource["DeletionPolicy"], "Retain", "{name}");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{name}");
    }
}

#[test]
fn nothing_has_a_name_that_a_second_stack_would_need_too() {
    for (kind, name) in [
        ("AWS::DynamoDB::Table", "TableName"),
        ("AWS::S3::Bucket", "BucketName"),
        ("AWS::SQS::Queue", "QueueName"),
        ("AWS::Serverless::Function", "FunctionName"),
        ("AWS::IAM::Role", "RoleName"),
        ("AWS::SecretsManager::Secret", "Name"),
        ("AWS::Logs::LogGroup", "LogGroupName"),
        ("AWS::KMS::Alias", "AliasName"),
        ("AWS::CloudWatch::Alarm", "AlarmName"),
        ("AWS::ApiGatewayV2::Api", "Name"),
    ] {
        let all = resources(kind);
        assert!(!all.is_empty(), "{kind}");
        for (logical, resource) in all {
            let given = &resource["Properties"][name];
            let text = given.to_string();
            assert!(given.is_null() || text.contains("AWS::StackName"), "{logical}: {name} is {text}");
        }
    }
}

#[test]
fn the_media_bucket_is_private_encrypted_and_tls_only() {
    let bucket = properties("MediaBucket");
    let blocked = &bucket["PublicAccessBlockConfiguration"];
    for name in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
        assert_eq!(blocked[name], true, "{name}");
    }
    assert_eq!(bucket["OwnershipControls"]["Rules"], json!([{"ObjectOwnership": "BucketOwnerEnforced"}]));
    assert!(
        bucket.pointer("/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault").is_some()
    );
    assert!(bucket.get("WebsiteConfiguration").is_none() && bucket.get("AccessControl").is_none());

    let policy = &template()["Resources"]["MediaBucketPolicy"];
    assert_eq!(policy["Condition"], "UsesRealNetworks", "the local AWS speaks plain HTTP, AWS never does");
    assert_eq!(target(&policy["Properties"]["Bucket"]).as_deref(), Some("MediaBucket"));
    let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0]["Effect"], "Deny");
    assert_eq!(statements[0]["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}));
}

#[test]
fn an_upload_that_is_given_up_does_not_lie_in_the_bucket_for_ever() {
    let rules = properties("MediaBucket")["LifecycleConfiguration"]["Rules"].as_array().unwrap();
    let aborts = rules.iter().any(|rule| {
        rule["Status"] == "Enabled" && rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"].as_u64().is_some()
    });
    assert!(aborts, "{rules:?}");
}

#[test]
fn the_administrators_key_is_made_by_aws_and_can_stand_in_a_header() {
    let secret = properties("AdministratorKey");
    assert!(secret.get("SecretString").is_none(), "a key that stands in a file is known");
    let made = &secret["GenerateSecretString"];
    let stored: Value = serde_json::from_str(made["SecretStringTemplate"].as_str().unwrap()).unwrap();
    assert_eq!(stored, json!({"kind": "administrator"}), "the form that crieur_aws::secrets reads");
    assert_eq!(made["GenerateStringKey"], "key");
    assert!(made["PasswordLength"].as_u64().unwrap() >= 32);
    assert_eq!(made["ExcludePunctuation"], true);
    let excluded = made["ExcludeCharacters"].as_str().unwrap();
    assert!(
        (b'!'..=b'~').map(char::from).all(|letter| letter.is_ascii_alphanumeric() || excluded.contains(letter)),
        "{excluded}"
    );
}

#[test]
fn the_sealing_key_rotates() {
    assert_eq!(properties("SealingKey")["EnableKeyRotation"], true);
}

#[test]
fn a_message_stays_hidden_six_times_as_long_as_the_publisher_may_take() {
    let visibility = properties("PublishQueue")["VisibilityTimeout"].as_u64().unwrap();
    assert!(visibility >= 6 * timeout("publisher"), "{visibility} s");
}

#[test]
fn a_claim_outlives_the_worker_that_holds_it_and_ends_before_its_message_comes_again() {
    let claim = seconds("functions/publisher/src/hold.rs", "CLAIM");
    assert!(claim > timeout("publisher"), "a claim of {claim} s");
    assert!(claim < properties("PublishQueue")["VisibilityTimeout"].as_u64().unwrap(), "a claim of {claim} s");
}

#[test]
fn a_message_that_fails_five_times_goes_where_it_is_seen_and_kept_longer() {
    let queue = properties("PublishQueue");
    let redrive = &queue["RedrivePolicy"];
    assert_eq!(redrive["maxReceiveCount"], 5);
    let letters = target(&redrive["deadLetterTargetArn"]).expect("a queue for dead letters");
    let kept = |name: &str| properties(name)["MessageRetentionPeriod"].as_u64().unwrap();
    assert!(kept(&letters) > kept("PublishQueue"));
    assert!(properties(&letters).get("RedrivePolicy").is_none(), "dead letters go nowhere else");
    let watched = resources("AWS::CloudWatch::Alarm").into_iter().any(|(_, alarm)| {
        let alarm = &alarm["Properties"];
        alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
            && target(&alarm["Dimensions"][0]["Value"]).as_deref() == Some(letters.as_str())
            && alarm["Threshold"] == 0
    });
    assert!(watched, "no alarm looks at {letters}");
}

#[test]
fn queues_are_encrypted() {
    for (name, queue) in resources("AWS::SQS::Queue") {
        assert_eq!(queue["Properties"]["SqsManagedSseEnabled"], true, "{name}");
    }
}

#[test]
fn one_bad_message_does_not_bring_its_batch_back() {
    let queue = &function("publisher").properties["Events"]["Queue"];
    assert_eq!(queue["Type"], "SQS");
    let source = &queue["Properties"];
    assert_eq!(target(&source["Queue"]).as_deref(), Some("PublishQueue"));
    assert_eq!(source["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert!(source["BatchSize"].as_u64().unwrap() <= 10);
    assert!(source.get("MaximumBatchingWindowInSeconds").is_none(), "a window makes every post late");
    assert!(source["ScalingConfig"]["MaximumConcurrency"].as_u64().unwrap() >= 2);
}

#[test]
fn the_scheduler_runs_every_minute_and_is_over_before_the_next() {
    let scheduler = function("scheduler");
    let events = scheduler.properties["Events"].as_object().unwrap();
    assert_eq!(events.len(), 1);
    let event = events.values().next().unwrap();
    assert_eq!(
        (event["Type"].as_str(), event["Properties"]["Schedule"].as_str()),
        (Some("Schedule"), Some("rate(1 minute)"))
    );
    assert!(timeout("scheduler") < 60);
    assert_eq!(
        scheduler.properties["EventInvokeConfig"]["MaximumRetryAttempts"], 0,
        "the next tick does what this one left"
    );
    let erasing = seconds("functions/scheduler/src/erase.rs", "SHARE");
    assert!(erasing < timeout("scheduler"), "erasures take up to {erasing} s of a tick");
}

#[test]
fn the_api_answers_before_the_gateway_gives_up() {
    let gateway = properties("HttpApiIntegration")["TimeoutInMillis"].as_u64().unwrap();
    assert!(gateway <= 30_000, "API Gateway waits no longer");
    assert!(timeout("api") * 1000 < gateway);
}

#[test]
fn the_http_api_is_written_out_so_that_every_stand_in_understands_it() {
    assert!(resources("AWS::Serverless::HttpApi").is_empty() && resources("AWS::Serverless::Api").is_empty());
    assert_eq!(properties("HttpApi")["ProtocolType"], "HTTP");
    assert!(properties("HttpApi").get("Body").is_none());
    let integration = properties("HttpApiIntegration");
    assert_eq!(
        (&integration["IntegrationType"], &integration["PayloadFormatVersion"]),
        (&json!("AWS_PROXY"), &json!("2.0"))
    );
    assert_eq!(target(&integration["IntegrationUri"]).as_deref(), Some("ApiFunction"));
    let route = properties("HttpApiRoute");
    assert_eq!(route["RouteKey"], "$default");
    assert_eq!(route["Target"], json!({"Fn::Sub": "integrations/${HttpApiIntegration}"}));
    let stage = properties("HttpApiStage");
    assert_eq!((&stage["StageName"], &stage["AutoDeploy"]), (&json!("$default"), &json!(true)));
    assert!(stage["DefaultRouteSettings"]["ThrottlingRateLimit"].as_u64().unwrap() > 0);
    for name in ["HttpApiIntegration", "HttpApiRoute", "HttpApiStage"] {
        assert_eq!(target(&properties(name)["ApiId"]).as_deref(), Some("HttpApi"), "{name}");
    }
    for function in functions() {
        let events = function.properties["Events"].as_object().into_iter().flatten();
        for (name, event) in events {
            assert!(!["HttpApi", "Api"].contains(&event["Type"].as_str().unwrap()), "{}: {name}", function.name);
        }
    }
}

#[test]
fn every_folder_of_functions_is_deployed_and_nothing_else_is() {
    let mut folders: Vec<_> = std::fs::read_dir(path("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("Cargo.toml").exists())
        .map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    folders.sort();
    let mut deployed: Vec<_> = functions().into_iter().map(|function| function.name).collect();
    deployed.sort();
    assert_eq!(deployed, folders);
}

#[test]
fn every_function_is_built_by_cargo_lambda_and_logs_where_its_logs_are_kept_for_a_while() {
    let globals = &template()["Globals"]["Function"];
    assert_eq!((&globals["Runtime"], &globals["Handler"]), (&json!("provided.al2023"), &json!("bootstrap")));
    for function in functions() {
        let name = &function.name;
        let metadata = &template()["Resources"][function.logical]["Metadata"];
        assert_eq!(metadata["BuildMethod"], "rust-cargolambda", "{name}");
        assert_eq!(metadata["BuildProperties"]["Binary"], name.as_str());
        let group =
            target(&function.properties["LoggingConfig"]["LogGroup"]).unwrap_or_else(|| panic!("{name} has no log"));
        let kept = &properties(&group)["RetentionInDays"];
        assert_eq!(kept, &json!({"Ref": "LogRetentionDays"}), "{group}");
        let written = properties(&group)["LogGroupName"]["Fn::Sub"].as_str().unwrap();
        assert_eq!(written, format!("/aws/lambda/${{AWS::StackName}}-{name}"), "`make logs` looks there");
    }
    assert!(template()["Parameters"]["LogRetentionDays"]["Default"].as_u64().unwrap() > 0);
}

#[test]
fn the_outputs_say_where_it_answers_and_what_holds_the_first_key() {
    let outputs = template()["Outputs"].as_object().unwrap();
    let named: BTreeSet<_> = outputs.keys().map(String::as_str).collect();
    for wanted in
        ["ApiUrl", "AdministratorKeySecret", "TableName", "MediaBucket", "PublishQueueUrl", "DeadLetterQueueUrl"]
    {
        assert!(named.contains(wanted), "{wanted} is missing: infra/local and the README speak of it");
    }
    assert_eq!(target(&outputs["ApiUrl"]["Value"]).as_deref(), Some("HttpApi"));
    assert_eq!(target(&outputs["AdministratorKeySecret"]["Value"]).as_deref(), Some("AdministratorKey"));
    for (name, output) in outputs {
        assert!(output["Description"].as_str().is_some_and(|text| !text.is_empty()), "{name} says nothing");
        assert!(!output["Value"].to_string().contains("resolve:secretsmanager"), "{name} would print a secret");
    }
}

#[test]
fn a_deployment_without_answers_talks_to_the_real_networks() {
    assert_eq!(template()["Parameters"]["SandboxUrl"]["Default"], "");
    assert_eq!(template()["Conditions"]["UsesRealNetworks"], json!({"Fn::Equals": [{"Ref": "SandboxUrl"}, ""]}));
    for (name, parameter) in template()["Parameters"].as_object().unwrap() {
        assert!(parameter.get("Default").is_some(), "{name} has no default: `sam deploy` would stop and ask");
        assert!(parameter["Description"].as_str().is_some_and(|text| !text.is_empty()), "{name} says nothing");
    }
}

#[test]
fn every_alarm_watches_something_of_this_stack() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    for (name, alarm) in &alarms {
        let alarm = deployed(&alarm["Properties"]);
        assert!(
            alarm["AlarmDescription"].as_str().is_some_and(|text| text.len() > 20),
            "{name} does not say what it means"
        );
        let watched = target(&alarm["Dimensions"][0]["Value"]).unwrap_or_else(|| panic!("{name} watches a fixed name"));
        assert!(template()["Resources"][&watched].is_object(), "{name}");
    }
    let watched: BTreeSet<_> =
        alarms.iter().filter_map(|(_, alarm)| target(&alarm["Properties"]["Dimensions"][0]["Value"])).collect();
    for needed in ["PublishDeadLetters", "PublishQueue", "PublisherFunction", "SchedulerFunction", "HttpApi"] {
        assert!(watched.contains(needed), "nothing watches {needed}");
    }
}

#[test]
fn sam_build_and_sam_deploy_need_no_flags() {
    let presets: Value = toml::from_str(&source("samconfig.toml")).unwrap();
    for preset in ["default", "local"] {
        let preset = &presets[preset];
        assert!(preset["global"]["parameters"]["stack_name"].is_string());
        let deploy = &preset["deploy"]["parameters"];
        assert_eq!(deploy["resolve_s3"], true);
        assert_eq!(deploy["capabilities"], "CAPABILITY_IAM", "the template names no role, so it needs no more");
        assert_eq!(deploy["fail_on_empty_changeset"], false);
    }
    assert_eq!(
        presets["default"]["deploy"]["parameters"]["confirm_changeset"], true,
        "a person looks before AWS changes"
    );
    assert_eq!(presets["local"]["deploy"]["parameters"]["confirm_changeset"], false, "nobody is there to be asked");
    assert_eq!(presets["default"]["validate"]["parameters"]["lint"], true);
    let known = template()["Parameters"].as_object().unwrap();
    for step in ["build", "deploy"] {
        let overrides = presets["default"][step]["parameters"]["parameter_overrides"].as_str().unwrap_or_default();
        for name in overrides.split_whitespace().filter_map(|pair| pair.split('=').next()) {
            assert!(known.contains_key(name), "samconfig.toml sets {name}, which the template does not know");
        }
    }
}

fn timeout(name: &str) -> u64 {
    let function = function(name);
    let timeout = function.properties["Timeout"].as_u64();
    timeout.unwrap_or_else(|| panic!("{} leaves its timeout to Lambda's three seconds", function.logical))
}

/// The value of a constant `const NAME: … = ….from_secs(N);` of a file.
fn seconds(file: &str, name: &str) -> u64 {
    let text = source(file);
    let line = text
        .lines()
        .find(|line| line.contains(&format!("const {name}:")))
        .unwrap_or_else(|| panic!("{file} has no {name}"));
    let number = line.split_once("from_secs(").and_then(|(_, rest)| rest.split_once(')'));
    number.and_then(|(number, _)| number.parse().ok()).unwrap_or_else(|| panic!("{file}: {line} is not in seconds"))
}
