//! Values on the command line.

use std::time::Duration;

use super::TopicSpec;

/// `key=value`; the value may hold more equals signs.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// `2s`, `500ms`, `1m 30s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write 2s or 500ms"))
}

/// A duration that is not zero.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = duration(text)?;
    if timeout < Duration::from_millis(1) {
        return Err("at least 1ms is needed".to_owned());
    }
    Ok(timeout)
}

/// A rate per second.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (SLOWEST..=FASTEST).contains(&rate) => Ok(rate),
        _ => Err(format!("expected a number from {SLOWEST} to {FASTEST}")),
    }
}

/// One request in a quarter of an hour; more than one process can send.
const SLOWEST: f64 = 0.001;
const FASTEST: f64 = 10_000_000.0;

/// `name` or `name:partitions`.
pub(super) fn topic(text: &str) -> Result<TopicSpec, String> {
    let (name, partitions) = text.rsplit_once(':').unwrap_or((text, "4"));
    let partitions = partitions
        .parse()
        .ok()
        .filter(|count| (1..=MOST_PARTITIONS).contains(count))
        .ok_or_else(|| {
            format!("expected NAME:PARTITIONS with 1 to {MOST_PARTITIONS} partitions")
        })?;
    if name.is_empty() {
        return Err("the topic has no name".to_owned());
    }
    Ok(TopicSpec {
        name: name.to_owned(),
        partitions,
    })
}

/// More partitions than anybody needs in one process.
const MOST_PARTITIONS: i32 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_split_at_its_first_equals_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("=a").is_err());
        assert!(pair("a").is_err());
    }

    #[test]
    fn a_timeout_is_at_least_a_millisecond() {
        assert_eq!(timeout("1m 30s"), Ok(Duration::from_secs(90)));
        for wrong in ["0s", "1us", "2", "soon"] {
            assert!(timeout(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rate_is_a_number_that_can_be_sent() {
        assert_eq!(rate("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "NaN", "inf", "fast", "1e9"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_topic_has_four_partitions_unless_it_says_otherwise() {
        assert_eq!(topic("a").unwrap().partitions, 4);
        assert_eq!(topic("a:9").unwrap().partitions, 9);
        for wrong in ["a:0", "a:x", ":3", "a:-1", "a:1001"] {
            assert!(topic(wrong).is_err(), "{wrong}");
        }
    }
}
