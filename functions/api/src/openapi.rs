//! The OpenAPI document: what the handlers say of themselves, and what is true of all of them.

use serde_json::{Map, Value, json};
use utoipa::openapi::{
    ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder,
    tag::{Tag, TagBuilder},
};

use crate::{
    problem::{Code, Document},
    query::MAX_LIMIT,
};

const TAGS: &[(&str, &str)] = &[
    ("Posts", "What is said, to whom, and when."),
    ("Deliveries", "One post on one account: how far it is, and every attempt."),
    ("Media", "Files: promised, uploaded straight to storage, and only then used."),
    ("Accounts", "Connected accounts of the networks."),
    ("Connect", "Connecting an account: by a login page of the network, or by what the person types in."),
    ("Platforms", "The networks: their limits, rules, options and logins, and the team's own apps at them."),
    ("Keys", "What opens the API, for whom, and how far."),
    ("Workspaces", "A workspace is a brand, a client or an environment. Keys see their own workspace alone."),
    ("Jobs", "Accepted work that outlives its request."),
    ("About", "The API itself."),
];

/// What stands at the head of the document. The routes are added by their routers.
#[must_use]
pub fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Crieur")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(description()))
        .contact(Some(ContactBuilder::new().name(Some("Crieur")).url(Some("https://crieur.dev")).build()))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build()));
    let tags: Vec<Tag> =
        TAGS.iter().map(|(name, words)| TagBuilder::new().name(*name).description(Some(*words)).build()).collect();
    OpenApiBuilder::new().info(info.build()).tags(Some(tags)).build()
}

fn description() -> String {
    format!(
        "One API that publishes to the social networks, in your own AWS account.\n\n\
         **Keys.** Send `Authorization: Bearer <key>`. A key sees its own workspace: an id of another one is 404. The \
         administrator's key of the deployment names the workspace by the header `Crieur-Workspace`. A key that was \
         deleted or rotated may still be taken for up to 60 seconds.\n\n\
         **Lists** answer `{{\"data\": […], \"next_cursor\": …}}`. `?limit=` is 1 to {MAX_LIMIT}, 25 where it is left \
         out; pass `next_cursor` as `?cursor=`, with the same filters, until it is null.\n\n\
         **Creations** take `Idempotency-Key`. The same key with the same body gets the first answer again for 24 \
         hours, with `Idempotency-Replayed: true`; what is shown once is null then.\n\n\
         **Times** are RFC 3339 with an offset.\n\n\
         **Problems** are RFC 9457 `application/problem+json`, and name everything that is wrong at once. Decide by \
         `code`: the schema `Problem`, at the end of this page, explains every one.\n"
    )
}

/// Every code with its status and its meaning.
fn codes() -> String {
    let rows = Code::ALL.iter().map(|code| format!("| `{}` | {} | {} |\n", code.name(), code.status(), code.meaning()));
    format!(
        "The kind of problem, for programs.\n\n| code | status | meaning |\n|---|---|---|\n{}",
        rows.collect::<String>()
    )
}

/// Turns the routers' description into the document that is served.
///
/// # Panics
/// Never: a description is plain data with text keys.
#[must_use]
pub fn finish(description: &OpenApi) -> Value {
    let mut document = serde_json::to_value(description).expect("a description is plain data");
    close_variants(&mut document);
    // Relative, so that the document is right behind any stage or prefix.
    document["servers"] = json!([{"url": ".", "description": "Where this document came from"}]);
    let components = &mut document["components"];
    let mut problem = Vec::new();
    <Document<'_> as utoipa::ToSchema>::schemas(&mut problem);
    for (name, schema) in problem {
        components["schemas"][name] = serde_json::to_value(schema).expect("a schema is plain data");
    }
    components["schemas"]["Problem"] =
        serde_json::to_value(<Document<'_> as utoipa::PartialSchema>::schema()).expect("a schema is plain data");
    let code = &mut components["schemas"]["Problem"]["properties"]["code"];
    code["description"] = json!(codes());
    code["enum"] = Code::ALL.iter().map(|code| code.name()).collect();
    components["securitySchemes"] = json!({
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of a workspace, or the administrator's key of the deployment.",
        },
        "workspace": {
            "type": "apiKey",
            "in": "header",
            "name": "Crieur-Workspace",
            "description": "The workspace to act in, beside the administrator's key: `ws_` and 26 characters. A \
                            workspace's own key needs it not, and is refused where it names another one.",
        },
    });
    components["headers"] = headers();
    components["parameters"] = parameters();
    components["responses"] = responses();
    sort(&mut components["schemas"]);
    let whole = document.clone();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut().filter(|_| method != "parameters") {
                complete(&whole, path, method, operation);
            }
        }
    }
    document
}

/// What every answer of an operation has, and every way in which it can be refused.
fn complete(document: &Value, path: &str, method: &str, operation: &mut Map<String, Value>) {
    let guarded = path.starts_with("/v1");
    let has_body = operation.contains_key("requestBody");
    let creates = creates(method, operation);
    if let Some(body) = operation.get_mut("requestBody") {
        let schema = &body["content"]["application/json"]["schema"];
        let schema =
            schema["$ref"].as_str().and_then(|path| document.pointer(path.trim_start_matches('#'))).unwrap_or(schema);
        // No body at all counts as an object without fields.
        let required = schema["required"].as_array().is_some_and(|names| !names.is_empty());
        body["required"] = Value::Bool(required);
    }
    let mut parameters: Vec<Value> = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(security) = operation.get_mut("security").and_then(Value::as_array_mut)
        && let Some(alone) = security.first().filter(|alone| alone["key"] != json!(["administrator"])).cloned()
    {
        security.push(json!({"key": alone["key"], "workspace": []}));
    }
    if creates {
        parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
    }
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), Value::Array(parameters.clone()));
    }
    let in_query = parameters.iter().any(|parameter| parameter["in"] == "query");
    let in_path = path.contains('{');
    let refusals = [
        (400, guarded || has_body || in_query),
        (401, guarded),
        (403, guarded),
        (404, guarded || in_path),
        (409, creates),
        (413, has_body),
        (415, has_body),
        (422, has_body),
        (429, true),
        (500, true),
        (503, guarded),
    ];
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    for (status, _) in refusals.iter().filter(|(_, applies)| *applies) {
        if let Some(responses) = responses.as_object_mut() {
            responses
                .entry(status.to_string())
                .or_insert_with(|| json!({"$ref": format!("#/components/responses/{status}")}));
        }
    }
    for (status, response) in responses.as_object_mut().into_iter().flatten() {
        if response.get("$ref").is_some() {
            continue;
        }
        for name in ["X-Request-Id", "RateLimit", "RateLimit-Policy"] {
            response["headers"][name] = json!({"$ref": format!("#/components/headers/{name}")});
        }
        if creates && status.starts_with('2') {
            response["headers"]["Idempotency-Replayed"] = json!({"$ref": "#/components/headers/Idempotency-Replayed"});
        }
        // Handlers that describe a refusal of their own give its words; its form is that of all.
        if status.as_str() >= "400" && response.get("content").is_none() {
            response["content"] = problem_content();
        }
    }
    sort(responses);
}

/// A POST that answers 201 or 202 creates something, and can be repeated by its key. Connecting is the exception: the
/// same account of a network stays the same account, however often it is connected.
fn creates(method: &str, operation: &Map<String, Value>) -> bool {
    let answers = |status: &str| operation.get("responses").is_some_and(|responses| responses.get(status).is_some());
    method == "post"
        && (answers("201") || answers("202"))
        && operation.get("operationId").and_then(Value::as_str) != Some("connectAccount")
}

fn problem_content() -> Value {
    json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}})
}

fn responses() -> Value {
    let mut all = Map::new();
    for code in Code::ALL {
        let entry = all.entry(code.status().to_string()).or_insert_with(|| {
            let headers: Map<_, _> = ["X-Request-Id", "RateLimit", "RateLimit-Policy"]
                .iter()
                .map(|name| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")})))
                .collect();
            json!({"description": "", "headers": headers, "content": problem_content()})
        });
        let words = entry["description"].as_str().unwrap_or_default();
        entry["description"] = json!(format!("{words}- `{}`: {}\n", code.name(), code.meaning()));
        if code.retryable() {
            entry["headers"]["Retry-After"] = json!({"$ref": "#/components/headers/Retry-After"});
        }
        if code.status() == 401 {
            entry["headers"]["WWW-Authenticate"] = json!({"schema": {"type": "string"}});
        }
    }
    Value::Object(all)
}

fn headers() -> Value {
    let header = |description: &str, example: Value| {
        let kind = if example.is_number() { "integer" } else { "string" };
        json!({"description": description, "schema": {"type": kind}, "example": example})
    };
    json!({
        "X-Request-Id": header("The id of the request, which is also in the log.", json!("01KAM3B5Y0QJ8Z4T6W9XV2C7DE")),
        "RateLimit": header("`r`: requests left; `t`: seconds until all are back.", json!("\"default\";r=5999;t=1")),
        "RateLimit-Policy": header("`q`: requests in `w` seconds.", json!("\"default\";q=6000;w=60")),
        "Retry-After": header("Seconds to wait.", json!(1)),
        "Idempotency-Replayed": header("`true` where this is the first answer again.", json!("true")),
    })
}

fn parameters() -> Value {
    json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "required": false,
            "description": "Makes a repetition safe: the same key with the same body gets the first answer again.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        },
    })
}

/// Puts the names of an object into order, so that the document does not depend on the order of the code.
fn sort(value: &mut Value) {
    if let Some(object) = value.as_object_mut() {
        object.sort_keys();
    }
}

/// Closes the variants of enums that are told apart by a tag. Our types refuse fields that they do not know; the derive
/// says so of structs and forgets it of variants.
pub(crate) fn close_variants(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for branch in fields.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten() {
                let tagged = branch["properties"].as_object().is_some_and(|properties| {
                    properties.values().any(|property| property["enum"].as_array().is_some_and(|one| one.len() == 1))
                });
                if tagged && branch.get("additionalProperties").is_none() {
                    branch["additionalProperties"] = Value::Bool(false);
                }
            }
            fields.values_mut().for_each(close_variants);
        }
        Value::Array(items) => items.iter_mut().for_each(close_variants),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
