//! Recovery codes: a set on paper, each code worth one proof (NIST SP 800-63B-4 section 3.1.2; OWASP ASVS 5.0 6.5.2, 6.5.4).

use crate::base::entropy::{Entropy, draw};
use crate::base::secret::{Typed, base32};
use crate::base::vault::TagKey;

/// How many codes a set has.
pub const CODES: usize = 10;
/// Random bytes of a code: 120 bits, so that a plain digest would do; ours is keyed all the same.
const BYTES: usize = 15;
/// Letters between two dashes.
const GROUP: usize = 4;

/// A code, in groups that people can copy.
pub fn code(entropy: &dyn Entropy) -> String {
    let letters = base32(&draw::<BYTES>(entropy));
    let groups: Vec<&str> = (0..letters.len()).step_by(GROUP).map(|at| &letters[at..at + GROUP]).collect();
    groups.join("-")
}

/// What is kept of a code, however it was typed: with or without dashes, in any case, with the digits that are taken for
/// letters which no code has.
pub fn digest(key: &TagKey, typed: &Typed) -> [u8; 32] {
    let letter = |letter: char| match letter.to_ascii_uppercase() {
        '0' => 'O',
        '1' => 'I',
        '8' => 'B',
        other => other,
    };
    let plain: String = typed.expose().chars().filter(char::is_ascii_alphanumeric).map(letter).collect();
    key.tag(plain.as_bytes())
}

const _: () = assert!(BYTES * 8 >= 112, "a digest without a costly hash needs 112 bits");
const _: () = assert!((BYTES * 8).is_multiple_of(5 * GROUP), "codes are made of whole groups");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::base::vault::RootKey;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let (dice, key) = (SeededEntropy::new(1), RootKey::new([7; 32]).tag_key("test"));
        let code = code(&dice);
        assert_eq!((code.len(), code.split('-').count()), (29, 6), "{code}");
        let kept = digest(&key, &Typed::new(code.clone()));
        for typed in [code.to_lowercase(), code.replace('-', ""), code.replace('-', " "), code.replace('O', "0")] {
            assert_eq!(digest(&key, &Typed::new(typed.clone())), kept, "{typed}");
        }
        assert_ne!(digest(&key, &Typed::new(super::code(&dice))), kept);
        assert_ne!(
            digest(&RootKey::new([8; 32]).tag_key("test"), &Typed::new(code)),
            kept,
            "a stolen digest is no proof"
        );
    }
}
