//! The names of environment variables: what the code reads and what the template gives are the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::document::{Function, functions, path, source, template};

/// Read where they are set, and never set by a deployment: reason.
const NOT_DEPLOYED: &[(&str, &str)] =
    &[("CRIEUR_COUNT_CAPACITY", "asks DynamoDB what each call consumed; only the benchmark wants to know")];

#[test]
fn every_function_is_given_exactly_the_variables_that_its_code_reads() {
    let methods = methods_of_the_environment();
    for function in functions() {
        let read = read_by(&function, &methods);
        let given = given_to(&function);
        assert!(
            !read.is_empty(),
            "{}: no variable was found in its code; has the way of reading changed?",
            function.name
        );
        assert_eq!(given, read, "{}: template.yaml gives (left) what the code reads (right)", function.name);
    }
}

#[test]
fn no_variable_of_a_function_holds_a_secret() {
    for function in functions() {
        for (name, value) in variables(&function) {
            let written = value.to_string();
            assert!(!written.contains("resolve:secretsmanager"), "{}: {name} holds a secret's value", function.name);
            assert!(!written.contains("SecretString"), "{}: {name} holds a secret's value", function.name);
        }
    }
}

fn variables(function: &Function) -> BTreeMap<String, serde_json::Value> {
    let shared = &template()["Globals"]["Function"]["Environment"]["Variables"];
    let own = &function.properties["Environment"]["Variables"];
    let all = [shared, own].into_iter().flat_map(|variables| variables.as_object().into_iter().flatten());
    all.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn given_to(function: &Function) -> BTreeSet<String> {
    variables(function).into_keys().collect()
}

/// What each method of `crieur_aws::Environment` and the start of the log read, by the words that call them.
fn methods_of_the_environment() -> BTreeMap<String, BTreeSet<String>> {
    let mut calls = BTreeMap::new();
    let mut current = None;
    for line in production_code(&source("shared/aws/src/config.rs")).lines() {
        if let Some(rest) = line.trim().strip_prefix("pub fn ") {
            current = rest.split('(').next().map(|name| format!(".{name}()"));
        }
        if let Some(call) = &current {
            calls.entry(call.clone()).or_insert_with(BTreeSet::new).extend(names_in(line));
        }
    }
    calls.retain(|_, names| !names.is_empty());
    assert_eq!(calls[".table()"], BTreeSet::from(["CRIEUR_TABLE".to_owned()]), "the way of reading has changed");
    // Both read what `settings` reads.
    let settings = calls[".settings()"].clone();
    calls.insert("Settings::from_vars(".to_owned(), settings);
    let log = names_in(&production_code(&source("shared/aws/src/telemetry.rs")));
    calls.insert("telemetry::start(".to_owned(), log);
    calls
}

fn read_by(function: &Function, methods: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let code = code_of(&path(&format!("functions/{}/src", function.name)));
    let mut names = names_in(&code);
    for (call, read) in methods {
        if code.contains(call.as_str()) {
            names.extend(read.iter().cloned());
        }
    }
    names.retain(|name| NOT_DEPLOYED.iter().all(|(other, _)| name != other));
    names
}

/// All Rust of a folder, without comments and tests.
pub(crate) fn code_of(folder: &Path) -> String {
    let mut text = String::new();
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        let is_test =
            entry.file_stem().is_some_and(|stem| stem == "tests" || stem.to_string_lossy().ends_with("_tests"));
        if entry.is_dir() {
            text.push_str(&code_of(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") && !is_test {
            text.push_str(&production_code(&fs::read_to_string(&entry).unwrap()));
        }
    }
    text
}

fn production_code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect()
}

/// Whole string literals that are names of ours.
fn names_in(code: &str) -> BTreeSet<String> {
    let literals = code.split("\"CRIEUR_").skip(1).filter_map(|rest| rest.split_once('"'));
    let is_name = |rest: &str| rest.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
    literals.filter(|(rest, _)| is_name(rest)).map(|(rest, _)| format!("CRIEUR_{rest}")).collect()
}

#[test]
fn names_are_found_in_code_and_neither_in_comments_nor_in_tests() {
    let code = "// \"CRIEUR_A\"\nfn f() { read(\"CRIEUR_B\"); say(\"CRIEUR_C is missing\") }\n#[cfg(test)]\nmod tests { \"CRIEUR_D\" }";
    assert_eq!(names_in(&production_code(code)), BTreeSet::from(["CRIEUR_B".to_owned()]));
}
