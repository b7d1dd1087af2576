//! Asks a server whether it speaks Kafka: one `ApiVersions` request by hand, the first thing any client sends.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// How long the server may take over each step.
const PATIENCE: Duration = Duration::from_secs(2);

/// The request, version 0: length, api key 18, version 0, correlation id, null client id.
const REQUEST: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];

/// The correlation id within [`REQUEST`].
const CORRELATION_ID: [u8; 4] = [0, 0, 0, 7];

/// The longest answer that is believed; a real one has less than a kilobyte.
const ANSWER_LIMIT: usize = 64 * 1024;

/// How many kinds of request the server at `address` (`host:port`) supports.
///
/// A port that merely accepts connections is an error: a starting broker does so seconds before it answers.
///
/// # Errors
///
/// It does not answer within two seconds a step, or not as Kafka does.
pub fn api_versions(address: &str) -> io::Result<usize> {
    let mut stream = connect(address)?;
    stream.write_all(&REQUEST)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > ANSWER_LIMIT {
        return Err(io::Error::other(format!(
            "{address} announces an answer of {length} bytes"
        )));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    count(&answer)
        .ok_or_else(|| io::Error::other(format!("{address} does not answer as Kafka does")))
}

/// A connection on which nothing waits for ever.
fn connect(address: &str) -> io::Result<TcpStream> {
    let mut addresses = address.to_socket_addrs()?;
    let first = addresses
        .next()
        .ok_or_else(|| io::Error::other("the name has no address"))?;
    let stream = TcpStream::connect_timeout(&first, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// The number of entries of an answer (correlation id, error code, count, entries of 6 bytes) without error.
fn count(answer: &[u8]) -> Option<usize> {
    let (correlation_id, rest) = answer.split_first_chunk::<4>()?;
    let (error, rest) = rest.split_first_chunk::<2>()?;
    let (count, entries) = rest.split_first_chunk::<4>()?;
    let count = usize::try_from(u32::from_be_bytes(*count)).ok()?;
    let whole = *correlation_id == CORRELATION_ID && *error == [0, 0] && entries.len() >= count * 6;
    whole.then_some(count)
}
