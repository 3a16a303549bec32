//! What a browser says it is.

use woothee::parser::Parser;

use super::language::Phrase;

/// A device as people name it, such as "Firefox on Linux".
pub fn name(user_agent: Option<&str>) -> Phrase {
    let named =
        user_agent.and_then(|agent| Parser::new().parse(agent)).and_then(|found| match (found.name, found.os) {
            ("UNKNOWN", _) => None,
            (name, "UNKNOWN") => Some(Phrase::Text(name.to_owned())),
            (name, os) => Some(Phrase::of("device").with("browser", name).with("system", os)),
        });
    named.unwrap_or_else(|| Phrase::of("device-unknown"))
}

/// Whether it fits into a hand.
pub fn is_handheld(user_agent: Option<&str>) -> bool {
    let found = user_agent.and_then(|agent| Parser::new().parse(agent));
    found.is_some_and(|found| matches!(found.category, "smartphone" | "mobilephone"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
        assert_eq!(name(Some(firefox)), Phrase::of("device").with("browser", "Firefox").with("system", "Linux"));
        assert!(!is_handheld(Some(firefox)));
        assert_eq!((name(Some("x")), name(None)), (Phrase::of("device-unknown"), Phrase::of("device-unknown")));
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
        assert!(is_handheld(Some(iphone)), "{:?}", name(Some(iphone)));
    }
}
