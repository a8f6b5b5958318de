//! Holds a value against a schema and names everything that does not fit. Knows the part of JSON Schema that our own
//! documents use.

use crieur_domain::Problem;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{escape, schema::Schema};

/// The most problems that are named; a body that breaks more is not one that somebody wrote.
const MAX_PROBLEMS: usize = 100;

pub(super) fn check(schema: &Schema, value: &Value) -> Vec<Problem> {
    let mut check = Check { schema, problems: Vec::new() };
    check.value(&schema.root, value, "");
    check.problems
}

struct Check<'a> {
    schema: &'a Schema,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn value(&mut self, schema: &'a Value, value: &Value, at: &str) {
        let schema = self.schema.resolve(schema);
        if self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            return all.iter().for_each(|part| self.value(part, value, at));
        }
        if let Some(branches) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
            return self.branches(branches, value, at);
        }
        if !self.type_fits(schema, value, at) {
            return;
        }
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            let names: Vec<_> = allowed.iter().map(|one| format!("`{}`", plain(one))).collect();
            let remedy = match names.as_slice() {
                [only] => format!("Use {only}."),
                _ => format!("Use one of {}.", names.join(", ")),
            };
            return self.add(at, "body.enum", "This is none of the values that are known here.", remedy);
        }
        match value {
            Value::Object(fields) => self.object(schema, fields, at),
            Value::Array(items) => self.array(schema, items, at),
            Value::String(text) => self.text(schema, text, at),
            Value::Number(number) => self.number(schema, number.as_f64().unwrap_or(0.0), at),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// One of several schemas. Where none fits, the problems of the one that was probably meant are named.
    fn branches(&mut self, branches: &'a [Value], value: &Value, at: &str) {
        let mut best: Option<(usize, Vec<Problem>)> = None;
        for branch in branches {
            let mut alone = Check { schema: self.schema, problems: Vec::new() };
            alone.value(branch, value, at);
            if alone.problems.is_empty() {
                return;
            }
            // A tag or a type that does not fit says that another branch was meant.
            let misses = alone.problems.iter().filter(|problem| problem.pointer == at && problem.rule == "body.type");
            let tags = self.tags_missed(branch, value);
            let distance = 1000 * (misses.count() + tags) + alone.problems.len();
            if best.as_ref().is_none_or(|(least, _)| distance < *least) {
                best = Some((distance, alone.problems));
            }
        }
        self.problems.extend(best.into_iter().flat_map(|(_, problems)| problems));
    }

    fn tags_missed(&self, branch: &'a Value, value: &Value) -> usize {
        let branch = self.schema.resolve(branch);
        let Some(properties) = branch.get("properties").and_then(Value::as_object) else { return 0 };
        let is_other = |(name, schema): &(&String, &'a Value)| {
            let only = self.schema.resolve(schema).get("enum").and_then(Value::as_array);
            only.filter(|only| only.len() == 1).is_some_and(|only| value.get(*name) != only.first())
        };
        properties.iter().filter(is_other).count()
    }

    fn type_fits(&mut self, schema: &Value, value: &Value, at: &str) -> bool {
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => return true,
        };
        let is = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if types.contains(&is) || (is == "integer" && types.contains(&"number")) {
            return true;
        }
        let wanted: Vec<_> =
            types.iter().filter(|name| **name != "null" || types.len() == 1).map(|name| article(name)).collect();
        let wanted = wanted.join(" or ");
        self.add(
            at,
            "body.type",
            &format!("This has to be {wanted} and is {}.", article(is)),
            format!("Send {wanted}."),
        );
        false
    }

    fn object(&mut self, schema: &'a Value, fields: &Map<String, Value>, at: &str) {
        let known = schema.get("properties").and_then(Value::as_object);
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                let at = format!("{at}/{}", escape(name));
                self.add(&at, "body.required", &format!("`{name}` is missing."), format!("Add `{name}`."));
            }
        }
        for (name, value) in fields {
            let at = format!("{at}/{}", escape(name));
            match (known.and_then(|known| known.get(name)), schema.get("additionalProperties")) {
                (Some(schema), _) => self.value(schema, value, &at),
                (None, Some(Value::Bool(false))) => self.unknown(name, known, &at),
                (None, Some(rest @ Value::Object(_))) => self.value(rest, value, &at),
                (None, _) => {}
            }
        }
        let least = schema.get("minProperties").and_then(Value::as_u64);
        if let Some(least) = least.filter(|least| (fields.len() as u64) < *least) {
            self.bound(at, "body.min_properties", least, fields.len() as u64, "field at least", "Add a field.");
        }
    }

    fn unknown(&mut self, name: &str, known: Option<&Map<String, Value>>, at: &str) {
        let names: Vec<&str> = known.into_iter().flat_map(|known| known.keys().map(String::as_str)).collect();
        let shown: String = name.chars().take(64).collect();
        let meant = names.iter().find(|candidate| is_near(candidate, name));
        let remedy = match (meant, names.is_empty()) {
            (Some(meant), _) => format!("Did you mean `{meant}`?"),
            (None, true) => "Leave it out: nothing may stand here.".to_owned(),
            (None, false) => format!("Leave it out, or use one of `{}`.", names.join("`, `")),
        };
        self.add(at, "body.unknown_field", &format!("There is no field `{shown}` here."), remedy);
    }

    fn array(&mut self, schema: &'a Value, items: &[Value], at: &str) {
        let count = items.len() as u64;
        if let Some(least) = limit(schema, "minItems").filter(|least| count < *least) {
            self.bound(at, "body.min_items", least, count, "items at least", "Add what is missing.");
        }
        if let Some(most) = limit(schema, "maxItems").filter(|most| count > *most) {
            self.bound(at, "body.max_items", most, count, "items at most", "Send fewer.");
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            for (index, _) in items.iter().enumerate().filter(|(index, item)| items[..*index].contains(item)) {
                let at = format!("{at}/{index}");
                self.add(&at, "body.unique_items", "This stands in the list already.", "Send it once.".to_owned());
            }
        }
        if let Some(schema) = schema.get("items") {
            for (index, item) in items.iter().enumerate() {
                self.value(schema, item, &format!("{at}/{index}"));
            }
        }
    }

    fn text(&mut self, schema: &Value, text: &str, at: &str) {
        let count = text.chars().count() as u64;
        if let Some(least) = limit(schema, "minLength").filter(|least| count < *least) {
            let problem = if count == 0 {
                Problem::new(at, "body.min_length", "This is empty.", "Write something.").over(least, count)
            } else {
                return self.bound(at, "body.min_length", least, count, "characters at least", "Lengthen it.");
            };
            return self.problems.push(problem);
        }
        if let Some(most) = limit(schema, "maxLength").filter(|most| count > *most) {
            return self.bound(at, "body.max_length", most, count, "characters at most", "Shorten it.");
        }
        match schema.get("format").and_then(Value::as_str) {
            Some("date-time") if text.parse::<Timestamp>().is_err() => {
                let remedy = "Write it as RFC 3339 with an offset, such as `2026-12-01T09:00:00+01:00`.";
                return self.add(at, "body.date_time", "This is no time with an offset.", remedy.to_owned());
            }
            _ => {}
        }
        let prefix = schema.get("pattern").and_then(Value::as_str).and_then(id_prefix);
        if let Some(prefix) = prefix.filter(|prefix| !is_id(prefix, text)) {
            let remedy = format!("Send an id that the API gave you: `{prefix}_` and 26 characters.");
            self.add(at, "body.id", &format!("This is no id of the kind `{prefix}_…`."), remedy);
        }
    }

    fn number(&mut self, schema: &Value, number: f64, at: &str) {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        if let Some(least) = bound("minimum").filter(|least| number < *least) {
            self.add(
                at,
                "body.minimum",
                &format!("This has to be at least {least}."),
                format!("Send {least} or more."),
            );
        }
        if let Some(most) = bound("maximum").filter(|most| number > *most) {
            self.add(at, "body.maximum", &format!("This has to be at most {most}."), format!("Send {most} or less."));
        }
    }

    fn bound(&mut self, at: &str, rule: &str, limit: u64, actual: u64, what: &str, remedy: &str) {
        let message = format!("This takes {limit} {what} and has {actual}.");
        self.problems.push(Problem::new(at, rule, message, remedy).over(limit, actual));
    }

    fn add(&mut self, at: &str, rule: &str, message: &str, remedy: String) {
        self.problems.push(Problem::new(at, rule, message, remedy));
    }
}

fn limit(schema: &Value, name: &str) -> Option<u64> {
    schema.get(name).and_then(Value::as_u64)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn article(name: &str) -> String {
    match name {
        "null" => "null".to_owned(),
        "integer" => "a whole number".to_owned(),
        "array" | "object" => format!("an {name}"),
        "string" => "a text".to_owned(),
        other => format!("a {other}"),
    }
}

/// The kind of id that a pattern of ours describes.
fn id_prefix(pattern: &str) -> Option<&str> {
    pattern.strip_prefix('^')?.split_once("_[").map(|(prefix, _)| prefix)
}

/// Whether a text is an id as its parser reads it.
fn is_id(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|rest| ulid::Ulid::from_string(rest).is_ok_and(|ulid| ulid.to_string() == rest))
}

/// Whether one name is probably a misspelling of the other: the same but for case and signs, or two letters away.
fn is_near(known: &str, given: &str) -> bool {
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let (known, given) = (bare(known), bare(&given.chars().take(64).collect::<String>()));
    let given: Vec<char> = given.chars().collect();
    let mut row: Vec<usize> = (0..=given.len()).collect();
    for (i, letter) in known.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, other) in given.iter().enumerate() {
            let replaced = corner + usize::from(letter != *other);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    let distance = row.last().copied().unwrap_or(usize::MAX);
    distance <= 2 && distance < known.chars().count().max(given.len()).saturating_sub(1)
}
