//! Reads template.yaml into JSON, with the short forms of CloudFormation's functions written out: `!Ref X` becomes
//! `{"Ref": "X"}`, `!GetAtt X.Arn` becomes `{"Fn::GetAtt": ["X", "Arn"]}`, every other `!Name` becomes `{"Fn::Name": …}`.

use std::{fs, path::PathBuf, sync::LazyLock};

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| parse(&source("template.yaml")));

/// The template.
pub(crate) fn template() -> &'static Value {
    &TEMPLATE
}

/// A file of the repository, by its path from the root.
pub(crate) fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root").join(file)
}

/// The text of a file of the repository.
pub(crate) fn source(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file} cannot be read: {error}"))
}

/// Parses one document.
pub(crate) fn parse(text: &str) -> Value {
    let documents = Yaml::load_from_str(text).expect("it is YAML");
    assert_eq!(documents.len(), 1, "a template is one document");
    convert(&documents[0])
}

fn convert(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(scalar) => self::scalar(scalar),
        Yaml::Sequence(items) => items.iter().map(convert).collect(),
        Yaml::Mapping(pairs) => Value::Object(pairs.iter().map(|(name, value)| (key(name), convert(value))).collect()),
        Yaml::Tagged(tag, node) => intrinsic(&tag.suffix, convert(node)),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => panic!("not part of a template: {yaml:?}"),
    }
}

fn key(name: &Yaml<'_>) -> String {
    match convert(name) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn scalar(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => json!(value),
        Scalar::Integer(value) => json!(value),
        Scalar::FloatingPoint(value) => json!(value.into_inner()),
        Scalar::String(text) => json!(text),
    }
}

fn intrinsic(name: &str, argument: Value) -> Value {
    let (name, argument) = match (name, argument) {
        ("Ref" | "Condition", argument) => (name.to_owned(), argument),
        ("GetAtt", Value::String(text)) => {
            let (resource, attribute) = text.split_once('.').expect("GetAtt names an attribute");
            ("Fn::GetAtt".to_owned(), json!([resource, attribute]))
        }
        (name, argument) => (format!("Fn::{name}"), argument),
    };
    Value::Object(Map::from_iter([(name, argument)]))
}

/// The resources of a type, by name.
pub(crate) fn resources(kind: &str) -> Vec<(&'static str, &'static Value)> {
    let all = template()["Resources"].as_object().expect("there are resources");
    all.iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(name, resource)| (name.as_str(), resource))
        .collect()
}

/// The properties of a resource.
pub(crate) fn properties(name: &str) -> &'static Value {
    let resource = &template()["Resources"][name];
    assert!(resource.is_object(), "there is no resource {name}");
    &resource["Properties"]
}

/// A function of Crieur as the template has it.
pub(crate) struct Function {
    /// Its folder in `functions/`.
    pub(crate) name: String,
    /// Its logical name.
    pub(crate) logical: &'static str,
    /// Its properties.
    pub(crate) properties: &'static Value,
    /// The logical name of its role.
    pub(crate) role: String,
}

/// All functions.
pub(crate) fn functions() -> Vec<Function> {
    let all = resources("AWS::Serverless::Function").into_iter().map(|(logical, resource)| {
        let properties = &resource["Properties"];
        let code = properties["CodeUri"].as_str().expect("CodeUri is a folder");
        let name = code.strip_prefix("functions/").unwrap_or_else(|| panic!("{logical}: {code} is not in functions/"));
        let role = target(&properties["Role"]).unwrap_or_else(|| panic!("{logical} has no role of its own"));
        Function { name: name.to_owned(), logical, properties, role }
    });
    all.collect()
}

/// The one function of this name.
pub(crate) fn function(name: &str) -> Function {
    functions().into_iter().find(|function| function.name == name).unwrap_or_else(|| panic!("no function {name}"))
}

/// The resource that a `Ref` or a `GetAtt` leads to.
pub(crate) fn target(value: &Value) -> Option<String> {
    let name = value["Ref"].as_str().or_else(|| value["Fn::GetAtt"][0].as_str());
    name.map(str::to_owned)
}

/// A value as it is where Crieur talks to the real networks: conditions decided, `AWS::NoValue` left out.
pub(crate) fn deployed(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            if let Some(branches) = fields.get("Fn::If").and_then(Value::as_array) {
                let holds = match branches[0].as_str().expect("a condition has a name") {
                    "UsesRealNetworks" => true,
                    "HasAlarmTopic" => false,
                    other => panic!("the condition {other} is new: say here what it is on a deployment with defaults"),
                };
                return deployed(&branches[if holds { 1 } else { 2 }]);
            }
            let kept = fields.iter().map(|(name, value)| (name.clone(), deployed(value)));
            Value::Object(kept.filter(|(_, value)| value["Ref"] != "AWS::NoValue").collect())
        }
        Value::Array(items) => items.iter().map(deployed).collect(),
        plain => plain.clone(),
    }
}

#[test]
fn short_and_long_forms_of_a_function_read_the_same() {
    let short = "a: !Ref X\nb: !GetAtt X.Arn\nc: !If [C, !Sub \"${X}/*\", !Ref AWS::NoValue]\nd: 7\n";
    let long =
        "a: {Ref: X}\nb: {Fn::GetAtt: [X, Arn]}\nc: {Fn::If: [C, {Fn::Sub: \"${X}/*\"}, {Ref: AWS::NoValue}]}\nd: 7\n";
    assert_eq!(parse(short), parse(long));
}
