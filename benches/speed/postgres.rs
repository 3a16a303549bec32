//! A PostgreSQL cluster of our own, as it comes: durable, with its default settings but for the shared memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection};
use tokio::time::sleep;

use crate::outcome::{Outcome, fail};

const SETTINGS: &str = "
max_connections = 200
shared_buffers = 256MB
listen_addresses = ''
";

const INSTALL: &str = "PostgreSQL's server programs are missing: install the package `postgresql` (Debian, Ubuntu) or \
                       `postgresql-server` (Fedora), or leave `postgres` out of --engines";

const PATIENCE: Duration = Duration::from_mins(1);

pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    root: bool,
}

impl Cluster {
    pub async fn start(folder: &Path) -> Outcome<Self> {
        let Some(programs) = programs() else { return fail(INSTALL) };
        let root = Command::new("id").arg("-u").output()?.stdout.trim_ascii() == b"0";
        let cluster = Self { programs, folder: folder.to_owned(), root };
        fs::create_dir_all(folder)?;
        if root {
            run(Command::new("chown").arg("postgres").arg(folder))?;
        }
        let data = folder.join("data");
        let options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-D"];
        run(cluster.command("initdb").args(options).arg(&data))?;
        let path = data.join("postgresql.conf");
        let own = format!("unix_socket_directories = '{}'\n", folder.display());
        fs::write(&path, fs::read_to_string(&path)? + SETTINGS + &own)?;
        let log = folder.join("log");
        run(cluster.command("pg_ctl").arg("-s").arg("-D").arg(&data).arg("-l").arg(log).arg("start"))?;
        let start = Instant::now();
        while PgConnection::connect(&cluster.url("postgres")).await.is_err() {
            if start.elapsed() > PATIENCE {
                return fail("PostgreSQL does not start");
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(cluster)
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }

    pub async fn create(&self, database: &str) -> Outcome<String> {
        let mut on = PgConnection::connect(&self.url("postgres")).await?;
        on.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {database}"))).await?;
        on.close().await?;
        Ok(self.url(database))
    }

    /// The process that all others of the cluster are below.
    pub fn id(&self) -> Outcome<u32> {
        let text = fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        Ok(text.lines().next().unwrap_or_default().trim().parse()?)
    }

    /// PostgreSQL refuses to run as root; its package has made a user for it.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = Command::new(if self.root { Path::new("runuser") } else { &path });
        if self.root {
            command.args(["-u", "postgres", "--"]).arg(path);
        }
        command.current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.arg("-s").arg("-D").arg(self.folder.join("data")).args(["-m", "immediate", "stop"]);
        drop(stop.stdout(Stdio::null()).stderr(Stdio::null()).status());
    }
}

fn programs() -> Option<PathBuf> {
    let asked = Command::new("pg_config").arg("--bindir").output().ok().filter(|output| output.status.success());
    let asked = asked.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = installed.map(|version| version.path().join("bin")).chain(asked).collect();
    found.retain(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists());
    found.pop()
}

fn run(command: &mut Command) -> Outcome<()> {
    let said = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).status()?;
    if said.success() { Ok(()) } else { fail(format!("{command:?}: {said}; {INSTALL}")) }
}
