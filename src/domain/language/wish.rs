//! What languages somebody reads: `Accept-Language` (RFC 9110 section 12.5.4) and `ui_locales` (OpenID Connect Core 1.0
//! section 3.1.2.1), matched by lookup (RFC 4647 section 3.4).

/// More wishes than these are not read.
const MOST: usize = 20;

/// The ranges of an `Accept-Language` header, the best first; what is not wanted at all is left out.
pub fn by_header(header: &str) -> Vec<&str> {
    let mut wishes: Vec<(&str, u16)> = header.split(',').take(MOST).filter_map(weighed).collect();
    wishes.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    wishes.into_iter().map(|(range, _)| range).collect()
}

/// The tags of `ui_locales`, the best first.
pub fn by_parameter(ui_locales: &str) -> Vec<&str> {
    ui_locales.split(' ').filter(|tag| !tag.is_empty()).take(MOST).collect()
}

/// A range with its weight in thousandths; `None` for what is not wanted or cannot be read.
fn weighed(wish: &str) -> Option<(&str, u16)> {
    let mut parts = wish.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let weight = match parts.next() {
        None => 1_000,
        Some(weight) => thousandths(weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?)?,
    };
    (weight > 0).then_some((range, weight))
}

/// `0.8` as 800 (RFC 9110 section 12.4.2).
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, rest) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = rest.len() <= 3 && rest.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = || format!("{rest:0<3}").parse::<u16>().ok();
    match whole {
        "0" if digits => fraction(),
        "1" if digits && fraction()? == 0 => Some(1_000),
        _ => None,
    }
}

/// A range, and what is left of it when it is shortened step by step: `zh-Hant-TW`, `zh-Hant`, `zh`.
pub fn shortened(range: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(range), |range| {
        let (shorter, _) = range.rsplit_once('-')?;
        // A single letter only introduces what was cut off.
        match shorter.rsplit_once('-') {
            Some((rest, last)) if last.len() == 1 => Some(rest),
            _ => Some(shorter),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_by_its_weights() {
        for (header, wishes) in [
            ("de", vec!["de"]),
            ("en;q=0.5, de-AT, fr;q=0.75", vec!["de-AT", "fr", "en"]),
            ("en, de", vec!["en", "de"]),
            ("de;q=0, en;q=0.001", vec!["en"]),
            ("de; q=1.000 , *;q=0.1", vec!["de", "*"]),
            ("de;q=2, fr;q=, it;level=1, ;q=1, es;q=0.1234, ,", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(by_header(header), wishes, "{header}");
        }
        assert_eq!(by_header(&"x,".repeat(5_000)).len(), MOST);
    }

    #[test]
    fn a_parameter_is_read_in_its_order() {
        assert_eq!(by_parameter("fr-CA fr  en"), ["fr-CA", "fr", "en"]);
        assert_eq!(by_parameter(&"x ".repeat(5_000)).len(), MOST);
    }

    #[test]
    fn a_range_is_shortened_step_by_step() {
        let steps = |range| shortened(range).collect::<Vec<_>>();
        assert_eq!(
            steps("zh-Hant-CN-x-private1-private2"),
            ["zh-Hant-CN-x-private1-private2", "zh-Hant-CN-x-private1", "zh-Hant-CN", "zh-Hant", "zh"]
        );
        assert_eq!(steps("de"), ["de"]);
    }
}
