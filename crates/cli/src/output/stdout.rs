//! Standard output.

use std::io::{self, Write};

use serde::Serialize;

use crate::failure::Failure;

/// A result with a text form; its JSON form is what it serialises to.
pub(crate) trait Show: Serialize {
    /// Writes the text form, which also stands in for bare values.
    fn text(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// Writes bytes to standard output unchanged, and flushes it.
pub(crate) fn stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(Failure::Stdout)
}
