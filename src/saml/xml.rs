//! XML as it may come: one strict reader for everything, without documents types, entities, processing instructions and, in
//! messages, comments (OWASP ASVS 5.0 1.5.1; SAML Core section 1.3).

use std::borrow::Cow;

use uppsala::{Document, NodeId, NodeKind, Parser};

use super::Distrust;

/// The longest document that is read, in bytes.
pub const LONGEST: usize = 512 * 1024;
/// The deepest nesting.
const DEEPEST: u32 = 40;

/// What a document may hold besides elements and text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remarks {
    /// Metadata is written by people.
    Allowed,
    /// Messages are not, and a comment in a name has cut names off.
    Refused,
}

/// Reads a document. Every prefix is declared, no identifier stands twice.
pub fn parse(text: &str, remarks: Remarks) -> Result<Document<'_>, Distrust> {
    let refuse = |why: &str| Err(Distrust::Xml(why.to_owned()));
    if text.len() > LONGEST {
        return refuse("too long");
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parser = Parser::new().with_forbid_dtd(true).with_forbid_entities(true).with_max_depth(DEEPEST);
    let document = parser.parse(text).map_err(|error| Distrust::Xml(error.to_string()))?;
    if let Some(declared) = &document.xml_declaration {
        let utf8 = declared.encoding.as_ref().is_none_or(|encoding| encoding.eq_ignore_ascii_case("utf-8"));
        if declared.version != "1.0" || !utf8 {
            return refuse("not XML 1.0 in UTF-8");
        }
    }
    let mut ids: Vec<&str> = Vec::new();
    for node in document.descendants(document.root()) {
        match document.node_kind(node) {
            Some(NodeKind::Comment(_)) if remarks == Remarks::Refused => return refuse("a comment"),
            Some(NodeKind::ProcessingInstruction(_)) => return refuse("a processing instruction"),
            Some(NodeKind::Element(element)) => {
                let names = element.attributes.iter();
                let is_id = |name: &str| name.eq_ignore_ascii_case("id");
                ids.extend(names.filter(|own| is_id(&own.name.local_name)).map(|own| own.value.as_ref()));
            }
            _ => {}
        }
    }
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return refuse("an identifier stands twice");
    }
    Ok(document)
}

/// An element that was read to its end, with nothing of the document around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    pub namespace: String,
    pub name: String,
    /// Those without a namespace; SAML has no others.
    attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// All text that stands directly in it.
    text: String,
}

impl Element {
    /// The root of a message.
    pub fn message(text: &str) -> Result<Self, Distrust> {
        Self::root(text, Remarks::Refused)
    }

    /// The root of a document.
    pub fn root(text: &str, remarks: Remarks) -> Result<Self, Distrust> {
        let document = parse(text, remarks)?;
        let root = document.document_element().ok_or(Distrust::Missing("the root element"))?;
        Ok(Self::of(&document, root))
    }

    fn of(document: &Document<'_>, id: NodeId) -> Self {
        let mut element = document.element(id).map_or_else(Self::default, |own| {
            let plain = own.attributes.iter().filter(|attribute| attribute.name.namespace_uri.is_none());
            Self {
                namespace: own.name.namespace_uri.as_deref().unwrap_or_default().to_owned(),
                name: own.name.local_name.to_string(),
                attributes: plain.map(|own| (own.name.local_name.to_string(), own.value.to_string())).collect(),
                ..Self::default()
            }
        });
        for child in document.children(id) {
            match document.node_kind(child) {
                Some(NodeKind::Element(_)) => element.children.push(Self::of(document, child)),
                Some(NodeKind::Text(text) | NodeKind::CData(text)) => element.text.push_str(text),
                _ => {}
            }
        }
        element
    }

    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// An attribute that must be there.
    pub fn demand(&self, name: &'static str) -> Result<&str, Distrust> {
        self.attribute(name).ok_or(Distrust::Missing(name))
    }

    /// The children of this name.
    pub fn all<'a>(&'a self, namespace: &'a str, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.is(namespace, name))
    }

    /// The only child of this name.
    pub fn one<'a>(&'a self, namespace: &'a str, name: &'static str) -> Result<&'a Self, Distrust> {
        self.at_most_one(namespace, name)?.ok_or(Distrust::Missing(name))
    }

    /// The only child of this name, if there is one.
    pub fn at_most_one<'a>(&'a self, namespace: &'a str, name: &'static str) -> Result<Option<&'a Self>, Distrust> {
        let mut found = self.all(namespace, name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Distrust::Missing(name)),
            (only, None) => Ok(only),
        }
    }

    /// The whole text of an element that holds nothing else, without space around it.
    pub fn text(&self) -> Result<&str, Distrust> {
        if self.children.is_empty() { Ok(self.text.trim()) } else { Err(Distrust::wrong("a text", "an element")) }
    }

    /// Whether an element of this name stands anywhere below.
    pub fn holds(&self, namespace: &str, name: &str) -> bool {
        self.children.iter().any(|child| child.is(namespace, name) || child.holds(namespace, name))
    }
}

/// A text as it stands in an element or a quoted attribute.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'', '\t', '\n', '\r']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_no_message_holds() {
        for (text, why) in [
            ("", "nothing"),
            ("<a>", "not closed"),
            ("<a/><b/>", "two roots"),
            ("<!DOCTYPE a><a/>", "a document type"),
            ("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "an entity"),
            ("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "an external document type"),
            ("<a>&x;</a>", "an unknown entity"),
            ("<a><!-- b --></a>", "a comment"),
            ("<!-- b --><a/>", "a comment before"),
            ("<a><?b c?></a>", "a processing instruction"),
            ("<p:a/>", "an undeclared prefix"),
            ("<a b='1' b='2'/>", "an attribute twice"),
            ("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", "an attribute twice by two prefixes"),
            ("<a ID='1'><b Id='1'/></a>", "an identifier twice"),
            ("<?xml version='1.1'?><a/>", "XML 1.1"),
            ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "another encoding"),
            (&"<a>".repeat(41), "too deep"),
            (&format!("<a>{}</a>", "x".repeat(LONGEST)), "too long"),
        ] {
            assert!(Element::message(text).is_err(), "{why}: {}", &text[..text.len().min(80)]);
        }
    }

    #[test]
    fn a_text_is_all_of_it() {
        let read = |text: &str| Element::message(text).unwrap().text().map(str::to_owned);
        assert_eq!(read("<a> x<![CDATA[<y>]]>&amp;z </a>"), Ok("x<y>&z".into()));
        assert!(read("<a>x<b/>y</a>").is_err());
        let metadata = Element::root("<!-- by hand --><a>x<!-- no -->y</a>", Remarks::Allowed).unwrap();
        assert_eq!(metadata.text(), Ok("xy"));
    }

    #[test]
    fn names_are_of_a_namespace_whatever_the_prefix() {
        let element = Element::message("<p:a xmlns:p='u' p:x='1' x='2'><b xmlns='u'/><b/></p:a>").unwrap();
        assert!(element.is("u", "a") && element.attribute("x") == Some("2"));
        assert_eq!((element.all("u", "b").count(), element.all("", "b").count()), (1, 1));
        assert!(element.one("u", "b").is_ok() && element.one("u", "c").is_err() && element.holds("u", "b"));
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let text = "a&b<c>\"d\"'e'";
        let element = Element::message(&format!("<a b=\"{0}\">{0}</a>", escaped(text))).unwrap();
        assert_eq!((element.attribute("b"), element.text()), (Some(text), Ok(text)));
    }
}
