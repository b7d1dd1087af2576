//! What this program was built with, and what the configuration wants of it.

use antiphon_kafka::{Features, Producer, Reports, features};

use super::{finding::Finding, runner::CheckRunner};

const CHECK: &str = "client build";

/// False if no client can be made at all.
pub(super) fn check(runner: &CheckRunner) -> bool {
    let features = features();
    let lacks = runner.properties.lacks();
    if !lacks.is_empty() {
        for lack in lacks {
            runner.say(Finding::fail(CHECK, lack.detail, lack.remedy));
        }
        return false;
    }
    // Nothing is connected: this asks librdkafka alone.
    match Producer::new(&runner.properties, Reports::ErrorsOnly) {
        Ok(_) => runner.say(Finding::ok(CHECK, described(features))),
        Err(error) => {
            let remedy = "correct the property; librdkafka's CONFIGURATION.md lists them all";
            runner.say(Finding::fail("settings", error.to_string(), remedy));
            return false;
        }
    }
    true
}

fn described(features: &Features) -> String {
    let known = [
        "ssl",
        "sasl_gssapi",
        "sasl_scram",
        "sasl_plain",
        "sasl_oauthbearer",
        "zstd",
    ];
    let (with, without): (Vec<_>, Vec<_>) = known.into_iter().partition(|name| features.has(name));
    let list = |names: Vec<&str>| match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    };
    format!(
        "librdkafka {}; with {}; without {}",
        features.version,
        list(with),
        list(without)
    )
}

pub(super) const BUILD_ZSTD: &str = "build it with --features zstd";
