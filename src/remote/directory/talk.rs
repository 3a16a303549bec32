//! Conversations with a directory.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ldap3::{LdapConnAsync, LdapConnSettings, parse_filter};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::line::{Entry, Line};
use super::{Away, NoDirectory};
use crate::base::secret::Typed;
use crate::protocol::ldap::{self, Lookup, Person, Privacy, called, fill, in_dn, in_filter};

/// A directory that can be asked.
pub struct Directory(Arc<Inner>);

struct Inner {
    rules: ldap::Directory,
    trust: Option<Arc<ClientConfig>>,
    permits: Arc<Semaphore>,
}

/// Whoever a name may stand for: the conversation in which they were looked for. One about nobody goes on as any other.
pub struct Candidate {
    line: Line,
    /// What was found; nothing in a directory whose DNs are made of names.
    entry: Option<Entry>,
    /// The DN to bind as; for nobody one that is not there.
    dn: String,
    /// `None` for nobody.
    name: Option<String>,
    inner: Arc<Inner>,
    _permit: OwnedSemaphorePermit,
}

impl Directory {
    /// Trusts these certificate authorities, PEM; where there are none, the machine's.
    pub fn open(rules: ldap::Directory, authorities: &[u8]) -> Result<Self, NoDirectory> {
        let searches = [
            ("ldap.filter", if let Lookup::Search(search) = &rules.lookup { Some(search) } else { None }),
            ("ldap.group_filter", rules.groups.search.as_ref()),
        ];
        for (key, search) in searches {
            if search
                .is_some_and(|search| parse_filter(fill(&search.filter, &[("username", "x"), ("dn", "x")])).is_err())
            {
                return Err(NoDirectory::Filter(key));
            }
        }
        let trust = if authorities.is_empty() { None } else { Some(Arc::new(trust(authorities)?)) };
        let permits = Arc::new(Semaphore::new(rules.connections.max(1)));
        Ok(Self(Arc::new(Inner { rules, trust, permits })))
    }

    pub fn rules(&self) -> &ldap::Directory {
        &self.0.rules
    }

    /// Looks for whoever has this name; `decoy` is a name that nobody has, for what is done in place of asking about nobody.
    pub async fn look_for(&self, name: Option<&str>, decoy: &str) -> Result<Candidate, Away> {
        let (inner, name, decoy) = (Arc::clone(&self.0), name.map(str::to_owned), decoy.to_owned());
        let permit = Arc::clone(&inner.permits).acquire_owned();
        let permit = timeout(self.0.patience(), permit).await.map_err(|_| Away::Busy)?.map_err(|_| Away::Busy)?;
        apart(self.0.patience(), async move { inner.look_for(name, decoy, permit).await }).await
    }

    /// Which of these ids no entry has any more that could sign in; none where people are not looked for. A directory that
    /// shows nobody at all says nothing about anybody.
    pub async fn missing(&self, ids: Vec<String>) -> Result<Vec<String>, Away> {
        let Lookup::Search(search) = self.rules().lookup.clone() else { return Ok(Vec::new()) };
        let inner = Arc::clone(&self.0);
        let permit = timeout(inner.patience(), Arc::clone(&inner.permits).acquire_owned()).await;
        let permit = permit.map_err(|_| Away::Busy)?.map_err(|_| Away::Busy)?;
        let patience = inner.patience() * u32::try_from(ids.len() + 1).unwrap_or(u32::MAX);
        apart(patience, async move {
            let _permit = permit;
            let mut line = inner.connect().await?;
            line.bind_as_us(inner.rules.bind.as_ref()).await?;
            let anybody = fill(&search.filter, &[("username", "*")]);
            if !line.has(&search.base, &anybody).await? {
                return Err(Away::Unwilling("nothing about anybody".into()));
            }
            let mut missing = Vec::new();
            for id in ids {
                let filter = format!("(&{}{anybody})", with_id(&inner.rules.id, &id));
                if !line.has(&search.base, &filter).await? {
                    missing.push(id);
                }
            }
            Ok(missing)
        })
        .await
    }

    /// Whether the directory can be reached and lets us in.
    pub async fn check(&self) -> Result<(), Away> {
        let inner = Arc::clone(&self.0);
        apart(self.0.patience(), async move {
            let mut line = inner.connect().await?;
            line.bind_as_us(inner.rules.bind.as_ref()).await?;
            if let Lookup::Search(search) = &inner.rules.lookup {
                line.read(&search.base, &["1.1"])
                    .await?
                    .ok_or_else(|| Away::Unwilling("ldap.base is not there".into()))?;
            }
            Ok(())
        })
        .await
    }
}

impl Inner {
    fn patience(&self) -> Duration {
        Duration::from_secs(self.rules.timeout.as_seconds().unsigned_abs())
    }

    async fn connect(&self) -> Result<Line, Away> {
        let address = &self.rules.address;
        let settings = LdapConnSettings::new()
            .set_conn_timeout(self.patience())
            .set_starttls(address.privacy == Privacy::StartTls);
        let settings = match &self.trust {
            Some(trust) => settings.set_config(Arc::clone(trust)),
            None => settings,
        };
        let connected = LdapConnAsync::with_settings(settings, &address.to_string()).await;
        let (connection, ldap) = connected?;
        tokio::spawn(connection.drive());
        Ok(Line::new(ldap, self.patience()))
    }

    async fn look_for(
        self: Arc<Self>,
        name: Option<String>,
        decoy: String,
        permit: OwnedSemaphorePermit,
    ) -> Result<Candidate, Away> {
        let mut line = self.connect().await?;
        let asked = name.as_deref().unwrap_or(&decoy);
        let (entry, dn) = match &self.rules.lookup {
            Lookup::Dn(template) => (None, fill(template, &[("username", &in_dn(asked))])),
            Lookup::Search(search) => {
                line.bind_as_us(self.rules.bind.as_ref()).await?;
                let filter = fill(&search.filter, &[("username", &in_filter(asked))]);
                let entry = line.find_one(&search.base, &filter, &self.wanted()).await?;
                let nowhere = format!("cn={},{}", in_dn(&decoy), search.base);
                let dn = entry.as_ref().map_or(nowhere, |entry| entry.dn.clone());
                (entry, dn)
            }
        };
        let name = name.filter(|_| entry.is_some() || matches!(self.rules.lookup, Lookup::Dn(_)));
        Ok(Candidate { line, entry, dn, name, inner: self, _permit: permit })
    }

    /// The attributes that are asked for.
    fn wanted(&self) -> Vec<&str> {
        let claims = self.rules.claims.iter().map(|(_, attribute)| attribute.as_str());
        claims.chain([self.rules.id.as_str()]).chain(self.rules.groups.attribute.as_deref()).collect()
    }

    /// The person of an entry, which may have another spelling for what was typed.
    async fn person(&self, line: &mut Line, entry: Entry, typed: &str) -> Result<Option<Person>, Away> {
        let Some(id) = entry.id(&self.rules.id) else {
            tracing::error!(attribute = self.rules.id, "an entry of the directory has no id: nobody is let in by it");
            return Ok(None);
        };
        let mut groups = self.rules.groups.attribute.as_deref().map(|own| entry.values(own)).unwrap_or_default();
        if let Some(search) = &self.rules.groups.search {
            if matches!(self.rules.lookup, Lookup::Search(_)) || self.rules.bind.is_some() {
                line.bind_as_us(self.rules.bind.as_ref()).await?;
            }
            let own = self.rules.username().map(|attribute| entry.values(attribute)).unwrap_or_default();
            let username = called(&own, typed);
            let values = [("dn", in_filter(&entry.dn)), ("username", in_filter(username))];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            groups.extend(line.names(&search.base, &fill(&search.filter, &values)).await?);
        }
        let names = self.rules.claims.iter().map(|(_, attribute)| attribute);
        let attributes = names.map(|name| (name.clone(), entry.values(name))).collect();
        Ok(Some(Person { id, attributes, groups }))
    }
}

impl Candidate {
    /// The id of the entry, where one was looked for and found.
    pub fn id(&self) -> Option<String> {
        self.entry.as_ref().and_then(|entry| entry.id(&self.inner.rules.id))
    }

    /// The person, if this is their password: the directory says so, to a bind in their name. One without a password would
    /// be a bind as nobody, which succeeds (RFC 4513 section 5.1.2), and is never sent.
    pub async fn prove(self, password: Typed) -> Result<Option<Person>, Away> {
        if password.expose().is_empty() || password.expose().contains('\0') {
            return Ok(None);
        }
        apart(self.inner.patience(), self.bind(password)).await
    }

    async fn bind(mut self, password: Typed) -> Result<Option<Person>, Away> {
        let bound = self.line.bind_as_them(&self.dn, &password).await?;
        if bound && self.name.is_none() {
            tracing::error!("the directory takes any name and password: nobody is let in by it");
        }
        let Some(name) = self.name.filter(|_| bound) else { return Ok(None) };
        let entry = match self.entry {
            Some(entry) => Some(entry),
            None => self.line.read(&self.dn, &self.inner.wanted()).await?,
        };
        let Some(entry) = entry else {
            tracing::error!("a person of the directory cannot read their own entry: they are not let in");
            return Ok(None);
        };
        self.inner.person(&mut self.line, entry, &name).await
    }
}

/// The filter of an id, which is a text, or bytes in hexadecimal.
fn with_id(attribute: &str, id: &str) -> String {
    let plain = format!("({attribute}={})", in_filter(id));
    if id.len() % 2 == 1 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return plain;
    }
    let pairs: Vec<String> =
        id.as_bytes().chunks(2).map(|pair| format!("\\{}", String::from_utf8_lossy(pair))).collect();
    format!("(|{plain}({attribute}={}))", pairs.concat())
}

/// Runs a part of a conversation by itself: whatever a directory sends, no more fails than this.
async fn apart<T: Send + 'static>(
    patience: Duration,
    part: impl Future<Output = Result<T, Away>> + Send + 'static,
) -> Result<T, Away> {
    let ran = tokio::spawn(timeout(patience, part)).await;
    ran.map_err(|_| Away::Unwilling("something that cannot be read".into()))?.unwrap_or(Err(Away::Late))
}

/// Trusts these authorities alone.
fn trust(authorities: &[u8]) -> Result<ClientConfig, NoDirectory> {
    let bad = |what: String| NoDirectory::Certificates(what);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("holds no certificate".into()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| bad(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_looked_for_as_text_and_as_bytes() {
        assert_eq!(with_id("entryUUID", "a-1"), "(entryUUID=a-1)");
        assert_eq!(with_id("objectGUID", "ff2a"), "(|(objectGUID=ff2a)(objectGUID=\\ff\\2a))");
        assert_eq!(with_id("x", "*)(y=*"), "(x=\\2a\\29\\28y=\\2a)");
        assert!(parse_filter(with_id("objectGUID", "ff2a")).is_ok());
    }
}
