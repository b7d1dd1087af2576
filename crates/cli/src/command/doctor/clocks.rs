//! Whether the clocks of this machine and of a broker agree.

use std::{
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use antiphon_kafka::{
    Error, ErrorKind, NewTopic, Outgoing, Producer, ProducerEvent, Reports, Topic,
};
use rand::Rng;

use super::{
    clinic::{Clinic, Cluster},
    finding::Finding,
};

const CHECK: &str = "clocks";

/// The first record also waits for connections; the best of some says most.
const RECORDS: u64 = 3;

/// How often a topic is looked for that was just created.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A record to a topic of its own, which the broker stamps with its own time.
pub(super) fn check(clinic: &Clinic, cluster: &Cluster) {
    if clinic.args.read_only {
        return clinic.say(Finding::skip(
            CHECK,
            "not checked: it takes a topic, and this is --read-only",
        ));
    }
    if cluster.embedded {
        let why = "an embedded broker of Antiphon is on this machine";
        return clinic.say(Finding::skip(CHECK, why));
    }
    let name = format!("antiphon-doctor-{:08x}", rand::rng().random::<u32>());
    let measured = match cluster
        .admin
        .create_topic(&stamped(&name), clinic.patience())
    {
        Ok(()) => {
            let measured = measure(clinic, &name);
            tidy(clinic, cluster, &name);
            measured
        }
        Err(error) if error.kind() == ErrorKind::NotAuthorized => {
            let why = "not checked: this principal may not create the topic that it takes";
            return clinic.say(Finding::skip(CHECK, why));
        }
        Err(error) => {
            // It may have been created after the question was given up.
            if error.kind() == ErrorKind::TimedOut {
                tidy(clinic, cluster, &name);
            }
            Err(error.to_string())
        }
    };
    clinic.say(match measured {
        Ok(apart) => judge(&apart, clinic.settings.service.clock_skew),
        Err(why) => Finding::warn(
            CHECK,
            format!("could not be compared: {why}"),
            "give it more time by --timeout, or leave it out by --read-only",
        ),
    });
}

fn stamped(name: &str) -> NewTopic {
    let configs = [
        ("message.timestamp.type", "LogAppendTime"),
        ("retention.ms", "60000"),
    ];
    NewTopic {
        name: name.to_owned(),
        partitions: 1,
        replication: -1,
        configs: configs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    }
}

fn tidy(clinic: &Clinic, cluster: &Cluster, name: &str) {
    // Also when the time is up: nothing is to be left behind.
    match cluster.admin.delete_topic(name, clinic.args.timeout) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnknownTopic => {}
        Err(error) => clinic.say(Finding::warn(
            CHECK,
            format!("the topic {name} was left behind: {error}"),
            format!("delete {name}"),
        )),
    }
}

/// Two clocks, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Apart {
    /// How far the broker's clock is ahead of this one, at least; negative if it is behind.
    ahead: i64,
    /// How long the record took, which is how exact the comparison is.
    took: i64,
}

impl Apart {
    /// The broker stamped at `broker` what was sent at `before` and acknowledged at `after`.
    fn of(before: i64, broker: i64, after: i64) -> Self {
        let nearest = broker.clamp(before, after.max(before));
        Self {
            ahead: broker - nearest,
            took: after.saturating_sub(before).max(0),
        }
    }
}

fn measure(clinic: &Clinic, name: &str) -> Result<Apart, String> {
    let text = |error: Error| error.to_string();
    let mut properties = clinic.properties.clone();
    let patience = clinic.patience();
    let limit = patience.as_millis().max(100).to_string();
    properties
        .set("message.timeout.ms", limit)
        .set("linger.ms", "0");
    let producer = Producer::new(&properties, Reports::All).map_err(text)?;
    let end = Instant::now() + patience;
    while producer
        .partitions(name, clinic.patience())
        .map_err(text)?
        .is_none()
    {
        if Instant::now() >= end || clinic.is_over() {
            return Err("its topic did not appear in time".to_owned());
        }
        thread::sleep(LOOK_AGAIN);
    }
    let topic = producer.topic(name).map_err(text)?;
    let mut best = None;
    for token in 0..RECORDS {
        let apart = once(&producer, &topic, token, end)?;
        let better = best.is_none_or(|best: Apart| apart.took < best.took);
        best = if better { Some(apart) } else { best };
    }
    best.ok_or_else(|| "no record was written".to_owned())
}

fn once(producer: &Producer, topic: &Topic, token: u64, end: Instant) -> Result<Apart, String> {
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
        if left.is_zero() {
            return Err("a record was not acknowledged in time".to_owned());
        }
        producer.poll_events(left, &mut |event| {
            if let ProducerEvent::Reports(reports) = event {
                for report in reports.filter(|report| report.token == token) {
                    stamped = Some((report.log_append_time(), report.error));
                }
            }
        });
    }
    match stamped {
        Some((Some(broker), _)) => Ok(Apart::of(before, broker, now())),
        Some((None, Some(failure))) => Err(format!("a record was not stored: {:?}", failure.kind)),
        _ => Err("the broker did not say when it wrote the record".to_owned()),
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

/// Deadlines cross clocks; `allowance` is what services let pass.
fn judge(apart: &Apart, allowance: Duration) -> Finding {
    let Apart { ahead, took } = *apart;
    let apart = Duration::from_millis(ahead.unsigned_abs());
    let detail = match ahead {
        0 => format!("the broker's clock and this one agree to within {took} ms"),
        1.. => format!("the broker's clock is {apart:?} or more ahead of this one"),
        _ => format!("the broker's clock is {apart:?} or more behind this one"),
    };
    let allowed = humantime::format_duration(allowance);
    if apart > allowance {
        return Finding::fail(
            CHECK,
            format!(
                "{detail}, and services allow for {allowed}: requests are refused or kept too long"
            ),
            "set the clocks by NTP, or raise `clock_skew` of the section [service]",
        );
    }
    if apart > allowance / 2 {
        return Finding::warn(
            CHECK,
            format!("{detail}, and services allow for {allowed}"),
            "set the clocks by NTP",
        );
    }
    Finding::ok(CHECK, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::finding::Status;

    #[test]
    fn only_what_no_delay_explains_is_skew() {
        let of = |before, broker, after| Apart::of(before, broker, after).ahead;
        assert_eq!(of(100, 105, 110), 0);
        assert_eq!(of(100, 100, 100), 0);
        assert_eq!(of(100, 140, 110), 30);
        assert_eq!(of(100, 60, 110), -40);
        // This clock was set back meanwhile.
        assert_eq!(of(100, 100, 50), 0);
    }

    #[test]
    fn skew_is_judged_by_what_services_allow() {
        let of = |ahead| judge(&Apart { ahead, took: 1 }, Duration::from_secs(5)).status;
        assert_eq!(of(0), Status::Ok);
        assert_eq!(of(-2_500), Status::Ok);
        assert_eq!(of(2_501), Status::Warn);
        assert_eq!(of(-5_001), Status::Fail);
    }
}
