//! Features of this build, and those that the configuration needs.

use antiphon_kafka::{Features, Producer, Reports, features};

use super::{finding::Finding, runner::CheckRunner};

const CHECK: &str = "client build";

/// Returns false if no client can be created.
pub(super) fn check(runner: &CheckRunner) -> bool {
    let features = features();
    let lacks = runner.properties.lacks();
    if !lacks.is_empty() {
        for lack in lacks {
            runner.report(Finding::fail(CHECK, lack.detail, lack.remedy));
        }
        return false;
    }
    // This connects to nothing: librdkafka only checks the properties.
    match Producer::new(&runner.properties, Reports::ErrorsOnly) {
        Ok(_) => runner.report(Finding::ok(CHECK, described(features))),
        Err(error) => {
            let remedy =
                "correct the property; CONFIGURATION.md of librdkafka lists all properties";
            runner.report(Finding::fail("settings", error.to_string(), remedy));
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
