//! Signatures in documents (XML Signature Syntax and Processing 1.1; SAML Core section 5.4): enveloped, over exactly one
//! element by its identifier, by exclusive canonicalization without comments.
//!
//! 1. Find the one element that must be signed, at the one place where it may stand.
//! 2. Read `SignedInfo` from its own canonical bytes, and check that they are signed by a key that was pinned. What `KeyInfo`
//!    says is never looked at.
//! 3. Canonicalize the element without its signature, and compare the digest.
//! 4. Parse those canonical bytes anew. That tree, and nothing else, is what was signed.

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::NodeSet;
use uppsala::{Document, NodeId};

use super::algorithm::{self, ENVELOPED, EXCLUSIVE_C14N, RSA_SHA256, SHA256};
use super::certificate::{Certificate, NoKey, OwnKey, decoded};
use super::xml::{Element, Remarks, parse};
use super::{DSIG, Distrust};
use crate::base::secret::{base64, same};

/// What must be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covered {
    /// The whole message.
    Root,
    /// The child of the root with this namespace and name; nowhere else in the message may another stand.
    Child(&'static str, &'static str),
}

/// The signed element as it was signed, once one of these keys is found to have signed it.
pub fn verified(text: &str, covered: Covered, keys: &[Certificate]) -> Result<Element, Distrust> {
    let document = parse(text, Remarks::Refused)?;
    let root = document.document_element().ok_or(Distrust::Missing("the root element"))?;
    let element = match covered {
        Covered::Root => root,
        Covered::Child(namespace, name) => {
            let child = only(&document, root, (namespace, name)).ok_or(Distrust::Missing(name))?;
            if document.get_elements_by_tag_name_ns(namespace, name).len() != 1 {
                return Err(Distrust::Missing(name));
            }
            child
        }
    };
    let missing = Distrust::Signature("there is none, or there are several");
    let signature = only(&document, element, (DSIG, "Signature")).ok_or(missing)?;
    let id = document.get_attribute(element, "ID").ok_or(Distrust::Missing("ID"))?;
    let reference = signed_info(&document, signature, keys)?.of(id)?;
    let whole = NodeSet::tree_without_comments(element, &document);
    let without = whole.subtract(&NodeSet::tree_with_comments(signature, &document));
    let bytes = canonical(&document, &without, &reference.prefixes)?;
    if !same(&algorithm::digest(&reference.digest, &bytes)?, &reference.value) {
        return Err(Distrust::Signature("is over something else"));
    }
    Element::message(utf8(&bytes)?)
}

/// Whether the root of a message carries a signature of its own.
pub fn is_signed(message: &Element) -> bool {
    message.all(DSIG, "Signature").next().is_some()
}

/// Prefixes that a signature may keep. Each costs at each element, before anybody knows who wrote them.
const MOST_PREFIXES: usize = 32;

/// What a signature says of the one thing that it is over.
struct Reference {
    uri: String,
    digest: String,
    value: Vec<u8>,
    prefixes: Vec<String>,
}

impl Reference {
    /// This reference, if it is to the element of this identifier.
    fn of(self, id: &str) -> Result<Self, Distrust> {
        if !id.is_empty() && self.uri.strip_prefix('#') == Some(id) {
            Ok(self)
        } else {
            Err(Distrust::Signature("is over another element"))
        }
    }
}

/// Reads what is signed, from the bytes that are.
fn signed_info(document: &Document<'_>, signature: NodeId, keys: &[Certificate]) -> Result<Reference, Distrust> {
    let part = |name| only(document, signature, (DSIG, name)).ok_or(Distrust::Missing(name));
    let (info, value) = (part("SignedInfo")?, part("SignatureValue")?);
    let method = only(document, info, (DSIG, "CanonicalizationMethod"));
    let method = method.ok_or(Distrust::Missing("CanonicalizationMethod"))?;
    let prefixes = only(document, method, (EXCLUSIVE_C14N, "InclusiveNamespaces"));
    let prefixes = prefixes.and_then(|list| document.get_attribute(list, "PrefixList")).map(words).unwrap_or_default();
    if prefixes.len() > MOST_PREFIXES {
        return Err(Distrust::Signature("names more prefixes than anybody needs"));
    }
    let bytes = canonical(document, &NodeSet::tree_without_comments(info, document), &prefixes)?;
    let signed = Element::message(utf8(&bytes)?)?;
    let uri = signed.one(DSIG, "SignatureMethod")?.demand("Algorithm")?;
    let value = decoded(&document.text_content_deep(value)).ok_or(Distrust::Signature("is no base64"))?;
    by_one_of(keys, uri, &bytes, &value)?;
    reference(&signed)
}

/// Checks that one of these keys made a signature.
pub fn by_one_of(keys: &[Certificate], uri: &str, input: &[u8], signature: &[u8]) -> Result<(), Distrust> {
    let mut verdict = Err(Distrust::Signature("there is no key to check it with"));
    for key in keys {
        verdict = algorithm::verify(uri, &key.key, input, signature);
        if verdict.is_ok() {
            return Ok(());
        }
    }
    verdict
}

/// The only reference, with the only transforms that are taken.
fn reference(signed: &Element) -> Result<Reference, Distrust> {
    let canonicalization = signed.one(DSIG, "CanonicalizationMethod")?.demand("Algorithm")?;
    if canonicalization != EXCLUSIVE_C14N {
        return Err(Distrust::Algorithm(canonicalization.to_owned()));
    }
    let reference = signed.one(DSIG, "Reference")?;
    let transforms: Vec<&Element> = reference.one(DSIG, "Transforms")?.children.iter().collect();
    let [enveloped, exclusive] = transforms.as_slice() else {
        return Err(Distrust::Signature("has other transforms than it may"));
    };
    for (transform, expected) in [(enveloped, ENVELOPED), (exclusive, EXCLUSIVE_C14N)] {
        if !transform.is(DSIG, "Transform") || transform.attribute("Algorithm") != Some(expected) {
            return Err(Distrust::Signature("has other transforms than it may"));
        }
    }
    if !enveloped.children.is_empty() {
        return Err(Distrust::Signature("has other transforms than it may"));
    }
    let list = exclusive.at_most_one(EXCLUSIVE_C14N, "InclusiveNamespaces")?;
    let value = decoded(reference.one(DSIG, "DigestValue")?.text()?);
    Ok(Reference {
        uri: reference.demand("URI")?.to_owned(),
        digest: reference.one(DSIG, "DigestMethod")?.demand("Algorithm")?.to_owned(),
        value: value.ok_or(Distrust::Signature("has a digest that is no base64"))?,
        prefixes: list.and_then(|list| list.attribute("PrefixList")).map(words).unwrap_or_default(),
    })
}

/// The only child of this name.
fn only(document: &Document<'_>, parent: NodeId, (namespace, name): (&str, &str)) -> Option<NodeId> {
    match document.child_elements_by_name_ns(parent, namespace, name).as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

fn canonical(document: &Document<'_>, nodes: &NodeSet, prefixes: &[String]) -> Result<Vec<u8>, Distrust> {
    let bytes = canonicalize_doc(document, C14nMode::Exclusive, Some(nodes), prefixes);
    bytes.map_err(|error| Distrust::Xml(error.to_string()))
}

fn utf8(bytes: &[u8]) -> Result<&str, Distrust> {
    std::str::from_utf8(bytes).map_err(|_| Distrust::Encoding("not UTF-8"))
}

fn words(list: &str) -> Vec<String> {
    list.split_ascii_whitespace().map(str::to_owned).collect()
}

/// Signs a document of ours: `build` writes it around the signature that it is given, which is nothing at first.
pub fn signed(build: impl Fn(&str) -> String, id: &str, key: &OwnKey) -> Result<String, NoKey> {
    let bare = build("");
    let unwritten = |error: Distrust| NoKey::of(&error);
    let document = parse(&bare, Remarks::Refused).map_err(unwritten)?;
    let root = document.document_element().ok_or_else(|| unwritten(Distrust::Missing("the root element")))?;
    let nodes = NodeSet::tree_without_comments(root, &document);
    let bytes = canonical(&document, &nodes, &[]).map_err(unwritten)?;
    let digest = base64(&algorithm::digest(SHA256, &bytes).map_err(unwritten)?);
    // Written as its own canonical form, but for the namespace, which stands on the element around it.
    let content = format!(
        "<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE_C14N}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{ENVELOPED}\"></ds:Transform>\
         <ds:Transform Algorithm=\"{EXCLUSIVE_C14N}\"></ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"{SHA256}\"></ds:DigestMethod>\
         <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
    );
    let input = format!("<ds:SignedInfo xmlns:ds=\"{DSIG}\">{content}</ds:SignedInfo>");
    let value = base64(&key.sign(input.as_bytes())?);
    Ok(build(&format!(
        "<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo>{content}</ds:SignedInfo>\
         <ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>\
         <ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
        key.certificate()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::samples::{certificate, key};

    #[test]
    fn what_we_sign_is_what_is_read() {
        let build = |signature: &str| format!("<a ID=\"_1\" xmlns=\"u\"><b c=\"d\"> e </b>{signature}</a>");
        let text = signed(build, "_1", key()).unwrap();
        let read = verified(&text, Covered::Root, &[certificate()]).unwrap();
        assert_eq!(read.one("u", "b").unwrap().text(), Ok("e"));
        assert!(!is_signed(&read), "the signature is no part of what it covers");
        for (from, to) in [(" e ", " f "), ("c=\"d\"", "c=\"e\""), ("<b", "<x/><b"), ("rsa-sha256", "rsa-sha512")] {
            assert!(verified(&text.replacen(from, to, 1), Covered::Root, &[certificate()]).is_err(), "{from}");
        }
        assert!(verified(&text, Covered::Root, &[]).is_err());
    }

    #[test]
    fn a_stranger_may_not_make_us_work() {
        let text = signed(|signature| format!("<a ID=\"_1\" xmlns=\"u\">{signature}</a>"), "_1", key()).unwrap();
        let told = |count: usize| {
            let prefixes = vec!["ab"; count].join(" ");
            let list = format!("<e:InclusiveNamespaces xmlns:e=\"{EXCLUSIVE_C14N}\" PrefixList=\"{prefixes}\"/>");
            let method = format!("<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE_C14N}\">");
            let text = text.replacen(&method, &format!("{method}{list}"), 1);
            format!("{:?}", verified(&text, Covered::Root, &[certificate()]))
        };
        assert!(told(MOST_PREFIXES + 1).contains("more prefixes"), "{}", told(MOST_PREFIXES + 1));
        assert!(!told(MOST_PREFIXES).contains("more prefixes"), "{}", told(MOST_PREFIXES));
    }
}
