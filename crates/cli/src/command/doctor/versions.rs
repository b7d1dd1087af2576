//! Kafka releases of the brokers, derived from the API versions they support.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use antiphon_kafka::BrokerInfo;

use super::{cluster::Cluster, finding::Finding, runner::CheckRunner};

const CHECK: &str = "broker version";

/// The maximum number of brokers to check.
const MAX_BROKERS: usize = 16;

/// librdkafka does not report API versions, so this asks each broker directly. A broker answers
/// before authentication, but a TLS listener needs TLS.
pub(super) fn check(runner: &CheckRunner, cluster: &Cluster) {
    if cluster.embedded {
        return runner.report(Finding::skip(CHECK, "an embedded broker, not Kafka"));
    }
    let protocol = runner.properties.get("security.protocol");
    let protocol = protocol.unwrap_or_default().to_ascii_lowercase();
    if protocol.contains("ssl") {
        return runner.report(Finding::skip(
            CHECK,
            "not checked: this needs a listener without TLS",
        ));
    }
    if cluster.brokers.len() > MAX_BROKERS {
        let why = format!(
            "only {MAX_BROKERS} of {} brokers are checked",
            cluster.brokers.len()
        );
        runner.report(Finding::skip(CHECK, why));
    }
    for broker in cluster.brokers.iter().take(MAX_BROKERS) {
        if !runner.skips(CHECK) {
            runner.report(judge(broker, query(broker, runner.time_limit())));
        }
    }
}

fn judge(broker: &BrokerInfo, answer: io::Result<Ranges>) -> Finding {
    let at = format!("broker {} at {}:{}", broker.id, broker.host, broker.port);
    match answer.map(|ranges| release(&ranges)) {
        Ok(Some(release)) => Finding::ok(CHECK, format!("{at} is at least Kafka {release}")),
        Ok(None) => Finding::fail(
            CHECK,
            format!("{at} is older than Kafka 0.11, the first release with headers"),
            "use a newer Kafka",
        ),
        Err(error) => Finding::warn(
            CHECK,
            format!("{at} did not report its API versions: {error}"),
            "check advertised.listeners: the address that the broker advertises must be reachable \
             from here",
        ),
    }
}

/// API keys with the highest version that the broker supports.
type Ranges = Vec<(i16, i16)>;

const PRODUCE: i16 = 0;
const FETCH: i16 = 1;

/// The first release that supports a version of a request, newest first.
const RELEASES: &[(i16, i16, &str)] = &[
    (FETCH, 18, "4.1"),
    (PRODUCE, 12, "4.0"),
    (FETCH, 17, "3.9"),
    (PRODUCE, 11, "3.8"),
    (FETCH, 16, "3.7"),
    (FETCH, 15, "3.5"),
    (FETCH, 13, "3.1"),
    (PRODUCE, 9, "2.8"),
    (FETCH, 12, "2.7"),
    (PRODUCE, 8, "2.4"),
    (FETCH, 11, "2.3"),
    (FETCH, 10, "2.1"),
    (FETCH, 8, "2.0"),
    (FETCH, 7, "1.1"),
    (PRODUCE, 3, "0.11"),
];

fn release(ranges: &[(i16, i16)]) -> Option<&'static str> {
    let knows = |kind, version| {
        ranges
            .iter()
            .any(|(key, highest)| *key == kind && *highest >= version)
    };
    let mut releases = RELEASES.iter();
    let newest = releases.find(|(kind, version, _)| knows(*kind, *version));
    newest.map(|(_, _, release)| *release)
}

/// `ApiVersions`, version 0: length, api key 18, version 0, correlation id, null client id.
const REQUEST: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];
const CORRELATION_ID: [u8; 4] = [0, 0, 0, 7];

/// The longest response to accept. A real one has less than a kilobyte.
const ANSWER_LIMIT: u32 = 64 * 1024;

fn query(broker: &BrokerInfo, limit: Duration) -> io::Result<Ranges> {
    let mut stream = connect(broker, limit)?;
    stream.set_read_timeout(Some(at_least(limit)))?;
    stream.set_write_timeout(Some(at_least(limit)))?;
    stream.write_all(&REQUEST)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > ANSWER_LIMIT {
        return Err(io::Error::other(format!(
            "it announces a response of {length} bytes"
        )));
    }
    let mut answer = vec![0; length as usize];
    stream.read_exact(&mut answer)?;
    read(&answer).ok_or_else(|| io::Error::other("its response is not that of Kafka"))
}

/// Connects to the first address of the host name that answers.
fn connect(broker: &BrokerInfo, limit: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::other("the host name has no address");
    for address in (broker.host.as_str(), broker.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, at_least(limit)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The standard library refuses a timeout of zero.
fn at_least(limit: Duration) -> Duration {
    limit.max(Duration::from_millis(1))
}

/// Correlation id, error code, count, then key, lowest and highest version of each.
fn read(answer: &[u8]) -> Option<Ranges> {
    let (correlation_id, rest) = answer.split_first_chunk::<4>()?;
    let (error, rest) = rest.split_first_chunk::<2>()?;
    let (count, entries) = rest.split_first_chunk::<4>()?;
    let count = usize::try_from(u32::from_be_bytes(*count)).ok()?;
    if *correlation_id != CORRELATION_ID || *error != [0, 0] || entries.len() / 6 < count {
        return None;
    }
    let entries = entries.chunks_exact(6).take(count);
    let read = entries.filter_map(|entry| match *entry {
        [a, b, _, _, e, f] => Some((i16::from_be_bytes([a, b]), i16::from_be_bytes([e, f]))),
        _ => None,
    });
    Some(read.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_that_fits_is_named() {
        assert_eq!(release(&[(PRODUCE, 13), (FETCH, 18)]), Some("4.1"));
        assert_eq!(release(&[(PRODUCE, 11), (FETCH, 17)]), Some("3.9"));
        assert_eq!(release(&[(PRODUCE, 9), (FETCH, 12)]), Some("2.8"));
        assert_eq!(release(&[(PRODUCE, 3), (FETCH, 5)]), Some("0.11"));
        assert_eq!(release(&[(PRODUCE, 2), (FETCH, 3)]), None);
        assert_eq!(release(&[]), None);
    }

    #[test]
    fn an_answer_is_read_and_a_broken_one_is_not() {
        let mut answer = [&CORRELATION_ID[..], &[0, 0], &[0, 0, 0, 2]].concat();
        answer.extend([0, 0, 0, 0, 0, 9, 0, 1, 0, 0, 0, 12]);
        assert_eq!(read(&answer), Some(vec![(0, 9), (1, 12)]));
        for length in 0..answer.len() {
            assert_eq!(read(&answer[..length]), None, "{length}");
        }
        answer[3] = 8;
        assert_eq!(read(&answer), None);
        let boast = [&CORRELATION_ID[..], &[0, 0], &[0xff; 4], &[0; 12]].concat();
        assert_eq!(read(&boast), None);
    }
}
