//! Records with a timestamp of the broker.

use std::{
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use antiphon_kafka::{Error, Outgoing, Producer, ProducerEvent, Reports, Topic};

use crate::command::doctor::runner::CheckRunner;

/// The first record also waits for connections, so the fastest of several counts.
const RECORDS: u64 = 3;

/// Interval to check for an interrupt.
const SLICE: Duration = Duration::from_millis(200);

/// Interval between look-ups of the new topic.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The difference between two clocks, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Skew {
    /// The minimum by which the clock of the broker is ahead; negative if it is behind.
    pub(super) ahead: i64,
    /// The time to write the record, which limits the precision.
    pub(super) took: i64,
}

impl Skew {
    /// The record was sent at `before`, stamped by the broker at `broker`, and acknowledged at `after`.
    fn of(before: i64, broker: i64, after: i64) -> Self {
        let nearest = broker.clamp(before, after.max(before));
        Self {
            ahead: broker - nearest,
            took: after.saturating_sub(before).max(0),
        }
    }
}

/// Writes records to a topic that the broker stamps. Blocks.
pub(super) fn measure(runner: &CheckRunner, name: &str) -> Result<Skew, String> {
    let text = |error: Error| error.to_string();
    let mut properties = runner.properties.clone();
    let limit = runner.time_limit();
    let timeout = limit.as_millis().max(100).to_string();
    properties
        .set("message.timeout.ms", timeout)
        .set("linger.ms", "0");
    let producer = Producer::new(&properties, Reports::All).map_err(text)?;
    let end = Instant::now() + limit;
    while producer
        .partitions(name, runner.time_limit())
        .map_err(text)?
        .is_none()
    {
        if Instant::now() >= end || runner.is_over() {
            return Err("the new topic was not visible in time".to_owned());
        }
        thread::sleep(POLL_INTERVAL);
    }
    let topic = producer.topic(name).map_err(text)?;
    let mut best = None;
    for token in 0..RECORDS {
        let apart = once(runner, &producer, &topic, token, end)?;
        let better = best.is_none_or(|best: Skew| apart.took < best.took);
        best = if better { Some(apart) } else { best };
    }
    best.ok_or_else(|| "no record was written".to_owned())
}

fn once(
    runner: &CheckRunner,
    producer: &Producer,
    topic: &Topic,
    token: u64,
    end: Instant,
) -> Result<Skew, String> {
    let record = Outgoing {
        topic,
        partition: 0,
        key: None,
        value: Some(b"antiphon doctor".as_slice()),
        headers: &[] as &[(&str, Option<&[u8]>)],
        token,
    };
    let before = now();
    producer.send(&record).map_err(|error| error.to_string())?;
    let mut stamped = None;
    while stamped.is_none() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || runner.is_over() {
            return Err("a record was not acknowledged in time".to_owned());
        }
        producer.poll_events(left.min(SLICE), &mut |event| {
            if let ProducerEvent::Reports(reports) = event {
                for report in reports.filter(|report| report.token == token) {
                    stamped = Some((report.log_append_time(), report.error));
                }
            }
        });
    }
    match stamped {
        Some((Some(broker), _)) => Ok(Skew::of(before, broker, now())),
        Some((None, Some(failure))) => Err(format!("a record was not stored: {:?}", failure.kind)),
        _ => Err("the broker did not report a timestamp for the record".to_owned()),
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_delay_explains_is_skew() {
        let of = |before, broker, after| Skew::of(before, broker, after).ahead;
        assert_eq!(of(100, 105, 110), 0);
        assert_eq!(of(100, 100, 100), 0);
        assert_eq!(of(100, 140, 110), 30);
        assert_eq!(of(100, 60, 110), -40);
        // The clock of this machine was set back meanwhile.
        assert_eq!(of(100, 100, 50), 0);
    }
}
