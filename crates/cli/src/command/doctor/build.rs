//! What this program was built with, and what the configuration wants of it.

use antiphon_kafka::{Features, Producer, Properties, Reports, features};

use super::{clinic::Clinic, finding::Finding};

const CHECK: &str = "client build";

/// False if no client can be made at all.
pub(super) fn check(clinic: &Clinic) -> bool {
    let features = features();
    let missing = missing(&clinic.properties, &features);
    for (wanted, remedy) in &missing {
        let detail = format!("{wanted}, and this program was built without it");
        clinic.say(Finding::fail(CHECK, detail, *remedy));
    }
    if !missing.is_empty() {
        return false;
    }
    // Nothing is connected: this asks librdkafka alone.
    match Producer::new(&clinic.properties, Reports::ErrorsOnly) {
        Ok(_) => clinic.say(Finding::ok(CHECK, described(&features))),
        Err(error) => {
            let remedy = "correct the property; librdkafka's CONFIGURATION.md lists them all";
            clinic.say(Finding::fail("settings", error.to_string(), remedy));
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

/// What the properties want and the build does not have, with what to do.
fn missing(properties: &Properties, features: &Features) -> Vec<(String, &'static str)> {
    let mut missing = Vec::new();
    let mut want = |name: &str, value: &str, feature: &str, remedy| {
        if !features.has(feature) {
            missing.push((format!("{name}={value} needs {feature}"), remedy));
        }
    };
    if let Some(protocol) = properties.get("security.protocol") {
        let value = protocol.to_ascii_lowercase();
        if value.contains("ssl") {
            want("security.protocol", protocol, "ssl", BUILD_SSL);
        }
    }
    for name in ["sasl.mechanisms", "sasl.mechanism"] {
        if let Some(mechanism) = properties.get(name)
            && let Some((feature, remedy)) = mechanism_needs(mechanism)
        {
            want(name, mechanism, feature, remedy);
        }
    }
    for name in ["compression.type", "compression.codec"] {
        if properties.get(name) == Some("zstd") {
            want(name, "zstd", "zstd", BUILD_ZSTD);
        }
    }
    missing
}

fn mechanism_needs(mechanism: &str) -> Option<(&'static str, &'static str)> {
    match mechanism.to_ascii_uppercase().as_str() {
        "GSSAPI" => Some(("sasl_gssapi", BUILD_GSSAPI)),
        "PLAIN" => Some(("sasl_plain", BUILD_SSL)),
        "OAUTHBEARER" => Some(("sasl_oauthbearer", BUILD_SSL)),
        scram if scram.starts_with("SCRAM-") => Some(("sasl_scram", BUILD_SSL)),
        _ => None,
    }
}

const BUILD_SSL: &str = "build it with --features ssl (or ssl-vendored)";
const BUILD_GSSAPI: &str = "build it with --features gssapi-vendored";
pub(super) const BUILD_ZSTD: &str = "build it with --features zstd";

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(properties: &[(&str, &str)], features: &[&str]) -> usize {
        let features = Features {
            version: String::new(),
            names: features.iter().map(|name| (*name).to_owned()).collect(),
        };
        missing(&properties.iter().copied().collect(), &features).len()
    }

    #[test]
    fn what_the_configuration_wants_has_to_be_there() {
        assert_eq!(needs(&[("linger.ms", "0")], &[]), 0);
        assert_eq!(needs(&[("security.protocol", "SASL_SSL")], &["ssl"]), 0);
        let scram = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanisms", "SCRAM-SHA-256"),
        ];
        assert_eq!(needs(&scram, &["ssl"]), 1);
        assert_eq!(needs(&scram, &[]), 2);
        assert_eq!(needs(&[("compression.type", "zstd")], &["ssl"]), 1);
        assert_eq!(needs(&[("sasl.mechanism", "gssapi")], &["sasl_gssapi"]), 0);
    }
}
