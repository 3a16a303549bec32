//! What can go wrong: said once, to whoever started the program.

use std::error::Error;

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Refuses to go on, saying why.
pub fn fail<T>(why: impl Into<String>) -> Outcome<T> {
    Err(why.into().into())
}
