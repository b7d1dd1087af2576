use std::{fmt, io};

/// Why nothing can be said about seeded bugs.
#[derive(Debug)]
pub struct MutantsError(String);

impl MutantsError {
    pub(super) fn new(detail: impl Into<String>) -> Self {
        Self(detail.into())
    }

    pub(super) fn io(what: impl fmt::Display, error: &io::Error) -> Self {
        Self(format!("{what}: {error}"))
    }
}

impl fmt::Display for MutantsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MutantsError {}
