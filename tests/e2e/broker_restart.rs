//! A Kafka that is started here answers, stops, and starts again as the same broker. Every test of a broker's restart
//! relies on this.

use std::fs;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use crate::support::broker::{KafkaHandle, api_versions};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "broker_restart::a_stopped_broker_comes_back",
        needs: Needs::PrivateKafka,
        run: |env| comes_back(env, KafkaHandle::stop),
    },
    Case {
        name: "broker_restart::a_killed_broker_comes_back",
        needs: Needs::PrivateKafka,
        run: |env| comes_back(env, KafkaHandle::kill),
    },
    Case {
        name: "broker_restart::a_frozen_broker_thaws",
        needs: Needs::PrivateKafka,
        run: thaws,
    },
];

/// Every current Kafka supports far more kinds of request than this.
const FEWEST_APIS: usize = 40;

/// Starts a broker, stops it with `end`, starts it again; prints the duration of each step.
fn comes_back(_: &Env, end: fn(&KafkaHandle) -> Result<(), String>) -> Result<(), Failed> {
    let mut watch = Stopwatch::new();
    let kafka = KafkaHandle::private()?;
    watch.lap("first start");
    let address = kafka.bootstrap_servers();
    let before = api_versions(address)?;
    ensure(
        before >= FEWEST_APIS,
        format!("Kafka supports only {before} kinds of request"),
    )?;

    watch.lap("answer");
    end(&kafka)?;
    watch.lap("end");
    eventually("nobody answers", Duration::from_secs(1), || {
        api_versions(address).err()
    })?;

    kafka.start()?;
    watch.lap("second start");
    ensure(api_versions(address)? == before, "another Kafka answers")?;
    kept_its_data(&kafka)?;
    eprintln!("Kafka at {address}: {}", watch.laps);
    Ok(())
}

/// A frozen broker keeps its connections and sends nothing; it can be thawed, and stopped while it is frozen.
fn thaws(_: &Env) -> Result<(), Failed> {
    let kafka = KafkaHandle::private()?;
    let address = kafka.bootstrap_servers();
    kafka.signal("STOP")?;
    // The signal stops each thread only when the thread is scheduled next.
    let frozen = Duration::from_secs(5);
    eventually("the frozen broker says nothing", frozen, || {
        api_versions(address).err()
    })?;
    kafka.signal("CONT")?;
    let thawed = Duration::from_secs(20);
    eventually("the thawed broker answers", thawed, || {
        api_versions(address).ok()
    })?;
    kafka.signal("STOP")?;
    let began = Instant::now();
    kafka.stop()?;
    let took = began.elapsed();
    ensure(
        took < Duration::from_secs(10),
        format!("stopping it took {took:.1?}"),
    )
}

/// A broker that finds its data does not log a second bootstrap of an empty cluster.
fn kept_its_data(kafka: &KafkaHandle) -> Result<(), Failed> {
    let log = kafka.log_path().ok_or("a private broker has a log")?;
    let text = fs::read_to_string(log)?;
    let starts = text.matches("Kafka Server started").count();
    let empty = text.matches("The metadata log appears to be empty").count();
    ensure(
        (starts, empty) == (2, 1),
        format!("{starts} starts, {empty} of them on empty data"),
    )
}

/// Measures the durations of successive steps.
#[derive(Debug)]
struct Stopwatch {
    since: Instant,
    laps: String,
}

impl Stopwatch {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            laps: String::new(),
        }
    }

    /// Ends the current step and names it.
    fn lap(&mut self, name: &str) {
        let separator = if self.laps.is_empty() { "" } else { ", " };
        self.laps
            .push_str(&format!("{separator}{name} {:.2?}", self.since.elapsed()));
        self.since = Instant::now();
    }
}
