//! Input and output of a command, within limits.

use std::io;

use antiphon::{Executed, Status};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes kept from the end of standard error.
const TAIL: usize = 1024;

/// Writes the input. A command may end without reading it, so an error is not a failure.
pub(super) async fn feed(mut stdin: impl AsyncWrite + Unpin, value: &[u8]) {
    if let Err(error) = stdin.write_all(value).await {
        tracing::debug!(%error, "the command did not read its input");
    }
    // Dropping `stdin` closes the pipe.
}

/// The end of standard error. Reads all of it and discards the rest.
pub(super) async fn tail(mut stderr: impl AsyncRead + Unpin) -> Result<String, Status> {
    let mut kept = Vec::with_capacity(2 * TAIL);
    let mut chunk = [0; TAIL];
    loop {
        let read = stderr.read(&mut chunk).await;
        let count = read.map_err(|error| broken(&error))?;
        if count == 0 {
            return Ok(String::from_utf8_lossy(&kept).into_owned());
        }
        kept.extend_from_slice(chunk.get(..count).unwrap_or_default());
        kept.drain(..kept.len().saturating_sub(TAIL));
    }
}

/// The end of a text, cut at a character boundary.
pub(super) fn last_bytes(text: &str, most: usize) -> &str {
    let start = text.ceil_char_boundary(text.len().saturating_sub(most));
    text.get(start..).unwrap_or_default()
}

pub(super) fn broken(error: &io::Error) -> Status {
    Status::internal(format!("the output of the command cannot be read: {error}"))
        .with_executed(Executed::Maybe)
}

/// Standard output, at most `most` bytes.
pub(super) async fn output(stdout: impl AsyncRead + Unpin, most: usize) -> Result<Vec<u8>, Status> {
    let mut output = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    let mut bounded = stdout.take(limit.saturating_add(1));
    let read = bounded.read_to_end(&mut output).await;
    read.map_err(|error| broken(&error))?;
    if output.len() > most {
        return Err(Status::resource_exhausted(format!(
            "the command was killed: it printed more than {most} bytes"
        )));
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_cut_between_characters() {
        assert_eq!(last_bytes("abc", 2), "bc");
        assert_eq!(last_bytes("aüb", 2), "b");
        assert_eq!(last_bytes("ab", 5), "ab");
    }

    #[tokio::test]
    async fn only_the_end_of_standard_error_is_kept() {
        let text = [vec![b'x'; 5_000], b"the end".to_vec()].concat();
        let kept = tail(&text[..]).await.unwrap();
        assert_eq!(kept.len(), TAIL);
        assert!(kept.ends_with("the end"));
    }

    #[tokio::test]
    async fn output_beyond_the_limit_is_refused() {
        assert_eq!(output(&b"abc"[..], 3).await.unwrap(), b"abc");
        assert!(output(&b"abcd"[..], 3).await.is_err());
    }
}
