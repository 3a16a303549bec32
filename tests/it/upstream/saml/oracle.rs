//! `xmlsec1`, which knows nothing of us: it signs what we must accept, and checks what we sign.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

pub const IDP_CERTIFICATE: &str = include_str!("keys/idp.crt");
pub const IDP_KEY: &str = include_str!("keys/idp.key");
pub const OTHER_CERTIFICATE: &str = include_str!("keys/other.crt");
pub const OTHER_KEY: &str = include_str!("keys/other.key");
/// P-256.
pub const EC_CERTIFICATE: &str = include_str!("keys/ec.crt");
pub const EC_KEY: &str = include_str!("keys/ec.key");

/// An empty signature over the element of this identifier, for `xmlsec1` to fill. The algorithm is one of
/// <http://www.w3.org/2001/04/xmldsig-more> or, for `rsa-sha1`, of the first XML signatures.
pub fn template(id: &str, algorithm: &str) -> String {
    let (signature, digest) = match algorithm {
        "rsa-sha1" => ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"),
        "rsa-sha512" => {
            ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512")
        }
        "ecdsa-sha256" => {
            ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256")
        }
        _ => ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"),
    };
    format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
         <ds:SignatureMethod Algorithm=\"{signature}\"/><ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
         <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">\
         <ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"xs\"/></ds:Transform>\
         </ds:Transforms><ds:DigestMethod Algorithm=\"{digest}\"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>\
         <ds:SignatureValue/></ds:Signature>"
    )
}

/// Fills the first empty signature of a document; `element` is the kind whose `ID` identifies it.
pub fn sign(folder: &Path, document: &str, element: (&str, &str), key: &str) -> String {
    let key = written(folder, key);
    let output = xmlsec1(folder, &["--sign", "--privkey-pem", &key], document, element);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let signed = String::from_utf8(output.stdout).unwrap();
    let body = signed.split_once("?>").map_or(signed.as_str(), |(_, body)| body);
    body.trim().to_owned()
}

/// Whether a document is signed by the key of this certificate, PEM.
pub fn verifies(folder: &Path, document: &str, element: (&str, &str), certificate: &str) -> bool {
    let certificate = written(folder, certificate);
    xmlsec1(folder, &["--verify", "--pubkey-cert-pem", &certificate], document, element).status.success()
}

fn xmlsec1(folder: &Path, how: &[&str], document: &str, (namespace, name): (&str, &str)) -> Output {
    let document = written(folder, document);
    let mut command = Command::new("xmlsec1");
    command.args(how).args(["--id-attr:ID", &format!("{namespace}:{name}"), &document]);
    command.output().expect("xmlsec1 is missing: tests/run installs it")
}

fn written(folder: &Path, text: &str) -> String {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    fs::create_dir_all(folder).unwrap();
    let file = folder.join(format!("saml-{}", FILES.fetch_add(1, Ordering::SeqCst)));
    fs::write(&file, text).unwrap();
    file.display().to_string()
}
