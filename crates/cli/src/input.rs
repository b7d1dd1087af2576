//! Values of requests, from arguments, standard input and files.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use bytes::Bytes;

use crate::failure::Failure;

/// A value from the command line, or from standard input for `-`. Reads up to one byte more than
/// `limit`, so that the client refuses a value that is too large.
pub(crate) fn value(argument: Option<&str>, limit: u32) -> Result<Bytes, Failure> {
    match argument {
        None => Ok(Bytes::new()),
        Some("-") => read(io::stdin().lock(), limit),
        Some(text) => Ok(Bytes::copy_from_slice(text.as_bytes())),
    }
}

/// The content of a file, with the same limit.
pub(crate) fn file(path: &Path, limit: u32) -> Result<Bytes, Failure> {
    let file = File::open(path).map_err(|source| Failure::System {
        what: "cannot open the payload file",
        source,
    })?;
    read(file, limit)
}

fn read(input: impl Read, limit: u32) -> Result<Bytes, Failure> {
    let mut value = Vec::new();
    input
        .take(u64::from(limit) + 1)
        .read_to_end(&mut value)
        .map_err(|source| Failure::System {
            what: "cannot read the value",
            source,
        })?;
    Ok(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_it_takes_to_see_that_it_is_too_much() {
        assert_eq!(read(io::repeat(b'x'), 10).unwrap().len(), 11);
        assert_eq!(&read(&b"ab\n"[..], 10).unwrap()[..], b"ab\n");
    }
}
