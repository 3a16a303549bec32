//! The root key: one file, made on the first run, never made anew while the database holds what it sealed.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use super::disk;
use crate::base::entropy::Entropy;
use crate::base::secret::{base64url, from_base64url};
use crate::base::vault::RootKey;

/// Why there is no root key to work with; one line.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    #[error(
        "{0} is missing, but the database holds signing keys that only it opens: put the root key back that belongs to this database"
    )]
    Missing(PathBuf),
    #[error("{0} is not a root key: it should hold 32 bytes in base64url, 43 characters, on one line")]
    Malformed(PathBuf),
    #[error("cannot read or write {0}: {1}")]
    File(PathBuf, io::Error),
}

/// Whether the database holds anything that a root key sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    Nothing,
    SigningKeys,
}

/// The file of the root key.
pub fn file(directory: &Path) -> PathBuf {
    directory.join("root.key")
}

/// Reads the root key; makes one where there is none and nothing was sealed yet. Several processes may do so at once.
pub fn obtain(directory: &Path, sealed: Sealed, entropy: &dyn Entropy) -> Result<RootKey, RootKeyError> {
    let file = file(directory);
    let failed = |cause| RootKeyError::File(file.clone(), cause);
    if !file.try_exists().map_err(failed)? {
        if sealed == Sealed::SigningKeys {
            return Err(RootKeyError::Missing(file));
        }
        let text = Zeroizing::new(base64url(RootKey::generate(entropy).expose()) + "\n");
        if disk::create(&file, text.as_bytes()).map_err(failed)? {
            tracing::info!(file = %file.display(), "made the root key: back it up apart from the database");
        }
    }
    read(&file)
}

fn read(file: &Path) -> Result<RootKey, RootKeyError> {
    let text = match fs::read_to_string(file) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::InvalidData => return Err(RootKeyError::Malformed(file.to_owned())),
        Err(error) => return Err(RootKeyError::File(file.to_owned(), error)),
    };
    let bytes = from_base64url(text.trim_ascii_end()).map(Zeroizing::new);
    let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
    let mut bytes = bytes.ok_or_else(|| RootKeyError::Malformed(file.to_owned()))?;
    let mode = fs::metadata(file).map_or(0, |found| found.permissions().mode()) & 0o777;
    if mode & 0o077 != 0 {
        let file = file.display();
        tracing::warn!(
            "{file} has mode {mode:03o}: other users of this machine can read or change the root key; chmod 600 {file}"
        );
    }
    let key = RootKey::new(bytes);
    bytes.zeroize();
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::Folder;
    use crate::base::entropy::SeededEntropy;

    #[test]
    fn is_made_once_and_read_again() {
        let home = Folder::new();
        let made = obtain(home.path(), Sealed::Nothing, &SeededEntropy::new(1)).unwrap();
        let text = fs::read_to_string(file(home.path())).unwrap();
        assert_eq!(text, base64url(made.expose()) + "\n");
        for sealed in [Sealed::Nothing, Sealed::SigningKeys] {
            let again = obtain(home.path(), sealed, &SeededEntropy::new(2)).unwrap();
            assert_eq!(again.expose(), made.expose());
        }
        assert_eq!(fs::metadata(file(home.path())).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn is_never_made_anew_over_what_was_sealed() {
        let home = Folder::new();
        let refused = obtain(home.path(), Sealed::SigningKeys, &SeededEntropy::new(1));
        assert!(matches!(refused, Err(RootKeyError::Missing(_))));
        assert!(!file(home.path()).exists());
    }

    #[test]
    fn anything_else_is_refused_and_left_alone() {
        let home = Folder::new();
        let good = base64url(&[7; 32]);
        for text in ["", "\n", &good[1..], &format!("{good}A"), &format!(" {good}"), &"A".repeat(43).replace('A', "+")]
        {
            fs::write(file(home.path()), text).unwrap();
            let refused = obtain(home.path(), Sealed::Nothing, &SeededEntropy::new(1));
            assert!(matches!(refused, Err(RootKeyError::Malformed(_))), "{text:?}");
            assert_eq!(fs::read_to_string(file(home.path())).unwrap(), text);
        }
        fs::write(file(home.path()), [0xff; 43]).unwrap();
        assert!(matches!(read(&file(home.path())), Err(RootKeyError::Malformed(_))));
        fs::write(file(home.path()), good).unwrap();
        assert!(read(&file(home.path())).is_ok(), "the end of the line may be missing");
    }
}
