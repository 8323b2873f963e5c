//! The admin API as an OpenAPI document, made from the routes and the types of this package.

use flowhost_protocol::flow::{Capabilities, FlowSettings};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::*;

/// The document, OpenAPI 3.1. Each route is an operation, named after the variant of [`Route`].
pub fn openapi_document() -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for &route in Route::ALL {
        let path = paths.entry(route.path()).or_insert_with(|| json!({}));
        path[route.method().as_str().to_ascii_lowercase()] =
            operation(route, &mut schemas).into_json(route);
    }
    let problem = schemas.answers.subschema_for::<Problem>();
    let problem = json!({ "description": "What is wrong, and what to do", "content": { "application/problem+json": { "schema": problem } } });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Flowhost: the admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A right in an operation's description is what the token's role must include: Read, Deploy, Manage \
                (a partner's tokens), Operate (operators). What a token may not see is 404.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas.answers.take_definitions(true),
            "responses": { "Problem": problem },
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

/// What goes in and comes out at a route.
fn operation(route: Route, make: &mut Schemas) -> Operation {
    let does = Operation::new;
    match route {
        Route::ShowOpenApi => {
            does("Show this document").answers(200, JSON, json!({ "type": "object" }))
        }
        Route::CreatePartner => does("Create a partner")
            .takes(make.body::<CreatePartner>())
            .shows::<PartnerView>(201, make),
        Route::ListPartners => does("List the partners").shows::<PartnerList>(200, make),
        Route::ShowPartner => does("Show a partner").shows::<PartnerView>(200, make),
        Route::UpdatePartner => does("Change a partner")
            .takes(make.body::<PatchPartner>())
            .shows::<PartnerView>(200, make),
        Route::DeletePartner => does("Delete a partner that has no tenants").answers_nothing(),
        Route::CreateApiToken => does("Create a token")
            .takes(make.body::<CreateApiToken>())
            .shows::<NewApiToken>(201, make),
        Route::ListApiTokens => {
            does("List the tokens that the caller manages").shows::<ApiTokenList>(200, make)
        }
        Route::DeleteApiToken => does("Revoke a token and those created with it").answers_nothing(),
        Route::ListAudit => {
            does("List the audit log").asks(make.body::<AuditQuery>()).shows::<AuditPage>(200, make)
        }
        Route::CreateTenant => does("Create a tenant")
            .takes(make.body::<CreateTenant>())
            .shows::<TenantView>(201, make),
        Route::ListTenants => {
            does("List the tenants that the caller sees").shows::<TenantList>(200, make)
        }
        Route::ShowTenant => does("Show a tenant").shows::<TenantView>(200, make),
        Route::ShowHealth => {
            does("Show how the flows of a tenant do").shows::<FlowHealthList>(200, make)
        }
        Route::UpdateTenant => {
            does("Change a tenant").takes(make.body::<PatchTenant>()).shows::<TenantView>(200, make)
        }
        Route::DeleteTenant => does("Delete a tenant with all that it owns").answers_nothing(),
        Route::CreateKey => does("Generate or import a key pair")
            .takes(make.body::<AddKey>())
            .shows::<KeyView>(201, make),
        Route::ListKeys => does("List the key pairs of a tenant").shows::<KeyList>(200, make),
        Route::DeleteKey => does("Delete a key pair").answers_nothing(),
        Route::UploadKey => does("Upload the active key to Meta")
            .takes(make.body::<UploadKey>())
            .shows::<UploadList>(200, make),
        Route::PutGraphAccess => does("Set the access to the Graph API")
            .takes(make.body::<SetGraphAccess>())
            .answers_nothing(),
        Route::ShowGraphAccess => {
            does("Show the access to the Graph API").shows::<GraphAccessView>(200, make)
        }
        Route::DeleteGraphAccess => does("Delete the access to the Graph API").answers_nothing(),
        Route::PutAppSecret => {
            does("Set the app secret").takes(make.body::<NewAppSecret>()).answers_nothing()
        }
        Route::ListFlows => does("List the flows of a tenant").shows::<FlowList>(200, make),
        Route::PutFlow => {
            let flow = does("Create a flow, or replace all its settings").takes(make.flow(false));
            flow.shows::<FlowView>(200, make).shows::<FlowView>(201, make)
        }
        Route::UpdateFlow => {
            does("Change settings of a flow").takes(make.flow(true)).shows::<FlowView>(200, make)
        }
        Route::ShowFlow => does("Show a flow").shows::<FlowView>(200, make),
        Route::DeleteFlow => does("Delete a flow with its versions and sessions").answers_nothing(),
        Route::PutConfigValue => {
            does("Set a setting or a secret").takes(make.body::<SetConfigValue>()).answers_nothing()
        }
        Route::ListConfigValues => {
            does("List settings and secrets").shows::<ConfigValueList>(200, make)
        }
        Route::DeleteConfigValue => does("Delete a setting or a secret").answers_nothing(),
        Route::PutFlowJson => {
            takes_flow_json("Set the Flow JSON that replies are checked against", make)
        }
        Route::PutVersionFlowJson => {
            takes_flow_json("Set the Flow JSON that becomes the flow's with this version", make)
        }
        Route::ShowFlowJson => does("Show the Flow JSON as it was uploaded").answers(
            200,
            JSON,
            json!({ "type": "object" }),
        ),
        Route::DeleteFlowJson => does("Delete the Flow JSON").answers_nothing(),
        Route::UploadVersion => does("Upload a component")
            .asks(make.body::<UploadQuery>())
            .takes_file("application/wasm")
            .shows::<UploadedVersion>(200, make)
            .shows::<UploadedVersion>(201, make),
        Route::DeleteVersion => does("Delete a version that is not active").answers_nothing(),
        Route::ListVersions => does("List the versions of a flow").shows::<VersionList>(200, make),
        Route::ActivateVersion => {
            does("Activate a version").takes(make.body::<Activate>()).shows::<Activated>(200, make)
        }
        Route::RollBack => does("Activate the version before").shows::<Activated>(200, make),
        Route::RehearseVersion => does("Try a version with an INIT")
            .takes(make.body::<Rehearse>())
            .shows::<Rehearsed>(200, make),
        Route::ListStoreKeys => does("List keys of what the plugin keeps")
            .takes(make.body::<StoreKeysQuery>())
            .shows::<StoreKeyList>(200, make),
        Route::ShowStoreValue => does("Show a value that the plugin keeps")
            .takes(make.body::<StoreValueQuery>())
            .shows::<StoreValueView>(200, make),
        Route::MintToken => does("Mint a flow token")
            .takes(make.body::<MintToken>())
            .shows::<MintedTokenView>(201, make),
        Route::ListLogLines => {
            let line = make.answer::<LogLineView>();
            let lines =
                does("List or follow what a flow's plugin logged").asks(make.body::<LogQuery>());
            // The schema is that of one line; with `follow`, of the data of one event.
            lines.answers(200, "application/jsonl", line.clone()).answers(
                200,
                "text/event-stream",
                line,
            )
        }
        Route::ListSessions => {
            does("List sessions").asks(make.body::<SessionQuery>()).shows::<SessionsPage>(200, make)
        }
        Route::ShowSession => does("Show a session").shows::<SessionDetails>(200, make),
        Route::DeleteSession => does("Delete the session of a flow token with its exchanges")
            .takes(make.body::<DeleteSession>())
            .answers_nothing(),
    }
}

fn takes_flow_json(summary: &'static str, make: &mut Schemas) -> Operation {
    let put = Operation::new(summary).takes(json!({ "type": "object" }));
    put.header("prefer", "return=representation: answer with notes")
        .answers_nothing()
        .shows::<FlowJsonNotes>(200, make)
}

/// An operation of the document.
struct Operation {
    summary: &'static str,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Map<String, Value>,
}

impl Operation {
    fn new(summary: &'static str) -> Self {
        Self { summary, parameters: Vec::new(), body: None, responses: Map::new() }
    }

    /// Takes a JSON body.
    fn takes(mut self, schema: Value) -> Self {
        self.body = Some(json!({ "required": true, "content": { JSON: { "schema": schema } } }));
        self
    }

    /// Takes a file.
    fn takes_file(mut self, content_type: &str) -> Self {
        self.body = Some(json!({ "required": true, "content": { content_type: {} } }));
        self
    }

    /// Takes a query: one parameter for each property of the schema.
    fn asks(mut self, query: Value) -> Self {
        for (name, schema) in query["properties"].as_object().into_iter().flatten() {
            self.parameters.push(json!({ "name": name, "in": "query", "schema": schema }));
        }
        self
    }

    /// Takes a header.
    fn header(mut self, name: &str, description: &str) -> Self {
        let schema = json!({ "type": "string" });
        self.parameters.push(
            json!({ "name": name, "in": "header", "description": description, "schema": schema }),
        );
        self
    }

    /// Answers with a view.
    fn shows<T: JsonSchema>(self, status: u16, make: &mut Schemas) -> Self {
        let schema = make.answer::<T>();
        self.answers(status, JSON, schema)
    }

    fn answers(mut self, status: u16, content_type: &str, schema: Value) -> Self {
        let response = self
            .responses
            .entry(status.to_string())
            .or_insert_with(|| json!({ "description": "Success" }));
        response["content"][content_type] = json!({ "schema": schema });
        self
    }

    /// Answers without a body.
    fn answers_nothing(mut self) -> Self {
        self.responses.insert("204".to_owned(), json!({ "description": "Done" }));
        self
    }

    fn into_json(mut self, route: Route) -> Value {
        let names =
            route.path().split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let names = names.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
        let parameters: Vec<_> = names.chain(self.parameters).collect();
        self.responses
            .insert("default".to_owned(), json!({ "$ref": "#/components/responses/Problem" }));
        let mut operation = json!({
            "operationId": format!("{route:?}"),
            "summary": self.summary,
            "description": format!("Right: {:?}", route.right()),
            "parameters": parameters,
            "responses": self.responses,
        });
        if let Some(body) = self.body {
            operation["requestBody"] = body;
        }
        operation
    }
}

/// Makes schemas as types are written and as they are read: a field with a default is in every
/// answer, and a request may leave it out.
struct Schemas {
    /// Refer to the document's components.
    answers: SchemaGenerator,
    /// Are whole, since components describe answers.
    requests: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        let inline = settings().with(|settings| settings.inline_subschemas = true);
        Self {
            answers: settings().for_serialize().into_generator(),
            requests: inline.for_deserialize().into_generator(),
        }
    }

    fn answer<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().into()
    }

    fn body<T: JsonSchema>(&mut self) -> Value {
        Schema::into(self.requests.subschema_for::<T>())
    }

    /// The body that creates or changes a flow: its settings, with `disabled` beside them. In a
    /// change, an absent field stays as it is and null stands for its default, and there are `grant`
    /// and `deny`.
    fn flow(&mut self, change: bool) -> Value {
        let mut settings = self.body::<FlowSettings>();
        settings["properties"]["disabled"] =
            json!({ "type": "boolean", "description": "Whether the endpoint answers 503." });
        if change {
            make_nullable(&mut settings);
            for (name, does) in [
                ("grant", "What the flow grants in addition to what it grants already."),
                ("deny", "What the flow grants no more. It counts after `grant`."),
            ] {
                settings["properties"][name] = self.body::<Capabilities>();
                settings["properties"][name]["description"] = json!(does);
            }
        }
        settings
    }
}

/// Lets every property of an object be null, and so on in the objects in it.
fn make_nullable(schema: &mut Value) {
    for (name, property) in schema["properties"].as_object_mut().into_iter().flatten() {
        if let Some(fields) = property.as_object_mut() {
            fields.remove("default");
        }
        if property.get("properties").is_some() {
            make_nullable(property);
        }
        if name != "disabled" {
            *property = json!({ "anyOf": [property.take(), { "type": "null" }] });
        }
    }
}

const JSON: &str = "application/json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_the_document_and_nothing_else() {
        let document = openapi_document();
        let mut described: Vec<(String, String)> = Vec::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            described.extend(
                operations
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|method| (method.to_uppercase(), path.clone())),
            );
        }
        let mut routes: Vec<_> = Route::ALL
            .iter()
            .map(|route| (route.method().as_str().to_owned(), route.path().to_owned()))
            .collect();
        described.sort();
        routes.sort();
        assert_eq!(described, routes);
    }

    #[test]
    fn every_operation_says_what_fills_its_path_and_how_it_succeeds() {
        let document = openapi_document();
        for route in Route::ALL {
            let operation =
                &document["paths"][route.path()][route.method().as_str().to_lowercase()];
            let parameters = operation["parameters"].as_array().unwrap();
            let in_path: Vec<_> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .map(|one| one["name"].as_str().unwrap())
                .collect();
            let filled = in_path.iter().fold(route.path().to_owned(), |path, name| {
                path.replace(&format!("{{{name}}}"), "x")
            });
            assert!(
                !filled.contains('{') && in_path.len() == route.path().matches('{').count(),
                "{route:?}: {in_path:?}"
            );
            let succeeds = operation["responses"]
                .as_object()
                .unwrap()
                .keys()
                .any(|status| status.starts_with('2'));
            assert!(succeeds && operation["responses"]["default"].is_object(), "{route:?}");
            assert_eq!(operation["requestBody"].is_object(), takes_a_body(*route), "{route:?}");
        }
    }

    #[test]
    fn every_reference_leads_to_a_schema_and_none_is_left_over() {
        let document = openapi_document();
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for part in text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
        for name in schemas.keys() {
            assert!(text.contains(&format!("\"#/components/schemas/{name}\"")), "{name}");
        }
    }

    #[test]
    fn a_patch_of_a_flow_may_take_every_setting_back() {
        let mut body = Schemas::new().flow(true);
        let cpu = &body["properties"]["limits"]["anyOf"][0]["properties"]["cpu_ms"]["anyOf"];
        assert_eq!(cpu[1], json!({ "type": "null" }));
        assert_eq!(body["properties"]["disabled"]["type"], "boolean");
        assert_eq!(body["properties"]["grant"]["properties"]["store"]["type"], "boolean");
        assert!(Schemas::new().flow(false)["properties"]["grant"].is_null());
        body["properties"]
            .as_object_mut()
            .unwrap()
            .retain(|name, _| !["grant", "deny"].contains(&name.as_str()));
        assert!(!body.to_string().contains("\"default\""), "{body}");
    }

    fn takes_a_body(route: Route) -> bool {
        matches!(route.method(), Method::Post | Method::Put | Method::Patch)
            && route != Route::RollBack
    }
}
