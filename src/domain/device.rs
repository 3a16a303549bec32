//! What a browser says it is.

use woothee::parser::Parser;

/// A device as people name it, such as "Firefox on Linux".
pub fn name(user_agent: Option<&str>) -> String {
    let named =
        user_agent.and_then(|agent| Parser::new().parse(agent)).and_then(|found| match (found.name, found.os) {
            ("UNKNOWN", _) => None,
            (name, "UNKNOWN") => Some(name.to_owned()),
            (name, os) => Some(format!("{name} on {os}")),
        });
    named.unwrap_or_else(|| "Unknown device".into())
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
        assert_eq!(name(Some(firefox)), "Firefox on Linux");
        assert!(!is_handheld(Some(firefox)));
        assert_eq!((name(Some("x")), name(None)), ("Unknown device".into(), "Unknown device".into()));
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
        assert!(is_handheld(Some(iphone)), "{}", name(Some(iphone)));
    }
}
