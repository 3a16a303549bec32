//! What is asked of a list: `?limit&cursor` and its filters.

use super::FieldError;
use crate::protocol::params::Params;

/// Items on a page that says nothing.
pub const USUAL: usize = 50;
/// Most items on a page.
pub const MOST: usize = 200;

/// Which page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// 1 to [`MOST`].
    pub limit: usize,
    /// The `next` of an earlier page; sealed by us, opened by the list it belongs to.
    pub cursor: Option<String>,
}

impl Default for Listing {
    fn default() -> Self {
        Self { limit: USUAL, cursor: None }
    }
}

impl Listing {
    /// Reads a query. A parameter that the list does not know is refused: a filter with a slip in its name would
    /// otherwise show everything.
    pub fn read(query: &Params, filters: &[&str]) -> Result<Self, FieldError> {
        let mut seen: Vec<&str> = Vec::new();
        for name in query.names() {
            if !["limit", "cursor"].contains(&name) && !filters.contains(&name) {
                return Err(FieldError::new(name, "is not a parameter of this list"));
            }
            if seen.contains(&name) {
                return Err(FieldError::new(name, "is repeated"));
            }
            seen.push(name);
        }
        let limit = match query.first("limit") {
            None => USUAL,
            Some(text) => {
                let limit = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
                let fits = limit.filter(|limit| (1..=MOST).contains(limit));
                fits.ok_or_else(|| FieldError::new("limit", format!("must be a number from 1 to {MOST}")))?
            }
        };
        Ok(Self { limit, cursor: query.first("cursor").map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Listing, String> {
        let params = Params::parse(query.as_bytes()).unwrap();
        Listing::read(&params, &["username"]).map_err(|error| error.field)
    }

    #[test]
    fn reads_a_page_and_names_what_is_wrong() {
        assert_eq!(read(""), Ok(Listing::default()));
        assert_eq!(read("limit=200&cursor=x&username=y"), Ok(Listing { limit: 200, cursor: Some("x".into()) }));
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=-1", "limit"),
            ("limit=%2B5", "limit"),
            ("limit=x", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("limit=1&limit=2", "limit"),
            ("user=x", "user"),
            ("username=a&username=b", "username"),
        ] {
            assert_eq!(read(query), Err(field.into()), "{query}");
        }
    }
}
