//! Errors: a sentence that says what was attempted and why it did not work.

use std::fmt::Display;

/// What is returned: a value, or a sentence about why there is none.
pub type Attempt<T> = Result<T, String>;

/// Says what was attempted when something fails.
pub trait Because<T> {
    /// Turns any error into "`what`: error".
    ///
    /// # Errors
    ///
    /// The error that there was, as such a sentence.
    fn because(self, what: impl Display) -> Attempt<T>;
}

impl<T, E: Display> Because<T> for Result<T, E> {
    fn because(self, what: impl Display) -> Attempt<T> {
        self.map_err(|error| format!("{what}: {error}"))
    }
}
