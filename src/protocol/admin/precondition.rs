//! `If-Match` and the entity tags it names (RFC 9110 sections 8.8.3 and 13.1.1).

/// The entity tag of a version.
pub fn entity_tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// Which version a change is meant for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing was said.
    #[default]
    None,
    /// `*`: whichever there is.
    Any,
    /// One of these entity tags, as they were written. Weak and broken ones match nothing.
    OneOf(Vec<String>),
}

impl Precondition {
    /// Reads the header's value.
    pub fn read(header: Option<&str>) -> Self {
        match header.map(str::trim) {
            None => Self::None,
            Some("*") => Self::Any,
            Some(tags) => Self::OneOf(tags.split(',').map(|tag| tag.trim().to_owned()).collect()),
        }
    }

    pub fn admits(&self, version: i64) -> bool {
        match self {
            Self::None | Self::Any => true,
            Self::OneOf(tags) => tags.contains(&entity_tag(version)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_strong_tag_of_this_version_fits() {
        for (header, fits) in [
            (None, true),
            (Some("*"), true),
            (Some("\"7\""), true),
            (Some(" \"6\" , \"7\""), true),
            (Some("\"6\""), false),
            (Some("W/\"7\""), false),
            (Some("7"), false),
            (Some(""), false),
            (Some("\"77\""), false),
        ] {
            assert_eq!(Precondition::read(header).admits(7), fits, "{header:?}");
        }
    }
}
