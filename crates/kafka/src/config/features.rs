//! What properties need of the way in which librdkafka was built.

use crate::Properties;
use crate::config::build::{Features, features};

/// Something that librdkafka has only if it was built so.
struct Feature {
    /// As librdkafka calls it.
    name: &'static str,
    /// For people.
    title: &'static str,
    /// How to build it.
    flags: &'static str,
}

const TLS: Feature = Feature {
    name: "ssl",
    title: "TLS",
    flags: "`--features ssl` (needs the OpenSSL headers) or `--features ssl-vendored`",
};

const SCRAM: Feature = Feature {
    name: "sasl_scram",
    title: "SASL/SCRAM, which takes OpenSSL",
    ..TLS
};

const OAUTHBEARER: Feature = Feature {
    name: "sasl_oauthbearer",
    title: "SASL/OAUTHBEARER, which takes OpenSSL",
    ..TLS
};

const KERBEROS: Feature = Feature {
    name: "sasl_gssapi",
    title: "SASL/GSSAPI (Kerberos)",
    flags: "`--features gssapi-vendored`",
};

const ZSTD: Feature = Feature {
    name: "zstd",
    title: "zstd",
    flags: "`--features zstd`",
};

/// A property that this build cannot serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// What needs what. Shows no secret.
    pub detail: String,
    /// How to build the program so that it has it.
    pub remedy: String,
}

impl Properties {
    /// Everything that these properties need and that librdkafka was built without.
    #[must_use]
    pub fn lacks(&self) -> Vec<Lack> {
        self.lacks_of(features())
    }

    fn lacks_of(&self, features: &Features) -> Vec<Lack> {
        self.iter()
            .filter_map(|(key, value)| lack(key, value, features))
            .collect()
    }
}

/// Why this build cannot use a property, and how to build one that can.
pub(crate) fn refuse(key: &str, value: &str) -> Option<String> {
    let Lack { detail, remedy } = lack(key, value, features())?;
    Some(format!("{detail}; {remedy}"))
}

fn lack(key: &str, value: &str, features: &Features) -> Option<Lack> {
    let needed = needed(key, value).filter(|feature| !features.has(feature.name))?;
    let asked = match key.starts_with("ssl.") {
        true => key.to_owned(),
        false => format!("{key}={value}"),
    };
    let Feature { title, flags, .. } = needed;
    Some(Lack {
        detail: format!("{asked} needs {title}, which this program was built without"),
        remedy: format!("build it with {flags}"),
    })
}

fn needed(key: &str, value: &str) -> Option<Feature> {
    let value = value.trim().to_ascii_lowercase();
    match (key, value.as_str()) {
        ("security.protocol", "ssl" | "sasl_ssl") => Some(TLS),
        ("sasl.mechanism" | "sasl.mechanisms", "oauthbearer") => Some(OAUTHBEARER),
        ("sasl.mechanism" | "sasl.mechanisms", "gssapi") => Some(KERBEROS),
        ("sasl.mechanism" | "sasl.mechanisms", name) if name.starts_with("scram-") => Some(SCRAM),
        ("compression.codec" | "compression.type", "zstd") => Some(ZSTD),
        (key, _) if key.starts_with("ssl.") => Some(TLS),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacks(properties: &[(&str, &str)], built: &[&str]) -> usize {
        let features = Features {
            version: String::new(),
            names: built.iter().map(|name| (*name).to_owned()).collect(),
        };
        let properties: Properties = properties.iter().copied().collect();
        properties.lacks_of(&features).len()
    }

    #[test]
    fn all_that_the_build_lacks_is_listed() {
        assert_eq!(lacks(&[("linger.ms", "0")], &[]), 0);
        assert_eq!(lacks(&[("security.protocol", "SASL_SSL")], &["ssl"]), 0);
        let scram = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanisms", "SCRAM-SHA-256"),
        ];
        assert_eq!(lacks(&scram, &["ssl"]), 1);
        assert_eq!(lacks(&scram, &[]), 2);
        assert_eq!(lacks(&[("compression.type", "zstd")], &["ssl"]), 1);
        assert_eq!(lacks(&[("sasl.mechanism", "gssapi")], &["sasl_gssapi"]), 0);
    }

    #[test]
    fn what_the_build_lacks_is_refused_with_the_way_to_have_it() {
        for (key, value, feature) in [
            ("security.protocol", "SASL_SSL", "ssl"),
            ("sasl.mechanism", "SCRAM-SHA-512", "sasl_scram"),
            ("sasl.mechanisms", "OAUTHBEARER", "sasl_oauthbearer"),
            ("ssl.ca.location", "/ca.pem", "ssl"),
            ("compression.type", "zstd", "zstd"),
        ] {
            let refused = refuse(key, value);
            assert_eq!(refused.is_none(), features().has(feature), "{refused:?}");
            if let Some(text) = refused {
                assert!(text.contains(key) && text.contains("--features"), "{text}");
            }
        }
    }

    #[test]
    fn what_every_build_has_is_not_refused() {
        for (key, value) in [
            ("security.protocol", "sasl_plaintext"),
            ("sasl.mechanism", "PLAIN"),
            ("compression.type", "lz4"),
            ("linger.ms", "5"),
        ] {
            assert_eq!(refuse(key, value), None);
        }
    }

    #[test]
    fn a_secret_of_tls_is_not_in_the_refusal() {
        let refused = refuse("ssl.key.password", "hunter2");
        assert!(refused.is_none_or(|text| !text.contains("hunter2")));
    }
}
