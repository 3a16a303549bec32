//! A private OpenLDAP server for this test run, with a certificate authority of its own: made on first use, gone when the
//! process ends, however it ends.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use doorward::base::duration;
use doorward::base::secret::Typed;
use doorward::protocol::ldap::{Address, Directory as Rules, Groups, Lookup, Privacy, Search};
use doorward::remote::directory::Directory;

use crate::stage::PASSWORD;

const INSTALL: &str = "the tests need OpenLDAP and openssl: install the packages `slapd`, `ldap-utils` and `openssl`";

/// Waits until the test process is gone, then stops the server.
const WATCHDOG: &str = r#"
trap '' HUP INT TERM
"$1" -h "$3" -f "$2/slapd.conf" -d 0 >"$2/log" 2>&1 </dev/null &
cat >/dev/null
kill -INT $! && wait $!
rm -rf "$2"
"#;

/// Everybody reads their own entry, the service reads all, and a bind with a DN and no password counts as one of nobody: the
/// trap of RFC 4513 section 5.1.2.
const CONFIG: &str = r#"
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
allow bind_anon_dn
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
TLSVerifyClient never
database mdb
suffix "dc=example,dc=com"
rootdn "cn=root,dc=example,dc=com"
rootpw root
directory {folder}/data
referral ldap://127.0.0.1:9/
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=doorward,dc=example,dc=com" read by self read by * none
"#;

const ENTRIES: &str = "
dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=com
objectClass: organizationalUnit
ou: groups

dn: cn=doorward,dc=example,dc=com
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: doorward
userPassword: service secret
";

pub struct Slapd {
    folder: PathBuf,
    port: u16,
    tls_port: u16,
    /// Its pipe keeps the watchdog waiting.
    _watchdog: Child,
}

/// The server of this process.
pub fn slapd() -> &'static Slapd {
    static SLAPD: OnceLock<Slapd> = OnceLock::new();
    SLAPD.get_or_init(Slapd::start)
}

impl Slapd {
    /// Somebody called so with [`PASSWORD`], and a number that is only theirs.
    pub fn person(&self, uid: &str) {
        let entry = format!(
            "dn: {dn}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid} of the directory\nsn: Person\n\
             mail: {uid}@corp.example\nuserPassword: {PASSWORD}\n",
            dn = dn(uid)
        );
        self.change(&entry);
    }

    /// A group with this member.
    pub fn group(&self, cn: &str, uid: &str) {
        let entry = format!(
            "dn: cn={cn},ou=groups,dc=example,dc=com\nchangetype: add\nobjectClass: groupOfNames\ncn: {cn}\nmember: {}\n",
            dn(uid)
        );
        self.change(&entry);
    }

    /// Changes what is in it, as LDIF says (RFC 2849).
    pub fn change(&self, ldif: &str) {
        let mut command = Command::new("ldapmodify");
        command.args(["-x", "-D", "cn=root,dc=example,dc=com", "-w", "root", "-H"]);
        command.arg(format!("ldap://127.0.0.1:{}", self.port));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect(INSTALL);
        child.stdin.take().unwrap().write_all(ldif.as_bytes()).unwrap();
        let said = child.wait_with_output().unwrap();
        assert!(said.status.success(), "{}\n{ldif}", String::from_utf8_lossy(&said.stderr));
    }

    /// Its address, spoken to so.
    pub fn address(&self, privacy: Privacy) -> Address {
        let port = if privacy == Privacy::Tls { self.tls_port } else { self.port };
        Address { host: "localhost".into(), port, privacy }
    }

    /// The certificates of an authority: `ca` is its own, `other` knows nothing of it.
    pub fn authority(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.pem"))
    }

    /// The directory as a server asks it, in another way than usual.
    pub fn directory(&self, change: impl FnOnce(&mut Rules)) -> Directory {
        self.trusting("ca", change)
    }

    /// As [`Slapd::directory`], trusting this authority.
    pub fn trusting(&self, authority: &str, change: impl FnOnce(&mut Rules)) -> Directory {
        let mut rules = self.rules();
        change(&mut rules);
        Directory::open(rules, &fs::read(self.authority(authority)).unwrap()).unwrap()
    }

    fn rules(&self) -> Rules {
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let search = |base: &str, filter: &str| Search { base: base.into(), filter: filter.into() };
        Rules {
            name: "corp".into(),
            address: self.address(Privacy::StartTls),
            bind: Some(("cn=doorward,dc=example,dc=com".into(), Typed::new("service secret".into()))),
            lookup: Lookup::Search(search("ou=people,dc=example,dc=com", "(|(uid={username})(mail={username}))")),
            id: "entryuuid".into(),
            claims: pairs(&[("username", "uid"), ("email", "mail"), ("name", "cn")]),
            groups: Groups { attribute: None, search: Some(search("ou=groups,dc=example,dc=com", "(member={dn})")) },
            roles: pairs(&[("staff", "cn=staff,ou=groups,dc=example,dc=com"), ("auditor", "auditors")]),
            trust_email: true,
            password_url: None,
            timeout: duration::Duration::seconds(20),
            refuse_after: Duration::from_millis(20),
            connections: 8,
        }
    }

    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("doorward-ldap-{}", process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("data")).unwrap();
        certificates(&folder);
        fs::write(folder.join("slapd.conf"), CONFIG.replace("{folder}", &folder.display().to_string())).unwrap();
        fs::write(folder.join("entries.ldif"), ENTRIES.trim_start()).unwrap();
        let program = program();
        let mut load = Command::new(&program);
        load.args(["-T", "add", "-f"]).arg(folder.join("slapd.conf")).arg("-l").arg(folder.join("entries.ldif"));
        run(&mut load);
        let [port, tls_port] = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let listen = format!("ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/");
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCHDOG, "sh"]).arg(&program).arg(&folder).arg(listen).current_dir("/");
        watchdog.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let watchdog = watchdog.spawn().unwrap();
        let slapd = Self { folder, port, tls_port, _watchdog: watchdog };
        slapd.wait();
        slapd
    }

    fn wait(&self) {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) {
            if [self.port, self.tls_port].iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("slapd did not start: {}", fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }
}

/// Where somebody is.
pub fn dn(uid: &str) -> String {
    format!("uid={uid},ou=people,dc=example,dc=com")
}

/// Two authorities, and a certificate for this machine of the first.
fn certificates(folder: &std::path::Path) {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(folder);
        run(&mut command);
    };
    for name in ["ca", "other"] {
        openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.pem"
        ));
    }
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
    );
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem");
}

/// Debian keeps it where only root looks.
fn program() -> PathBuf {
    let places = ["/usr/sbin/slapd", "/usr/local/sbin/slapd", "/usr/lib/openldap/slapd", "/usr/libexec/slapd"];
    places.map(PathBuf::from).into_iter().find(|place| place.exists()).expect(INSTALL)
}

fn run(command: &mut Command) {
    let said = command.stdin(Stdio::null()).output().expect(INSTALL);
    assert!(said.status.success(), "{command:?}: {}\n{INSTALL}", String::from_utf8_lossy(&said.stderr));
}
