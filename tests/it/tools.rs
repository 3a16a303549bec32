//! What others wrote and the tests drive: clients from npm and PyPI, put into `target/tools` by `tests/run`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

const PATIENCE: Duration = Duration::from_mins(5);

/// Where the project lies.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file that `tests/run` installs.
pub fn installed(path: &str) -> PathBuf {
    let path = root().join("target/tools").join(path);
    assert!(path.exists(), "{} is missing: tests/run installs it", path.display());
    path
}

/// The source of axe-core.
pub fn axe() -> &'static str {
    static AXE: OnceLock<String> = OnceLock::new();
    AXE.get_or_init(|| std::fs::read_to_string(installed("node_modules/axe-core/axe.min.js")).unwrap())
}

/// Runs a script of `tests/clients/node` and gives the JSON that it printed.
pub async fn node(script: &str, environment: &[(&str, &str)]) -> Value {
    let mut command = Command::new("node");
    // Modules are found from the folder it runs in when the script comes by standard input.
    command.args(["--input-type=module", "-"]).current_dir(installed("node_modules").parent().unwrap());
    command.stdin(std::fs::File::open(root().join("tests/clients/node").join(script)).unwrap());
    printed(command, environment).await
}

/// Runs a script of `tests/clients/python` and gives the JSON that it printed.
pub async fn python(script: &str, environment: &[(&str, &str)]) -> Value {
    let mut command = Command::new(installed("python/bin/python"));
    command.args(["-B", "-W", "ignore"]).arg(root().join("tests/clients/python").join(script)).stdin(Stdio::null());
    printed(command, environment).await
}

async fn printed(command: Command, environment: &[(&str, &str)]) -> Value {
    let said = run(command, environment).await;
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("not JSON ({error}): {said}"))
}

/// Runs a program to its end, which must be a good one, and gives what it printed.
pub async fn run(mut command: Command, environment: &[(&str, &str)]) -> String {
    command.envs(environment.iter().copied());
    let name = command.get_program().display().to_string();
    let output = output(command).await;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name} failed: {}\n{said}\n{complained}", output.status);
    said.into_owned()
}

/// Runs a program to its end and gives all it said; one that does not end is killed.
pub async fn output(mut command: Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let running = tokio::task::spawn_blocking(move || child.wait_with_output());
    let Ok(ended) = tokio::time::timeout(PATIENCE, running).await else {
        Command::new("kill").args(["-9", &id]).status().unwrap();
        panic!("the program does not end");
    };
    ended.unwrap().unwrap()
}
