//! The real program, as an operator runs it: its own process, its own folder.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::answer::Answer;
use crate::client::{Client, Tokens};
use crate::engines::Folder;
use crate::tools;
use crate::world::http;

const PATIENCE: Duration = Duration::from_mins(1);

/// A folder that the program is started in, again and again.
pub struct Home {
    program: PathBuf,
    folder: Folder,
    pub port: u16,
    pub issuer: String,
    environment: Vec<(String, String)>,
}

/// A server that runs in a [`Home`].
pub struct Process<'h> {
    home: &'h Home,
    child: Child,
    /// Kept over the whole life of the server.
    pub http: reqwest::Client,
}

impl Home {
    pub fn new(environment: &[(&str, &str)]) -> Self {
        Self::of(Path::new(env!("CARGO_BIN_EXE_doorward")), environment)
    }

    /// For another build of the program.
    pub fn of(program: &Path, environment: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        fs::create_dir_all(&folder.0).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let issuer = format!("http://localhost:{port}");
        let usual = [("ISSUER", issuer.as_str()), ("SERVER__BIND", &format!("127.0.0.1:{port}"))];
        let environment =
            usual.iter().chain(environment).map(|(key, value)| (format!("DOORWARD__{key}"), (*value).into()));
        Self { program: program.into(), folder, port, issuer: issuer.clone(), environment: environment.collect() }
    }

    pub fn path(&self) -> &Path {
        &self.folder.0
    }

    fn log(&self) -> PathBuf {
        self.path().join("log")
    }

    /// Everything that its servers ever said.
    pub fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let strange = std::env::vars().map(|(key, _)| key).filter(|key| key.starts_with("DOORWARD"));
        for key in strange {
            command.env_remove(key);
        }
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        tools::output(self.command(arguments)).await
    }

    /// Starts a server and waits until it can serve.
    pub async fn serve(&self) -> Process<'_> {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let child = self.command(&[]).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let mut process = Process { home: self, child, http: http() };
        process.wait_until_ready().await;
        process
    }

    /// What the first run told.
    pub fn first_run(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path().join("data/first-run.json")).unwrap()).unwrap()
    }

    /// The client of this name that the first run made.
    pub fn client(&self, name: &str) -> Client {
        let told = self.first_run()[name].clone();
        let secret = told["client_secret"].as_str().map(str::to_owned);
        Client { http: http(), issuer: self.issuer.clone(), id: told["client_id"].as_str().unwrap().into(), secret }
    }
}

impl Process<'_> {
    async fn wait_until_ready(&mut self) {
        let start = Instant::now();
        let url = format!("{}/readyz", self.home.issuer);
        while start.elapsed() < PATIENCE {
            if self.http.get(&url).send().await.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the server ended: {status}\n{}", self.home.said());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server does not become ready\n{}", self.home.said());
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as a service manager does, and gives how it ended.
    pub async fn stop(self) -> ExitStatus {
        let asked = Command::new("kill").arg(self.id().to_string()).status().unwrap();
        assert!(asked.success());
        self.ended().await
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it ends by itself.
    pub async fn ended(mut self) -> ExitStatus {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server does not stop\n{}", self.home.said());
    }

    /// Calls the admin API as the admin client of the first run.
    pub async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let admin = self.home.client("admin_client");
        let token = Tokens::of(admin.client_credentials(&[]).await.ok()).access;
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.home.issuer)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::of(request.send().await.unwrap()).await
    }
}

impl Drop for Process<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
