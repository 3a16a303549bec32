//! Levels of authentication: a level is a place in one ordered list, and whoever reached one reached those before it
//! (OpenID Connect Core 1.0 section 2; RFC 9470 section 4).

/// Every level that can be reached here, the weakest first (RFC 9470 leaves the names to the server).
pub const LEVELS: [&str; 1] = [PASSWORD];
/// A password alone.
pub const PASSWORD: &str = "urn:doorward:acr:password";

fn rank(level: &str, levels: &[&str]) -> Option<usize> {
    levels.iter().position(|known| *known == level)
}

/// Whether one of these levels can be reached here at all.
pub fn is_known(wanted: &[String]) -> bool {
    wanted.iter().any(|level| rank(level, &LEVELS).is_some())
}

/// Whether a level is one of those that are wanted, or above one of them. Nothing wanted is always reached.
pub fn is_reached(reached: &str, wanted: &[String]) -> bool {
    wanted.is_empty() || shown(reached, wanted).is_some()
}

/// The wanted level to which somebody's own amounts: itself, or the highest below it (OpenID Connect Core 1.0 section
/// 5.5.1.1: what is told is one of those that were asked for).
pub fn shown<'a>(reached: &'a str, wanted: &'a [String]) -> Option<&'a str> {
    shown_of(reached, wanted, &LEVELS)
}

fn shown_of<'a>(reached: &'a str, wanted: &'a [String], levels: &[&str]) -> Option<&'a str> {
    if wanted.iter().any(|level| level == reached) {
        return Some(reached);
    }
    let own = rank(reached, levels)?;
    let below = wanted.iter().filter_map(|level| Some((rank(level, levels)?, level))).filter(|(rank, _)| *rank <= own);
    below.max().map(|(_, level)| level.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_level_amounts_to_the_lower_ones_and_never_the_reverse() {
        let levels = ["one", "two", "three"];
        let shown = |reached, wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|level| (*level).to_owned()).collect();
            shown_of(reached, &wanted, &levels).map(str::to_owned)
        };
        for (reached, wanted, expected) in [
            ("two", &["two"][..], Some("two")),
            ("two", &["one", "three"], Some("one")),
            ("three", &["one", "two"], Some("two")),
            ("three", &["two", "three"], Some("three")),
            ("one", &["two", "three"], None),
            ("one", &["unknown"], None),
            ("elsewhere", &["one"], None),
            ("elsewhere", &["elsewhere"], Some("elsewhere")),
            ("one", &[], None),
        ] {
            assert_eq!(shown(reached, wanted).as_deref(), expected, "{reached} {wanted:?}");
        }
    }

    #[test]
    fn nothing_wanted_is_reached() {
        let wanted = |levels: &[&str]| levels.iter().map(|level| (*level).to_owned()).collect::<Vec<_>>();
        assert!(is_reached("anything", &[]) && is_reached(PASSWORD, &wanted(&["other", PASSWORD])));
        assert!(!is_reached(PASSWORD, &wanted(&["other"])));
        assert!(is_known(&wanted(&["other", PASSWORD])) && !is_known(&wanted(&["other"])) && !is_known(&[]));
    }
}
