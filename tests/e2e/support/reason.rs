//! Harness errors: a sentence that says what was attempted and why it did not work.

use std::fmt::Display;

/// What the harness returns: a value, or a sentence about why there is none.
pub(crate) type Attempt<T> = Result<T, String>;

/// Says what was attempted when something fails.
pub(crate) trait Because<T> {
    /// Turns any error into "`what`: error".
    fn because(self, what: impl Display) -> Attempt<T>;
}

impl<T, E: Display> Because<T> for Result<T, E> {
    fn because(self, what: impl Display) -> Attempt<T> {
        self.map_err(|error| format!("{what}: {error}"))
    }
}
