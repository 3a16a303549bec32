//! Levels of authentication: a level is a place in one ordered list, and whoever reached one reached those before it
//! (OpenID Connect Core 1.0 section 2; RFC 9470 section 4).

/// Every level that can be reached here, the weakest first (RFC 9470 leaves the names to the server).
pub const LEVELS: [&str; 4] = [PASSWORD, MFA, PASSKEY, BOUND];
/// A code that was mailed: below every level, and what policy asks for is never reached by it.
pub const MAIL: &str = "urn:doorward:acr:mail";
/// A password alone.
pub const PASSWORD: &str = "urn:doorward:acr:password";
/// Two factors, one of them perhaps a code that somebody typed.
pub const MFA: &str = "urn:doorward:acr:mfa";
/// A passkey that knew its owner: two factors that nobody can be talked out of.
pub const PASSKEY: &str = "urn:doorward:acr:passkey";
/// A passkey that, by its own word, never leaves its device.
pub const BOUND: &str = "urn:doorward:acr:bound-passkey";

fn rank(level: &str, levels: &[&str]) -> Option<usize> {
    levels.iter().position(|known| *known == level)
}

/// Whether one of these levels can be reached here at all.
pub fn is_known(wanted: &[String]) -> bool {
    wanted.iter().any(|level| rank(level, &LEVELS).is_some())
}

/// The level of this name, if it can be reached here.
pub fn known(name: &str) -> Option<&'static str> {
    LEVELS.into_iter().find(|level| *level == name)
}

/// Whether a level is another one or above it. A level that nobody here knows is above nothing.
pub fn is_at_least(level: &str, other: &str) -> bool {
    level == other || rank(level, &LEVELS).is_some_and(|own| rank(other, &LEVELS).is_some_and(|other| own >= other))
}

/// The higher of two levels.
pub fn higher<'a>(one: &'a str, other: &'a str) -> &'a str {
    if rank(one, &LEVELS) < rank(other, &LEVELS) { other } else { one }
}

/// The lowest of those of these levels that can be reached here: whoever reaches it reaches one of them.
pub fn lowest(wanted: &[String]) -> Option<&'static str> {
    LEVELS.into_iter().find(|level| wanted.iter().any(|wanted| wanted == level))
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
    fn levels_are_in_one_order() {
        for (at, low) in LEVELS.iter().enumerate() {
            for (other, high) in LEVELS.iter().enumerate() {
                assert_eq!(is_at_least(high, low), other >= at, "{high} {low}");
                assert_eq!(higher(low, high), LEVELS[at.max(other)]);
            }
            assert_eq!(known(low), Some(*low));
            assert!(is_at_least(low, low) && !is_at_least("other", low) && !is_at_least(low, "other"));
        }
        let wanted = |levels: &[&str]| levels.iter().map(|level| (*level).to_owned()).collect::<Vec<_>>();
        assert_eq!(lowest(&wanted(&["other", PASSKEY, MFA])), Some(MFA));
        assert_eq!((lowest(&wanted(&["other"])), lowest(&[]), known("other")), (None, None, None));
    }

    #[test]
    fn nothing_wanted_is_reached() {
        let wanted = |levels: &[&str]| levels.iter().map(|level| (*level).to_owned()).collect::<Vec<_>>();
        assert!(is_reached("anything", &[]) && is_reached(PASSWORD, &wanted(&["other", PASSWORD])));
        assert!(!is_reached(PASSWORD, &wanted(&["other"])));
        assert!(is_known(&wanted(&["other", PASSWORD])) && !is_known(&wanted(&["other"])) && !is_known(&[]));
    }
}
