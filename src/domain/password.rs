//! Passwords: what is taken, how it is hashed (argon2id, RFC 9106) and checked. Pure CPU; flows bound how many run at once.
//!
//! The normal form NFC is hashed, nothing else is changed: no cut, no case fold, no trim (NIST SP 800-63B-4 section 3.1.1.2).

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;
use zxcvbn::Score;

use super::user::username_key;
use crate::base::entropy::{Entropy, draw};
use crate::base::secret::{Typed, sha1};

/// Fewest characters of a password that stands alone.
pub const SHORTEST: usize = 15;
/// Most characters; longer ones are refused before they are hashed.
pub const LONGEST: usize = 128;
/// Most bytes those characters may take.
const LONGEST_BYTES: usize = 512;

/// The cost of a hash: memory in KiB, passes, lanes.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub memory: u32,
    pub passes: u32,
    pub lanes: u32,
}

/// m=19 MiB, t=2, p=1 (OWASP ASVS 5.0 appendix C).
pub const COST: Cost = Cost { memory: 19 * 1024, passes: 2, lanes: 1 };

/// Why a new password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    #[error("must have at least {SHORTEST} characters")]
    Short,
    #[error("must have at most {LONGEST} characters")]
    Long,
    #[error("is too easy to guess: it repeats or counts")]
    Monotonous,
    #[error("is too easy to guess: most of it is the user name or the name of this service")]
    Contextual,
    #[error("is too easy to guess: it is on the list of common passwords")]
    Common,
    #[error(
        "is too easy to guess: it is made of common words, names, dates or patterns; add words that do not belong together"
    )]
    Guessable,
    #[error("was found in passwords that were stolen elsewhere, so it is among the first to be tried")]
    Breached,
    #[error("must be another one than before")]
    Same,
}

/// Common passwords that are long enough to pass the length rule, one a line, in lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// What a password must not be made of: what everybody knows of its person and of this service.
#[derive(Clone, Debug, Default)]
pub struct Context {
    words: Vec<String>,
}

impl Context {
    /// The user name, the mail address and its parts, the names of the person and of this service.
    pub fn of(username: &str, claims: &Map<String, Value>, issuer: &str) -> Self {
        let mut words = vec!["doorward".to_owned(), username_key(username)];
        let named = ["email", "name", "given_name", "family_name", "nickname", "preferred_username", "birthdate"];
        let texts = named.iter().filter_map(|name| claims.get(*name)?.as_str());
        let issuer = issuer.split_once("://").map_or(issuer, |(_, rest)| rest).split(['/', ':']).next();
        for text in texts.chain(issuer) {
            let text = username_key(text);
            let parts = text.split(['@', '.', ' ']).flat_map(|part| part.split('-').chain([part]));
            words.extend(parts.filter(|part| part.chars().count() >= 4).map(str::to_owned));
            words.push(text);
        }
        Self { words }
    }
}

/// Checks a new password. There are no composition rules.
pub fn check(password: &Typed, context: &Context) -> Result<(), Weak> {
    let text = normal(password);
    let length = text.chars().count();
    if length < SHORTEST {
        return Err(Weak::Short);
    }
    if length > LONGEST || text.len() > LONGEST_BYTES {
        return Err(Weak::Long);
    }
    let folded = Zeroizing::new(text.to_lowercase());
    if is_monotonous(&folded) {
        return Err(Weak::Monotonous);
    }
    if context.words.iter().any(|word| covers_most(&folded, word)) {
        return Err(Weak::Contextual);
    }
    if COMMON.lines().any(|line| line == folded.as_str()) {
        return Err(Weak::Common);
    }
    let words: Vec<&str> = context.words.iter().map(String::as_str).collect();
    if zxcvbn::zxcvbn(&text, &words).score() < Score::Three {
        return Err(Weak::Guessable);
    }
    Ok(())
}

/// The SHA-1 under which lists of stolen passwords know a password, in capital hexadecimal digits.
pub fn fingerprint(password: &Typed) -> Zeroizing<String> {
    let digest = sha1(normal(password).as_bytes());
    Zeroizing::new(digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02X}")))
}

/// Whether a few characters repeat or every character follows the one before.
fn is_monotonous(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let mut distinct = chars.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let counts =
        |step: i64| chars.windows(2).all(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0])) == step);
    distinct.len() < 5 || counts(1) || counts(-1)
}

/// Whether less than half a password's shortest length is left once a word is taken out.
fn covers_most(text: &str, word: &str) -> bool {
    word.chars().count() >= 4 && text.contains(word) && text.replace(word, "").chars().count() < SHORTEST / 2
}

fn normal(password: &Typed) -> Zeroizing<String> {
    Zeroizing::new(password.expose().nfc().collect())
}

/// The memory that hashes are worked out in, kept from one to the next: it is not given back and asked for page by page.
#[derive(Default)]
pub struct Workspace(Vec<Block>);

impl Workspace {
    /// Fills `out`; `None` where argon2 does not take what it is given.
    fn work_out(&mut self, argon2: &Argon2<'_>, password: &[u8], salt: &[u8], out: &mut [u8]) -> Option<()> {
        let blocks = argon2.params().block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::new());
        }
        argon2.hash_password_into_with_memory(password, salt, out, &mut self.0[..blocks]).ok()
    }
}

/// Hashes a password under a fresh 128-bit salt; a PHC string.
pub fn hash(password: &Typed, cost: Cost, entropy: &dyn Entropy, workspace: &mut Workspace) -> String {
    let (argon2, salt) = (argon2(cost), draw::<16>(entropy));
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    #[expect(clippy::expect_used, reason = "the cost is one of ours, the salt is 16 bytes and the input is bounded")]
    workspace.work_out(&argon2, normal(password).as_bytes(), &salt, &mut out).expect("argon2 takes these parameters");
    phc(&argon2, &salt, &out)
}

/// What looks like a hash and is none of any password: verifying it costs what any costs.
pub fn decoy(cost: Cost, entropy: &dyn Entropy) -> String {
    phc(&argon2(cost), &draw::<16>(entropy), &draw(entropy))
}

fn argon2(cost: Cost) -> Argon2<'static> {
    let params = Params::new(cost.memory, cost.passes, cost.lanes, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn phc(argon2: &Argon2<'_>, salt: &[u8], out: &[u8; Params::DEFAULT_OUTPUT_LEN]) -> String {
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params()).unwrap_or_default(),
        salt: Salt::new(salt).ok(),
        hash: Output::new(out).ok(),
    };
    hash.to_string()
}

/// Whether the password is the one that was hashed. Over-long input costs the same as any other.
pub fn verify(password: &Typed, hash: &str, workspace: &mut Workspace) -> bool {
    let text = normal(password);
    let fits = text.len() <= LONGEST_BYTES;
    let bytes = if fits { text.as_bytes() } else { &text.as_bytes()[..LONGEST_BYTES] };
    matches(bytes, hash, workspace).unwrap_or(false) && fits
}

fn matches(bytes: &[u8], hash: &str, workspace: &mut Workspace) -> Option<bool> {
    let hash = PasswordHash::new(hash).ok()?;
    let (salt, known) = (hash.salt?, hash.hash?);
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let argon2 = Argon2::new(Algorithm::try_from(hash.algorithm.as_str()).ok()?, version, params);
    let mut out = vec![0; known.len()];
    workspace.work_out(&argon2, bytes, salt.as_ref(), &mut out)?;
    // Outputs are compared in constant time.
    Some(Output::new(&out).ok()? == known)
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;

    use super::*;
    use crate::base::entropy::SeededEntropy;

    const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };

    fn alice() -> Context {
        let claims = serde_json::json!({"email": "liddell@wonderland.example", "name": "Alice Pleasance"});
        Context::of("alice", claims.as_object().unwrap(), "https://login.looking-glass.example")
    }

    fn typed(text: &str) -> Typed {
        Typed::new(text.to_owned())
    }

    #[test]
    fn any_text_of_legal_length_is_taken() {
        for text in
            ["correct horse battery", "ein ganz normaler satz", "密碼密碼就是一個很長的中文句子喔", "a1b2c3d4e5f6g7h"]
        {
            assert_eq!(check(&typed(text), &alice()), Ok(()), "{text}");
        }
        let long: String = (0..128_u32).filter_map(|n| char::from_u32(0x4e00 + n * 37)).collect();
        assert_eq!(check(&typed(&long), &alice()), Ok(()), "128 characters of three bytes each");
    }

    #[test]
    fn weak_ones_are_refused_with_the_reason() {
        for (text, weak) in [
            ("fourteen chars", Weak::Short),
            ("", Weak::Short),
            (&"x1y2z3 ".repeat(19)[..129], Weak::Long),
            ("aaaaaaaaaaaaaaaaaa", Weak::Monotonous),
            ("abababababababab", Weak::Monotonous),
            ("abcdefghijklmnop", Weak::Monotonous),
            ("ponmlkjihgfedcba", Weak::Monotonous),
            ("alicealicealice1", Weak::Contextual),
            ("ALICEalice2024!!", Weak::Contextual),
            ("doorward-doorward", Weak::Contextual),
            ("passwordpassword", Weak::Common),
            ("Qwertyuiopasdfgh", Weak::Common),
            ("liddell@wonderland.example1", Weak::Contextual),
            ("wonderland2024!", Weak::Contextual),
            ("looking-glass!1", Weak::Contextual),
            ("Summer2020Summer2020", Weak::Guessable),
        ] {
            assert_eq!(check(&typed(text), &alice()), Err(weak), "{text}");
        }
    }

    /// ASVS 6.2.4: at least the 3,000 most common ones that the length rule lets through.
    #[test]
    fn every_common_password_is_refused() {
        let fitting: Vec<&str> = COMMON.lines().filter(|line| line.chars().count() >= SHORTEST).collect();
        assert!(fitting.len() >= 3_000, "{}", fitting.len());
        for line in fitting {
            assert!(check(&typed(line), &Context::default()).is_err(), "{line}");
        }
    }

    #[test]
    fn fingerprints_are_those_of_the_lists() {
        assert_eq!(fingerprint(&typed("password")).as_str(), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
    }

    #[test]
    fn verifies_exactly_what_was_hashed() {
        let workspace = &mut Workspace::default();
        let hash = hash(&typed("correct horse battery"), CHEAP, &SeededEntropy::new(1), workspace);
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert!(verify(&typed("correct horse battery"), &hash, workspace));
        for wrong in
            ["correct horse batterz", "Correct horse battery", " correct horse battery", "correct horse battery ", ""]
        {
            assert!(!verify(&typed(wrong), &hash, workspace), "{wrong}");
        }
        assert!(!verify(&typed("x"), "not a hash", workspace));
    }

    #[test]
    fn nothing_is_behind_a_decoy() {
        let (workspace, decoy) = (&mut Workspace::default(), decoy(CHEAP, &SeededEntropy::new(1)));
        assert!(decoy.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{decoy}");
        assert!(!verify(&typed("correct horse battery"), &decoy, workspace));
        assert!(!verify(&typed(""), &decoy, workspace));
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_and_the_last_byte_counts() {
        let (dice, workspace) = (SeededEntropy::new(1), &mut Workspace::default());
        let composed = hash(&typed("caf\u{e9}"), CHEAP, &dice, workspace);
        assert!(verify(&typed("cafe\u{301}"), &composed, workspace));
        let long = "x".repeat(512);
        let hashed = hash(&typed(&long), CHEAP, &dice, workspace);
        assert!(verify(&typed(&long), &hashed, workspace));
        assert!(!verify(&typed(&format!("{long}y")), &hashed, workspace));
        assert!(!verify(&typed(&format!("{}y", &long[..511])), &hashed, workspace));
    }
    /// What the library itself makes of the same password, salt and cost; and a workspace that was used for more and for less.
    #[test]
    fn hashes_are_those_of_the_library_whatever_the_workspace_was_used_for() {
        let (dice, workspace) = (SeededEntropy::new(1), &mut Workspace::default());
        for (memory, passes, lanes) in [(64, 2, 2), (8, 1, 1), (256, 3, 4), (64, 1, 1)] {
            let ours = hash(&typed("correct horse battery"), Cost { memory, passes, lanes }, &dice, workspace);
            assert_eq!(Argon2::default().verify_password(b"correct horse battery", ours.as_str()), Ok(()), "{ours}");
            assert!(verify(&typed("correct horse battery"), &ours, workspace), "{ours}");
        }
        let foreign = "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$IYG8EHYRFRMmBFDQN8tRi0mSuQ0y0ujwGDuKZE8LQqM";
        let theirs = Argon2::default().verify_password(b"password", foreign).is_ok();
        assert_eq!(verify(&typed("password"), foreign, workspace), theirs, "imported");
    }
}
