//! How tests are declared, and what each of them gets.
//!
//! A behaviour is a [`Case`]; its [`Needs`] decide its trials. Without a Kafka, a case that needs one is shown as
//! ignored, with the reason; `ANTIPHON_REQUIRE_KAFKA=1` makes that a failure.

mod env;
mod shared;

use std::env::var;
use std::sync::Once;

use libtest_mimic::{Completion, Failed, Trial};

use super::broker::KafkaHandle;
pub(crate) use env::Env;
use env::Place;

/// Set it to 1 to make a missing Kafka a failure.
const REQUIRE: &str = "ANTIPHON_REQUIRE_KAFKA";

/// One behaviour.
#[derive(Debug)]
pub(crate) struct Case {
    /// `file::what_holds`; trials put `embedded::` or `kafka::` before it.
    pub(crate) name: &'static str,
    /// What it runs against.
    pub(crate) needs: Needs,
    /// Fails unless the behaviour holds.
    pub(crate) run: fn(&Env) -> Result<(), Failed>,
}

/// What a case runs against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// No broker.
    Nothing,
    /// The embedded broker.
    Embedded,
    /// The shared Apache Kafka.
    Kafka,
    /// Both, one trial on each.
    Both,
    /// An Apache Kafka that the case may stop, through [`KafkaHandle::private`]; the shared one is not started for it.
    PrivateKafka,
}

impl Needs {
    /// The trials of a case with these needs.
    fn places(self) -> &'static [Place] {
        match self {
            Self::Nothing => &[Place::Nowhere],
            Self::Embedded => &[Place::Embedded],
            Self::Kafka => &[Place::Kafka],
            Self::Both => &[Place::Embedded, Place::Kafka],
            Self::PrivateKafka => &[Place::PrivateKafka],
        }
    }
}

/// Why a case has no Kafka to run against.
#[derive(Clone, Debug)]
pub(crate) enum Missing {
    /// This machine has none.
    Unavailable(String),
    /// It did not start.
    Broken(String),
}

/// The trials of all cases.
pub(crate) fn trials(files: &'static [&'static [Case]]) -> Vec<Trial> {
    let cases = files.iter().flat_map(|cases| cases.iter());
    cases
        .flat_map(|case| case.needs.places().iter().map(|place| trial(case, *place)))
        .collect()
}

/// Stops the shared brokers; call it when all trials are done.
pub(crate) fn stop_shared_brokers() {
    env::stop_shared_brokers();
}

/// One case at one place. Only a running trial looks for a Kafka: `--list` starts nothing.
fn trial(case: &'static Case, place: Place) -> Trial {
    let name = match place {
        Place::Nowhere => case.name.to_owned(),
        Place::Embedded => format!("embedded::{}", case.name),
        Place::Kafka | Place::PrivateKafka => format!("kafka::{}", case.name),
    };
    Trial::ignorable_test(name, move || match Env::at(place) {
        Ok(env) => (case.run)(&env).map(|()| Completion::Completed),
        Err(Missing::Broken(reason)) => Err(Failed::from(reason)),
        Err(Missing::Unavailable(reason)) => without_kafka(&reason),
    })
}

/// The outcome of a case whose Kafka is missing.
fn without_kafka(reason: &str) -> Result<Completion, Failed> {
    if is_required() {
        return Err(Failed::from(format!(
            "no Kafka, and {REQUIRE} is set: {reason}"
        )));
    }
    static SAID: Once = Once::new();
    SAID.call_once(|| eprintln!("no Kafka: {reason}"));
    Ok(Completion::ignored_with("no Kafka"))
}

/// Whether a missing Kafka is a failure.
fn is_required() -> bool {
    var(REQUIRE).is_ok_and(|value| !matches!(value.as_str(), "" | "0"))
}

/// Fails with `reason` unless `holds`.
pub(crate) fn ensure(holds: bool, reason: impl Into<String>) -> Result<(), Failed> {
    if holds {
        Ok(())
    } else {
        Err(Failed::from(reason.into()))
    }
}

/// A private broker for a case, or the reason why there is none.
fn private_kafka() -> Result<(), Missing> {
    KafkaHandle::private_unavailable().map_or(Ok(()), |reason| Err(Missing::Unavailable(reason)))
}
