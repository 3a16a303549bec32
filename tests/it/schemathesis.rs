//! The admin API against its own OpenAPI document, by a tool that nobody here wrote: no 5xx, no undocumented answer.

use std::process::Command;

use serde_json::json;

use crate::tools;
use crate::world::on_both;

/// What is looked at in every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method,allow_header_conformance,\
                      use_after_free,ensure_resource_availability,ignored_auth";

on_both! {
    async fn finds_nothing_that_the_document_does_not_say(world) {
        let audience = format!("{}/api/v1", world.issuer);
        let metadata = json!({"scope": "admin admin.read", "allowed_resources": [audience]});
        let admin = world.machine("administration", metadata).await;
        let app = world.app("app").await;
        world.signed_in(&app).await;

        let mut command = Command::new(tools::installed("python/bin/schemathesis"));
        command.current_dir(world.folder().parent().unwrap());
        command.args(["run", "--no-color", "--checks", CHECKS, "--max-examples", "15", "--generation-deterministic"]);
        command.args(["--request-timeout", "60"]);
        command.arg(format!("{}/api/v1/openapi.json", world.issuer));
        let hooks = tools::root().join("tests/clients/python/schemathesis_hooks.py").display().to_string();
        let environment = [
            ("ISSUER", world.issuer.as_str()),
            ("CLIENT_ID", "administration"),
            ("CLIENT_SECRET", admin.secret.as_deref().unwrap()),
            ("SCHEMATHESIS_HOOKS", &hooks),
            ("PYTHONDONTWRITEBYTECODE", "1"),
        ];
        let said = tools::run(command, &environment).await;
        for never in ["failed", "Authentication failed", "❌"] {
            assert!(!said.contains(never), "{said}");
        }
        assert!(said.contains(" passed"), "{said}");
    }
}
