//! End-to-end tests: one binary, on the embedded broker and on a real Apache Kafka.
//!
//! One file per behaviour, each with a table of [`Case`](support::suite::Case)s; `support` finds or starts what they
//! run against.
//!
//! ```text
//! cargo test -p antiphon-tests                          everything that can run here
//! cargo test -p antiphon-tests -- embedded::            no Java, no network, seconds
//! ANTIPHON_REQUIRE_KAFKA=1 cargo test -p antiphon-tests a missing Kafka is a failure, not an ignored test
//! ANTIPHON_TEST_BOOTSTRAP_SERVERS=host:9092 cargo test  a Kafka of yours instead of one started here
//! cargo test -p antiphon-tests --features ssl -- tls     TLS and SASL/SCRAM, on a Kafka with a certificate
//! ```

mod admin;
mod bench;
mod broker_restart;
mod cli;
mod compose_file;
mod frozen;
mod gather;
mod groups;
mod harness;
mod hostile;
mod inline;
mod matching;
mod outcomes;
mod reading;
mod restart;
mod round_trip;
mod strays;
mod support;

use std::process::ExitCode;

use libtest_mimic::Arguments;

use support::process;
use support::suite::{self, Case};

/// Every case of every file.
const CASES: &[&[Case]] = &[
    admin::CASES,
    bench::CASES,
    broker_restart::CASES,
    cli::CASES,
    cli::settings::CASES,
    #[cfg(feature = "ssl")]
    cli::tls::CASES,
    cli::topics::CASES,
    compose_file::CASES,
    harness::CASES,
    round_trip::CASES,
    restart::CASES,
    frozen::CASES,
    groups::CASES,
    strays::CASES,
    outcomes::CASES,
    hostile::CASES,
    gather::CASES,
    inline::CASES,
    matching::CASES,
    reading::CASES,
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if runs_everything(&arguments) {
        process::build_binaries();
    }
    let conclusion = libtest_mimic::run(&arguments, suite::trials(CASES));
    suite::stop_shared_brokers();
    conclusion.exit_code()
}

/// Whether no filter was given. Then the binaries are built before any test runs, so that the compiler does not take
/// the cores from tests with deadlines.
fn runs_everything(arguments: &Arguments) -> bool {
    !arguments.list && arguments.filter.is_none()
}
