//! The languages of this server: those of the program, and the files in the folder `words` of the operator's theme.

use std::io;
use std::path::Path;

use crate::domain::language::{Broken, Dropped, Languages};

/// Why the files of a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LanguagesError {
    #[error("{0}: {1}")]
    File(String, io::Error),
    #[error("words/{0}")]
    Broken(#[from] Broken),
}

/// Reads every `.ftl` file there.
pub fn open(theme: Option<&Path>) -> Result<Languages, LanguagesError> {
    let Some(folder) = theme.map(|theme| theme.join("words")).filter(|folder| folder.exists()) else {
        return Ok(Languages::new(&[])?);
    };
    let failed = |cause| LanguagesError::File(folder.display().to_string(), cause);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|end| end == "ftl") {
            let source = std::fs::read_to_string(&path);
            let source = source.map_err(|cause| LanguagesError::File(path.display().to_string(), cause))?;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            files.push(Dropped { name, source });
        }
    }
    Ok(Languages::new(&files)?)
}
