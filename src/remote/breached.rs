//! Passwords that were stolen elsewhere, out of files on this machine; nobody is asked.
//!
//! Three kinds of lists are known: a folder of ranges as k-anonymity services give them (a file for each first five digits of
//! the SHA-1, `5BAA6` or `5BAA6.txt`, with a line `1E4C9B93F3F0682250B6CF8331B7EE68FD8:count` for each password), one file
//! of `SHA1:count` lines in the order of the hashes, of any size, and one file of passwords as they are, at most 64 MiB.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::base::secret::sha1;

/// The largest file of passwords as they are, which is kept in memory.
const LARGEST: u64 = 64 * 1024 * 1024;
/// No line of a list is longer.
const LINE: u64 = 1_024;
/// How many digits name a range.
const PREFIX: usize = 5;

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("password.blocklist: {}: {cause}", path.display())]
pub struct NoList {
    path: PathBuf,
    cause: io::Error,
}

#[derive(Default)]
pub enum Breached {
    #[default]
    Nothing,
    Ranges(PathBuf),
    Ordered(PathBuf),
    Plain(HashSet<[u8; 20]>),
}

impl Breached {
    /// Looks at a list, and reads it where it is of passwords as they are.
    pub fn open(path: &Path) -> Result<Self, NoList> {
        Self::look(path).map_err(|cause| NoList { path: path.to_owned(), cause })
    }

    fn look(path: &Path) -> io::Result<Self> {
        if fs::metadata(path)?.is_dir() {
            return Ok(Self::Ranges(path.to_owned()));
        }
        let mut first = String::new();
        BufReader::new(File::open(path)?).take(LINE).read_line(&mut first)?;
        if is_hash(hash_of(&first)) {
            return Ok(Self::Ordered(path.to_owned()));
        }
        if fs::metadata(path)?.len() > LARGEST {
            return Err(io::Error::other("passwords as they are may be 64 MiB at most; use hashes in order"));
        }
        let text = fs::read_to_string(path)?;
        Ok(Self::Plain(text.lines().filter(|line| !line.is_empty()).map(|line| sha1(line.as_bytes())).collect()))
    }

    /// Whether a password is on the list, by its SHA-1 in capital hexadecimal digits.
    pub fn holds(&self, sha1: &str) -> io::Result<bool> {
        match self {
            Self::Nothing => Ok(false),
            Self::Plain(hashes) => Ok(bytes(sha1).is_some_and(|hash| hashes.contains(&hash))),
            Self::Ranges(folder) => in_range(folder, sha1),
            Self::Ordered(file) => in_order(file, sha1),
        }
    }
}

fn hash_of(line: &str) -> &str {
    line.trim_end().split(':').next().unwrap_or_default()
}

fn is_hash(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn bytes(hex: &str) -> Option<[u8; 20]> {
    let mut out = [0; 20];
    for (n, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(out)
}

/// A range that is not there holds nothing: services leave none out, but an operator may keep a part.
fn in_range(folder: &Path, sha1: &str) -> io::Result<bool> {
    let Some((prefix, rest)) = sha1.split_at_checked(PREFIX) else { return Ok(false) };
    let opened = File::open(folder.join(prefix)).or_else(|_| File::open(folder.join(format!("{prefix}.txt"))));
    let file = match opened {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    for line in file.lines() {
        let line = line?;
        let (suffix, count) = line.trim_end().split_once(':').unwrap_or((line.trim_end(), "1"));
        // Padding of such services has the count 0.
        if suffix.eq_ignore_ascii_case(rest) {
            return Ok(count != "0");
        }
    }
    Ok(false)
}

/// Halves the file until the line is found or cannot be there.
fn in_order(path: &Path, sha1: &str) -> io::Result<bool> {
    let mut file = BufReader::new(File::open(path)?);
    let (mut low, mut high) = (0, fs::metadata(path)?.len());
    // Every line that begins before `low` is smaller; every one that begins at `high` or later is larger.
    while low < high {
        let middle = low + (high - low) / 2;
        let Some((begin, line)) = line_from(&mut file, middle)?.filter(|(begin, _)| *begin < high) else {
            high = middle;
            continue;
        };
        match hash_of(&line).to_ascii_uppercase().as_str().cmp(sha1) {
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => low = begin + u64::try_from(line.len()).unwrap_or(LINE),
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(false)
}

/// The first line that begins at this place or later, and where it begins.
fn line_from(file: &mut BufReader<File>, place: u64) -> io::Result<Option<(u64, String)>> {
    let mut begin = place;
    if place > 0 {
        file.seek(SeekFrom::Start(place - 1))?;
        let mut skipped = Vec::new();
        file.by_ref().take(LINE).read_until(b'\n', &mut skipped)?;
        begin = place - 1 + u64::try_from(skipped.len()).unwrap_or(LINE);
    } else {
        file.seek(SeekFrom::Start(0))?;
    }
    let mut line = String::new();
    let length = file.by_ref().take(LINE).read_line(&mut line)?;
    Ok((length > 0).then_some((begin, line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> String {
        sha1(text.as_bytes()).iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02X}"))
    }

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("doorward-breached-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn every_line_of_an_ordered_file_is_found_and_no_other() {
        let scratch = Scratch::new("ordered");
        for ends in ["\n", "\r\n"] {
            let mut lines: Vec<_> = (0..300).map(|n| format!("{}:{}", hash(&format!("in {n}")), n * n * n)).collect();
            lines.sort();
            let file = scratch.0.join("list");
            fs::write(&file, lines.join(ends)).unwrap();
            let list = Breached::open(&file).unwrap();
            assert!(matches!(list, Breached::Ordered(_)));
            for n in 0..300 {
                assert!(list.holds(&hash(&format!("in {n}"))).unwrap(), "{n}");
                assert!(!list.holds(&hash(&format!("out {n}"))).unwrap(), "{n}");
            }
            for edge in ["0".repeat(40), "F".repeat(40)] {
                assert!(!list.holds(&edge).unwrap());
            }
        }
    }

    #[test]
    fn ranges_are_read_with_and_without_an_ending_and_padding_is_nothing() {
        let scratch = Scratch::new("ranges");
        let (one, two, padding) = (hash("one"), hash("two"), hash("three"));
        fs::write(scratch.0.join(&one[..5]), format!("{}:3\r\n", &one[5..])).unwrap();
        fs::write(scratch.0.join(format!("{}.txt", &two[..5])), format!("{}:3\n", two[5..].to_lowercase())).unwrap();
        fs::write(scratch.0.join(&padding[..5]), format!("{}:0\n", &padding[5..])).unwrap();
        let list = Breached::open(&scratch.0).unwrap();
        assert!(list.holds(&one).unwrap() && list.holds(&two).unwrap());
        assert!(!list.holds(&padding).unwrap() && !list.holds(&hash("four")).unwrap());
    }

    #[test]
    fn passwords_as_they_are_are_compared_whole() {
        let scratch = Scratch::new("plain");
        let file = scratch.0.join("list");
        fs::write(&file, "a stolen password\n\ncorrect horse\n").unwrap();
        let list = Breached::open(&file).unwrap();
        assert!(list.holds(&hash("a stolen password")).unwrap() && list.holds(&hash("correct horse")).unwrap());
        assert!(!list.holds(&hash("a stolen password!")).unwrap() && !list.holds(&hash("")).unwrap());
        assert!(Breached::open(&scratch.0.join("gone")).is_err());
    }
}
