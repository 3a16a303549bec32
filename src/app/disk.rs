//! Files that hold secrets: for their owner alone, and all there or not there at all, whatever happens while they are written.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder a file lies in.
pub fn folder(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Puts a file in place of whatever was there. When it returns, the file is on the disk.
pub fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let draft = draft(file);
    create_folder(folder(file))?;
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => write(OpenOptions::new().create_new(true), &draft, content)?,
    }
    publish(&draft, file)
}

/// Creates a file unless there is one; of several processes that try at once one does. Whether it was this one. When it
/// returns, a whole file is on the disk.
pub fn create(file: &Path, content: &[u8]) -> io::Result<bool> {
    let draft = draft(file);
    create_folder(folder(file))?;
    // The draft is the lock. Whoever waited for it looks again: the draft may have become the file meanwhile.
    let held = owned(OpenOptions::new().create(true).truncate(false)).open(&draft)?;
    held.lock()?;
    if file.try_exists()? {
        return match fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(false),
        };
    }
    held.set_len(0)?;
    (&held).write_all(content)?;
    held.sync_all()?;
    publish(&draft, file).map(|()| true)
}

fn draft(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".new");
    name.into()
}

fn create_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn owned(options: &mut OpenOptions) -> &mut OpenOptions {
    options.write(true).mode(0o600)
}

fn write(options: &mut OpenOptions, file: &Path, content: &[u8]) -> io::Result<()> {
    let mut opened = owned(options).open(file)?;
    opened.write_all(content)?;
    opened.sync_all()
}

/// The name is on the disk only once the folder is.
fn publish(draft: &Path, file: &Path) -> io::Result<()> {
    fs::rename(draft, file)?;
    File::open(folder(file))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    use super::*;
    use crate::app::tests::Folder;

    fn mode(file: &Path) -> u32 {
        fs::metadata(file).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn replaces_what_was_there_and_leaves_no_draft() {
        let home = Folder::new();
        let file = home.path().join("deep/er/secret");
        for content in ["one", "another"] {
            replace(&file, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), content);
            assert_eq!((mode(&file), mode(folder(&file))), (0o600, 0o700));
        }
        assert_eq!(fs::read_dir(folder(&file)).unwrap().count(), 1);
    }

    #[test]
    fn a_draft_that_somebody_left_is_not_written_into() {
        let home = Folder::new();
        let (file, draft) = (home.path().join("secret"), home.path().join("secret.new"));
        fs::write(&draft, "left open to everybody").unwrap();
        replace(&file, b"mine").unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), mode(&file)), ("mine", 0o600));
    }

    #[test]
    fn of_many_that_create_one_wins_and_its_content_is_whole() {
        let home = Folder::new();
        for round in 0..20 {
            let file = home.path().join(format!("{round}/root.key"));
            let threads: Vec<_> = (0..8_u8)
                .map(|racer| {
                    let file = file.clone();
                    thread::spawn(move || {
                        let made = create(&file, &[racer; 1000]).unwrap();
                        let content = fs::read(&file).unwrap();
                        assert_eq!(made, content[0] == racer);
                        content
                    })
                })
                .collect();
            let seen: Vec<Vec<u8>> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            assert_eq!(seen[0], [seen[0][0]; 1000]);
            assert!(seen.iter().all(|content| *content == seen[0]), "all see the winner's");
            assert_eq!(fs::read_dir(folder(&file)).unwrap().count(), 1);
            assert_eq!(mode(&file), 0o600);
        }
    }

    #[test]
    fn what_a_killed_process_left_half_written_is_written_again() {
        let home = Folder::new();
        let file = home.path().join("root.key");
        fs::write(home.path().join("root.key.new"), "half and much longer than the whole").unwrap();
        assert!(create(&file, b"whole").unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), "whole");
    }
}
