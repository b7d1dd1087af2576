//! Standard output, and what can be written to it.

use std::io::{self, Write};

use serde::Serialize;

use crate::failure::Failure;

/// The result of a command that has one form for people and one for programs.
pub(crate) trait Show: Serialize {
    /// For people; bare values have no other form.
    fn text(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// Writes to standard output and flushes it. Bytes go out as they are.
pub(crate) fn stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(Failure::Stdout)
}
