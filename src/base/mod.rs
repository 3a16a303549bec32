//! Rank 0: time, chance, ids and secrets. No I/O, nothing async, no knowledge of the product.

pub mod clock;
pub mod duration;
pub mod entropy;
pub mod id;
pub mod secret;
pub mod vault;
