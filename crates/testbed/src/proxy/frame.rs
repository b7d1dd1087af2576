//! Requests and answers of the Kafka protocol, as far as a proxy has to know them.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// More than any message of a run; what announces more is no Kafka.
const LONGEST: usize = 128 << 20;

/// The kind of request that stores records.
pub const PRODUCE: i16 = 0;
/// The kind of request that reads records.
pub const FETCH: i16 = 1;

/// What stands at the beginning of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// What kind of request it is.
    pub(super) api_key: i16,
    /// What its answer begins with.
    pub(super) correlation: i32,
    /// What the client calls itself.
    pub(super) client_id: String,
}

/// One message with its length before it; `None` at an orderly end.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let size = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if size > LONGEST {
        return Err(io::Error::other(format!("a message of {size} bytes")));
    }
    let mut frame = vec![0; size + length.len()];
    frame[..length.len()].copy_from_slice(&length);
    from.read_exact(&mut frame[length.len()..]).await?;
    Ok(Some(frame))
}

/// Reads a request's head: length, kind, version, correlation id, and the client's name.
pub(super) fn head(frame: &[u8]) -> Option<Head> {
    let (_, rest) = frame.split_first_chunk::<4>()?;
    let (api_key, rest) = rest.split_first_chunk::<2>()?;
    let (_version, rest) = rest.split_first_chunk::<2>()?;
    let (correlation, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    // A length of -1 is a name that is null.
    let length = usize::try_from(i16::from_be_bytes(*length)).unwrap_or(0);
    Some(Head {
        api_key: i16::from_be_bytes(*api_key),
        correlation: i32::from_be_bytes(*correlation),
        client_id: String::from_utf8_lossy(rest.get(..length)?).into_owned(),
    })
}

/// The correlation id of an answer.
pub(super) fn correlation(frame: &[u8]) -> Option<i32> {
    let (_, rest) = frame.split_first_chunk::<4>()?;
    Some(i32::from_be_bytes(*rest.first_chunk::<4>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_is_read_whole_and_understood() -> io::Result<()> {
        let mut sent = Vec::new();
        sent.extend(17_u32.to_be_bytes());
        sent.extend(PRODUCE.to_be_bytes());
        sent.extend(7_i16.to_be_bytes());
        sent.extend(42_i32.to_be_bytes());
        sent.extend(3_i16.to_be_bytes());
        sent.extend(b"webrest.");
        let mut from = &sent[..sent.len() - 2];
        assert!(read(&mut from).await.is_err(), "it is not whole");
        sent.truncate(21);
        let mut from = &sent[..];
        let frame = read(&mut from).await?.ok_or(io::ErrorKind::NotFound)?;
        assert_eq!(frame, sent);
        let wanted = Head {
            api_key: PRODUCE,
            correlation: 42,
            client_id: "web".into(),
        };
        assert_eq!(head(&frame), Some(wanted));
        assert_eq!(read(&mut from).await?, None);
        Ok(())
    }

    #[tokio::test]
    async fn what_announces_too_much_is_refused_before_it_is_read() {
        let mut from = &u32::MAX.to_be_bytes()[..];
        assert!(read(&mut from).await.is_err());
    }

    #[test]
    fn a_request_that_is_cut_has_no_head() {
        assert_eq!(head(&[0, 0, 0, 4, 0, 0, 0, 7]), None);
        assert_eq!(correlation(&[0, 0, 0, 2, 0, 0]), None);
    }
}
