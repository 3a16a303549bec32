//! Request parameters, `application/x-www-form-urlencoded` (RFC 6749 appendix B), strictly UTF-8.

use url::form_urlencoded::Serializer;

use super::error::{Refusal, invalid_request};
use crate::base::secret::Typed;

/// The only parameter that may be sent more than once (RFC 8707 section 2).
const REPEATABLE: &str = "resource";
/// More parameters than any request of any standard has.
const MOST: usize = 100;

/// The parameters of one request. An empty value counts as not sent (RFC 6749 section 3.1).
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query string or a form body.
    pub fn parse(encoded: &[u8]) -> Result<Self, Refusal> {
        let mut pairs = Vec::new();
        for piece in encoded.split(|&b| b == b'&').filter(|piece| !piece.is_empty()) {
            let mut halves = piece.splitn(2, |&b| b == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            if pairs.len() == MOST {
                return Err(invalid_request("too many parameters"));
            }
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        Ok(Self(pairs))
    }

    /// Parameters that came in another form than this encoding; the same bounds hold.
    pub fn of(pairs: Vec<(String, String)>) -> Result<Self, Refusal> {
        if pairs.len() > MOST {
            return Err(invalid_request("too many parameters"));
        }
        if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(invalid_request("a parameter holds a NUL"));
        }
        Ok(Self(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// As [`Params::parse`] reads them.
    pub fn encoded(&self) -> String {
        Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// These parameters, and of the others those that are not among these.
    #[must_use]
    pub fn over(self, others: &Self) -> Self {
        let beside = others.0.iter().filter(|(name, _)| self.0.iter().all(|(own, _)| own != name)).cloned();
        let beside: Vec<_> = beside.collect();
        Self(self.0.into_iter().chain(beside).collect())
    }

    /// The parameters that `keep` wants.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// Refuses a request in which any parameter stands twice (RFC 6749 section 3.1).
    pub fn refuse_repeated(&self) -> Result<(), Refusal> {
        let repeated = |(i, (name, _)): (usize, &(String, String))| {
            name != REPEATABLE && self.0[..i].iter().any(|(earlier, _)| earlier == name)
        };
        if self.0.iter().enumerate().any(repeated) {
            return Err(invalid_request("a parameter is repeated"));
        }
        Ok(())
    }

    /// The parameter's value; refused when it stands more than once.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(invalid_request("a parameter is repeated")),
            (value, None) => Ok(value),
        }
    }

    /// The parameter's value, or a refusal with the sentence given.
    pub fn required(&self, name: &str, missing: &'static str) -> Result<&str, Refusal> {
        self.one(name)?.ok_or(invalid_request(missing))
    }

    /// The first value, for pages that have nobody to refuse to.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The names as they were sent, repeated ones too.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Every value of a repeatable parameter.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(n, _)| n == name).map(|(_, value)| value.clone()).collect()
    }

    /// A password or another secret that was typed.
    pub fn typed(&self, name: &str) -> Typed {
        Typed::new(self.first(name).unwrap_or_default().to_owned())
    }
}

fn decode(encoded: &[u8]) -> Result<String, Refusal> {
    let mut out = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(&byte) = rest.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (rest.next().copied().and_then(hex), rest.next().copied().and_then(hex));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(invalid_request("a parameter is not percent-encoded"));
                };
                high << 4 | low
            }
            other => other,
        });
    }
    if out.contains(&0) {
        return Err(invalid_request("a parameter holds a NUL"));
    }
    String::from_utf8(out).map_err(|_| invalid_request("a parameter is not UTF-8"))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::error::Code;

    #[test]
    fn reads_what_forms_send() {
        let params = Params::parse(b"a=1+2%2b&b=&c=%E2%82%AC&resource=x&resource=y&&d").unwrap();
        assert_eq!(params.one("a").unwrap(), Some("1 2+"));
        assert_eq!(params.one("b").unwrap(), None);
        assert_eq!(params.one("c").unwrap(), Some("€"));
        assert_eq!(params.one("d").unwrap(), None);
        assert_eq!(params.all("resource"), ["x", "y"]);
        assert!(params.refuse_repeated().is_ok());
    }

    #[test]
    fn writes_what_it_reads() {
        let pairs =
            [("a", "1 2+&=%"), ("resource", "https://a/?x=ü"), ("resource", "€"), ("claims", r#"{"id_token":null}"#)];
        let params = Params::of(pairs.map(|(name, value)| (name.into(), value.into())).to_vec()).unwrap();
        assert_eq!(Params::parse(params.encoded().as_bytes()).unwrap().0, params.0);
        assert!(Params::of(vec![("state".into(), "a\0".into())]).is_err());
    }

    #[test]
    fn refuses_what_is_no_form() {
        for bytes in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%ff", b"a=\xff", b"a=%00", b"%c3=1"] {
            assert_eq!(Params::parse(bytes).err().unwrap().code, Code::InvalidRequest, "{bytes:?}");
        }
        assert!(Params::parse("a=1&".repeat(101).as_bytes()).is_err());
    }

    #[test]
    fn refuses_a_parameter_that_stands_twice() {
        let params = Params::parse(b"a=1&b=2&a=1").unwrap();
        assert!(params.one("a").is_err());
        assert!(params.one("b").is_ok());
        assert!(params.refuse_repeated().is_err());
    }
}
