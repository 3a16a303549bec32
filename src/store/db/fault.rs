//! What goes wrong inside the store: for the log, never for an answer.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The database could not do what it was asked, or holds what makes no sense. It has no public half: whoever asked
/// learns only that the server failed. Its text holds statements and the driver's messages, not the driver's details,
/// which quote values.
#[derive(Clone)]
pub struct Fault(Arc<Inside>);

struct Inside {
    what: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A row of this noun contradicts itself or its neighbours.
    pub fn contradiction(noun: &'static str, detail: impl fmt::Display) -> Self {
        Self::new(format!("contradiction in {noun}: {detail}"))
    }

    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(Arc::new(Inside { what: what.into(), cause: None }))
    }

    pub(super) fn because(what: impl Into<String>, cause: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inside { what: what.into(), cause: Some(Box::new(cause)) }))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)?;
        self.0.cause.as_ref().map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

/// As [`fmt::Display`]: a driver's own debug text may quote values.
impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({self})")
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as _)
    }
}
