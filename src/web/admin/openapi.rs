//! `/api/v1/openapi.json`: the description of the admin API (OpenAPI 3.1), written from the route table.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::BASE;
use super::operation::{Gives, Operation, Parameter, Takes};
use crate::flows::Failure;
use crate::protocol::admin::Problem;
use crate::protocol::admin::listing::{MOST, USUAL};
use crate::web::answer::builder;
use crate::web::request::Incoming;
use crate::web::shell::Shell;
use crate::web::{Route, TABLE};

pub const LIMIT: Parameter = Parameter { name: "limit", says: "Items on the page", schema: limit };
pub const CURSOR: Parameter = Parameter {
    name: "cursor",
    says: "The `next` of an earlier page",
    schema: SchemaGenerator::subschema_for::<String>,
};
pub const PAGING: [Parameter; 2] = [LIMIT, CURSOR];

fn limit(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL })
}

pub async fn show(shell: &Shell, _: &Incoming) -> Result<HttpResponse, Failure> {
    let mut document = DOCUMENT.clone();
    document["servers"] = json!([{ "url": shell.site.issuer }]);
    Ok(builder(StatusCode::OK).json(document))
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| document(&TABLE));

/// The document, without the servers.
fn document(table: &[Route]) -> Value {
    let mut pen = Pen::new();
    let mut paths = Map::new();
    for route in table {
        let Some(operation) = route.operation else { continue };
        let path = paths.entry(route.path).or_insert_with(|| json!({ "parameters": path_parameters(route.path) }));
        path[route.method.as_str().to_lowercase()] = pen.operation(route, operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Doorward admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Clients, people, sessions, who is told of their ends, and signing keys. Every call needs an access token whose audience is \
                this API, with the scope `admin`, or `admin.read` for calls that only look; a person's token counts while \
                they have the role `admin`.",
        },
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
            "schemas": pen.schemas(),
        },
    })
}

/// Writes operations, and keeps the schemas they name. Bodies are described as they are read, answers as they are written.
struct Pen {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Pen {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().into_generator(),
        }
    }

    fn schemas(&mut self) -> Map<String, Value> {
        let mut schemas = self.read.take_definitions(true);
        schemas.extend(self.written.take_definitions(true));
        schemas
    }

    fn operation(&mut self, route: &Route, operation: &Operation) -> Value {
        let tag = route.path.trim_start_matches(BASE).split('/').next().unwrap_or_default();
        let mut parameters: Vec<Value> = operation.query.iter().map(|parameter| self.parameter(parameter)).collect();
        if operation.refuses.contains(&412) {
            parameters.push(json!({ "name": "If-Match", "in": "header", "schema": { "type": "string" },
                "description": "The entity tag that the change is meant for" }));
        }
        let mut described = json!({
            "operationId": operation.id,
            "summary": operation.summary,
            "tags": [tag],
            "parameters": parameters,
            "responses": self.responses(route, operation),
        });
        if let Some(shape) = operation.takes.shape() {
            let schema = (shape.schema)(&mut self.read);
            let types = operation.takes.content_types().iter();
            let content: Map<_, _> = types.map(|name| ((*name).to_owned(), json!({ "schema": schema }))).collect();
            let required = !matches!(operation.takes, Takes::Perhaps(_));
            described["requestBody"] = json!({ "required": required, "content": content });
        }
        described
    }

    fn parameter(&mut self, parameter: &Parameter) -> Value {
        let schema = (parameter.schema)(&mut self.read);
        json!({ "name": parameter.name, "in": "query", "description": parameter.says, "schema": schema })
    }

    fn responses(&mut self, route: &Route, operation: &Operation) -> Map<String, Value> {
        let gives = operation.gives;
        let mut answer = json!({ "description": word(gives.status()) });
        if let Some(shape) = gives.shape() {
            answer["content"] = json!({ "application/json": { "schema": (shape.schema)(&mut self.written) } });
        }
        let tag = json!({ "description": "The version, for If-Match", "schema": { "type": "string" } });
        let place = json!({ "description": "Where it is", "schema": { "type": "string" } });
        match gives {
            Gives::Tagged(_) => answer["headers"] = json!({ "ETag": tag }),
            Gives::Created(_) => answer["headers"] = json!({ "ETag": tag, "Location": place }),
            _ => {}
        }
        let problem = self.written.subschema_for::<Problem>();
        let refusals = statuses(route, operation).into_iter().map(|status| {
            let content = json!({ "application/problem+json": { "schema": problem } });
            (status.to_string(), json!({ "description": word(status), "content": content }))
        });
        std::iter::once((gives.status().to_string(), answer)).chain(refusals).collect()
    }
}

/// Every status a call may be refused with.
fn statuses(route: &Route, operation: &Operation) -> BTreeSet<u16> {
    let mut statuses = BTreeSet::from([400, 401, 403]);
    statuses.extend(operation.refuses);
    if !matches!(operation.takes, Takes::Nothing) {
        statuses.extend([413, 415]);
    }
    // Whoever leaves the last part of the address empty asks for an address that does not exist.
    if route.path.contains('{') {
        statuses.insert(404);
    }
    statuses
}

fn word(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let schema = |name: &str| match name {
        "client_id" | "provider" => json!({ "type": "string" }),
        _ => json!({ "type": "string", "format": "uuid" }),
    };
    names.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": schema(name) })).collect()
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;

    use super::*;
    use crate::web::{Callers, Dress};

    #[test]
    fn every_route_of_the_api_is_described_and_guarded() {
        for route in TABLE.iter().filter(|route| route.path.starts_with(BASE)) {
            assert_eq!(route.dress, Dress::Problem, "{}", route.path);
            let public = route.path == "/api/v1/openapi.json";
            assert_eq!(route.callers == Callers::Admin, !public, "{}", route.path);
            assert_eq!(route.operation.is_some(), !public, "{}", route.path);
        }
        assert!(TABLE.iter().all(|route| route.operation.is_none() || route.path.starts_with(BASE)));
    }

    #[test]
    fn calls_that_look_take_nothing_and_ids_are_unique() {
        let mut ids = BTreeSet::new();
        for route in TABLE.iter() {
            let Some(operation) = route.operation else { continue };
            assert!(ids.insert(operation.id), "{} twice", operation.id);
            assert!(route.method != Method::GET || operation.takes.shape().is_none(), "{}", operation.id);
        }
        assert_eq!(ids.len(), 44);
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let document = document(&TABLE);
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut names = BTreeSet::new();
        references(&document, &mut names);
        assert!(names.contains("User") && names.contains("NewClient"), "{names:?}");
        for name in names {
            assert!(schemas.contains_key(&name), "{name}");
        }
    }

    fn references(value: &Value, names: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(name)) = members.get("$ref") {
                    names.insert(name.strip_prefix("#/components/schemas/").unwrap().to_owned());
                }
                members.values().for_each(|value| references(value, names));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, names)),
            _ => {}
        }
    }

    #[test]
    fn bodies_are_closed_and_patches_demand_nothing() {
        let document = document(&TABLE);
        let schemas = &document["components"]["schemas"];
        for name in [
            "NewClient",
            "ClientPatch",
            "NewUser",
            "UserPatch",
            "NewPassword",
            "EndRequest",
            "EndAllRequest",
            "NewRegistrationToken",
            "NewProvider",
            "ProviderPatch",
            "RevocationRequest",
            "SessionFilter",
        ] {
            assert_eq!(schemas[name]["additionalProperties"], false, "{name}: {}", schemas[name]);
        }
        assert_eq!(schemas["NewUser"]["required"], json!(["username"]));
        assert_eq!(schemas["UserPatch"]["required"], Value::Null);
        assert_eq!(schemas["NewUser"]["properties"]["email_verified"]["type"], "boolean");
        assert_eq!(
            schemas["Session"]["properties"]["end_reason"]["anyOf"][0]["$ref"],
            "#/components/schemas/EndReason"
        );
    }
}
