//! Statements about many rows, a lot of them at a time. A lot has one size, so that its text is always the same.

use super::db::{Bind, Query};

/// Ids in one statement.
pub(super) const SIZE: usize = 40;

/// The places of a lot in a list: `$4, $5, …`.
pub(super) fn places(from: usize) -> String {
    (from..from + SIZE).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

/// Binds a lot; one that is not full names its last id again.
pub(super) fn bind<'c, T: Bind + Copy>(query: Query<'c>, lot: &[T]) -> Query<'c> {
    let last = lot.last().into_iter().cycle();
    lot.iter().chain(last).take(SIZE).fold(query, |query, id| query.bind(*id))
}
