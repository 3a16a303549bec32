//! Why a database is not fit to start with, in one line for the one who starts the server; and its migrations.

use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::error::Error;
use std::io;
use std::path::Path;

use super::place::Place;

/// One line that says what is wrong and, where we know, what to do. It never holds a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("database.url: {0}")]
    Url(String),
    #[error("cannot reach {place}: {cause}")]
    Unreachable { place: String, cause: String },
    #[error("{place} refused us: {cause}")]
    Refused { place: String, cause: String },
    #[error("{0} is not a database")]
    NotADatabase(String),
    #[error("cannot open {path}: {cause}")]
    File { path: String, cause: String },
    #[error("{0} is in use by another doorward server; a SQLite file has one server, several need PostgreSQL")]
    Owned(String),
    #[error("database is at migration {at}, this doorward knows up to {known}; start a newer doorward")]
    Newer { at: i64, known: i64 },
    #[error("migration {0} of the database is not the one this doorward knows; it was made by a different build")]
    Altered(i64),
    #[error("cannot migrate {place}: {cause}")]
    Migration { place: String, cause: String },
}

impl OpenError {
    pub(super) fn url(cause: &dyn Error) -> Self {
        Self::Url(one_line(cause))
    }

    pub(super) fn file(path: &Path, cause: &io::Error) -> Self {
        Self::File { path: path.display().to_string(), cause: one_line(cause) }
    }

    pub(super) fn writer(place: &Place, cause: &io::Error) -> Self {
        Self::File { path: place.to_string(), cause: one_line(cause) }
    }

    pub(super) fn silent(place: &Place) -> Self {
        Self::Unreachable { place: place.to_string(), cause: "no answer".into() }
    }

    /// What the first connection ended with.
    pub(super) fn reaching(place: &Place, cause: &sqlx::Error) -> Self {
        let said = cause.as_database_error();
        let code = said.and_then(sqlx::error::DatabaseError::code);
        let text = said.map_or_else(|| one_line(cause), |said| one_line_of(said.message()));
        let place_name = place.to_string();
        match place {
            Place::Sqlite(_) if code.as_deref() == Some("26") => Self::NotADatabase(place_name),
            Place::Postgres(_) if code.is_some() => Self::Refused { place: place_name, cause: text },
            _ => Self::Unreachable { place: place_name, cause: text },
        }
    }

    fn migrating(place: &Place, cause: &dyn Error) -> Self {
        Self::Migration { place: place.to_string(), cause: one_line(cause) }
    }
}

fn one_line(cause: &dyn Error) -> String {
    one_line_of(&cause.to_string())
}

fn one_line_of(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Brings the database to the last of these migrations; of several who try at once one does it and the others wait.
pub(super) async fn migrate(place: &Place, migrations: &Migrator) -> Result<(), OpenError> {
    let failed = |cause: sqlx::Error| OpenError::migrating(place, &cause);
    match place {
        Place::Sqlite(file) => {
            let alone = file.alone().await?;
            let mut on = SqliteConnection::connect_with(&file.writing()).await.map_err(failed)?;
            let newer = sqlx::query_as(NEWER).bind(last(migrations)).fetch_all(&mut on).await.unwrap_or_default();
            let migrated = apply(place, &mut on, migrations, &newer).await;
            let closed = on.close().await.map_err(failed);
            drop(alone);
            migrated.and(closed)
        }
        Place::Postgres(server) => {
            let mut on = PgConnection::connect_with(server).await.map_err(failed)?;
            let newer = sqlx::query_as(NEWER).bind(last(migrations)).fetch_all(&mut on).await.unwrap_or_default();
            let migrated = apply(place, &mut on, migrations, &newer).await;
            migrated.and(on.close().await.map_err(failed))
        }
    }
}

/// The migrations of the database that come after ours; a new database has no such table, and so none.
const NEWER: &str = "SELECT version, description FROM _sqlx_migrations WHERE version > $1 ORDER BY version";

fn last(migrations: &Migrator) -> i64 {
    migrations.iter().map(|one| one.version).max().unwrap_or(0)
}

/// Whether a program that knows the migrations up to `known` works beside one that made this migration. All of them add and
/// take nothing away, so it does, unless the migration's own name says what one must know: `0042_needs_0040_…` takes away
/// what was no longer used from 0040 on.
fn is_bearable(description: &str, known: i64) -> bool {
    match description.strip_prefix("needs ") {
        Some(rest) => {
            rest.split(' ').next().and_then(|needed| needed.parse().ok()).is_some_and(|needed: i64| needed <= known)
        }
        None => true,
    }
}

/// On PostgreSQL sqlx takes an advisory lock, which a failure leaves to be ended with the connection.
async fn apply<C: Migrate>(
    place: &Place,
    on: &mut C,
    migrations: &Migrator,
    newer: &[(i64, String)],
) -> Result<(), OpenError> {
    let known = last(migrations);
    let bearable = known > 0 && newer.iter().all(|(_, description)| is_bearable(description, known));
    if bearable && is_current(on, migrations).await {
        if let Some((at, _)) = newer.last() {
            tracing::warn!(at, known, "the database was migrated by a newer doorward; this one works beside it");
        }
        return Ok(());
    }
    let Err(failure) = migrations.run_direct(None, on, false).await else { return Ok(()) };
    match failure {
        MigrateError::VersionMissing(_) => {
            let at = newer.last().map_or(0, |(version, _)| *version);
            if at > known { Err(OpenError::Newer { at, known }) } else { Err(OpenError::migrating(place, &failure)) }
        }
        MigrateError::VersionMismatch(version) => Err(OpenError::Altered(version)),
        failure => Err(OpenError::migrating(place, &failure)),
    }
}

/// Whether nothing of ours is left to do. Then a role serves that may not change tables, which sqlx asks for even so.
async fn is_current<C: Migrate>(on: &mut C, migrations: &Migrator) -> bool {
    let known = last(migrations);
    let Ok(applied) = on.list_applied_migrations(&migrations.table_name).await else { return false };
    let applied = applied.iter().filter(|one| one.version <= known).map(|one| (one.version, &one.checksum));
    let whole = applied.eq(migrations.iter().map(|one| (one.version, &one.checksum)));
    whole && matches!(on.dirty_version(&migrations.table_name).await, Ok(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_that_only_adds_hinders_no_older_program_and_one_that_takes_away_says_whom() {
        for (description, known, bearable) in [
            ("lineage", 6, true),
            ("lineage", 1, true),
            ("needs 0040 session", 39, false),
            ("needs 0040 session", 40, true),
            ("needs 0040 session", 41, true),
            ("needs", 41, true),
            ("needs more", 41, false),
            ("needs ", 41, false),
        ] {
            assert_eq!(is_bearable(description, known), bearable, "{description} for {known}");
        }
    }
}
