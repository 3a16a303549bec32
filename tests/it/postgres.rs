//! A private PostgreSQL cluster for this test run: made on first use, gone when the process ends, however it ends.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use doorward::store::db::Db;
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::{Mutex, OnceCell};

/// Waits until the test process is gone (its end of the pipe closes, even by `kill -9`), then stops the server.
const WATCHDOG: &str = r#"
trap '' HUP INT TERM
"$1/postgres" -D "$2/data" >"$2/log" 2>&1 </dev/null &
cat >/dev/null
kill -INT $! && wait $!
rm -rf "$2"
"#;

/// Nothing here must survive a crash; many small pools must fit.
const SETTINGS: &str = "
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 600
shared_buffers = 64MB
max_wal_senders = 0
wal_level = minimal
listen_addresses = ''
";

/// Everybody is let in, except the role `locked`, who needs the password `right`.
const ACCESS: &str = "local all locked scram-sha-256\nlocal all all trust\n";

const INSTALL: &str = "the tests need PostgreSQL's server programs: install the package `postgresql` (Debian, Ubuntu) \
                       or `postgresql-server` (Fedora)";

pub struct Cluster {
    folder: PathBuf,
    made: AtomicU32,
    template: OnceCell<()>,
    /// PostgreSQL copies one template for one new database at a time.
    copying: Mutex<()>,
    /// Its pipe keeps the watchdog waiting.
    _watchdog: Child,
}

/// The cluster of this process.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

impl Cluster {
    /// The address of a new database that is migrated and otherwise empty.
    pub async fn database(&self) -> String {
        self.template
            .get_or_init(async || {
                self.create("migrated", "template1").await;
                let db = Db::open(&self.url("postgres", "migrated")).await.unwrap();
                db.migrate().await.unwrap();
                db.close().await;
            })
            .await;
        self.copy("migrated").await
    }

    /// The address of a new database with no table at all.
    pub async fn empty(&self) -> String {
        self.copy("template1").await
    }

    /// The address at which this role finds this database.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@localhost/{database}?host={}", self.folder.display())
    }

    /// The address of a new database like this one, to which nobody is connected.
    pub async fn copy(&self, template: &str) -> String {
        let name = format!("test_{}", self.made.fetch_add(1, Ordering::SeqCst));
        self.create(&name, template).await;
        self.url("postgres", &name)
    }

    /// The address of a new database made by this script.
    pub async fn restored(&self, script: &str) -> String {
        let url = self.empty().await;
        let mut on = PgConnection::connect(&url).await.unwrap();
        on.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(script))).await.unwrap();
        on.close().await.unwrap();
        url
    }

    /// The database at this address as a script that any server takes.
    pub fn dump(url: &str) -> String {
        let mut dump = Command::new(programs().join("pg_dump"));
        let said = dump.args(["--no-owner", "--no-acl", "--no-comments", "--inserts", "-d", url]).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let text = String::from_utf8(said.stdout).unwrap();
        // What only psql understands, what other versions do not know, and what is said to nobody.
        let kept = |line: &&str| !(line.starts_with('\\') || line.starts_with("SET ") || line.starts_with("SELECT "));
        let kept = text.lines().filter(kept).filter(|line| !line.starts_with("--") && !line.is_empty());
        kept.collect::<Vec<_>>().join("\n") + "\n"
    }

    async fn create(&self, name: &str, template: &str) {
        let _alone = self.copying.lock().await;
        let mut on = PgConnection::connect(&self.url("postgres", "postgres")).await.unwrap();
        let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
        on.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
        on.close().await.unwrap();
    }

    fn start() -> Self {
        let programs = programs();
        let folder = std::env::temp_dir().join(format!("doorward-pg-{}", process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let root = is_root();
        if root {
            run(Command::new("chown").arg("postgres").arg(&folder), &folder);
        }
        let data = folder.join("data");
        let initdb = [programs.join("initdb"), "-D".into(), data.clone()];
        let options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"];
        run(as_postgres(root, &initdb[0]).args(&initdb[1..]).args(options), &folder);

        let path = data.join("postgresql.conf");
        let own = format!("unix_socket_directories = '{}'\n", folder.display());
        fs::write(&path, fs::read_to_string(&path).unwrap() + SETTINGS + &own).unwrap();
        fs::write(data.join("pg_hba.conf"), ACCESS).unwrap();

        let mut watchdog = as_postgres(root, Path::new("sh"));
        watchdog.args(["-c", WATCHDOG, "sh"]).arg(&programs).arg(&folder);
        watchdog.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let watchdog = watchdog.spawn().unwrap();
        wait_for_server(&programs, &folder);
        let role = "CREATE ROLE locked LOGIN PASSWORD 'right'";
        let psql =
            Command::new(programs.join("psql")).arg("-h").arg(&folder).args(["-U", "postgres", "-c", role]).output();
        assert!(psql.unwrap().status.success(), "the role `locked` was not made");
        Self {
            folder,
            made: AtomicU32::new(0),
            template: OnceCell::new(),
            copying: Mutex::new(()),
            _watchdog: watchdog,
        }
    }
}

/// Where `initdb` and `postgres` are.
fn programs() -> PathBuf {
    let asked = Command::new("pg_config").arg("--bindir").output().ok().filter(|output| output.status.success());
    let asked = asked.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = installed.map(|version| version.path().join("bin")).chain(asked).collect();
    found.retain(|folder| folder.join("initdb").exists() && folder.join("postgres").exists());
    found.pop().expect(INSTALL)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

/// PostgreSQL refuses to run as root; the package has made a user for it.
fn as_postgres(root: bool, program: &Path) -> Command {
    let mut command = Command::new(if root { Path::new("runuser") } else { program });
    if root {
        command.args(["-u", "postgres", "--"]).arg(program);
    }
    command.current_dir("/");
    command
}

fn run(command: &mut Command, folder: &Path) {
    let log = folder.with_extension("setup");
    let file = File::create(&log).unwrap();
    let status = command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).status();
    let said = fs::read_to_string(&log).unwrap_or_default();
    let _ = fs::remove_file(&log);
    assert!(status.is_ok_and(|status| status.success()), "{command:?} failed: {said}\n{INSTALL}");
}

fn wait_for_server(programs: &Path, folder: &Path) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        let ready = Command::new(programs.join("pg_isready")).arg("-q").arg("-h").arg(folder).status().unwrap();
        if ready.success() {
            return;
        }
        sleep(Duration::from_millis(20));
    }
    panic!("PostgreSQL did not start: {}", fs::read_to_string(folder.join("log")).unwrap_or_default());
}
