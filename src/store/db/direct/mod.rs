//! A SQLite file used by the thread that asks, without a driver's thread between.
//!
//! sqlx hands every statement for SQLite to a thread of its own and every row back: 60 to 170 µs of processor time where the
//! statement itself takes 3 to 10. So statements run here, through rusqlite, and only what happens rarely (creating the file,
//! migrations) goes through sqlx. Values and rows pass for those of a driver, so that one `Encode` and one `FromRow` serve.
//!
//! | file | holds |
//! |---|---|
//! | `connection` | statements, run where they are asked for |
//! | `checkpoint` | what was committed goes from the log into the file |
//! | `value` | what goes in and comes out |
//! | `row` | a row and its columns |
//! | `driver` | the rest of what sqlx wants of a driver |

mod checkpoint;
mod connection;
mod driver;
mod row;
mod value;

pub(super) use self::checkpoint::Checkpoints;
pub(super) use self::connection::{Connection, Error};
pub use self::driver::{Direct, Values};
pub use self::row::Row;
pub use self::value::{Kind, Value};
