//! What librdkafka was built with.

use std::ffi::c_char;
use std::sync::OnceLock;

use rdkafka_sys::{
    rd_kafka_conf_destroy, rd_kafka_conf_get, rd_kafka_conf_new, rd_kafka_conf_res_t as Outcome,
};

use crate::text;

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

/// Whether librdkafka has a feature, by the name that it has in `builtin.features`, for example
/// `ssl`, `sasl_scram` or `zstd`.
#[must_use]
pub fn is_built_in(feature: &str) -> bool {
    static FEATURES: OnceLock<String> = OnceLock::new();
    let features = FEATURES.get_or_init(read);
    features.split(',').any(|name| name.trim() == feature)
}

/// Why a property can not be used with this build, and how to get one with which it can.
pub(crate) fn refuse(key: &str, value: &str) -> Option<String> {
    let feature = needed(key, value).filter(|feature| !is_built_in(feature.name))?;
    let asked = match key.starts_with("ssl.") {
        true => key.to_owned(),
        false => format!("{key}={value}"),
    };
    let Feature { title, flags, .. } = feature;
    Some(format!(
        "{asked} needs {title}, which this program was built without; build it with {flags}"
    ))
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

/// The features as librdkafka lists them, separated by commas.
fn read() -> String {
    let mut list: [c_char; 1_024] = [0; 1_024];
    let mut size = list.len();
    // SAFETY: the object is ours and freed once; librdkafka writes at most `size` bytes and ends
    // them with NUL.
    unsafe {
        let conf = rd_kafka_conf_new();
        let name = c"builtin.features".as_ptr();
        let outcome = rd_kafka_conf_get(conf, name, list.as_mut_ptr(), &raw mut size);
        rd_kafka_conf_destroy(conf);
        match outcome {
            Outcome::RD_KAFKA_CONF_OK => text::copy(list.as_ptr()),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn librdkafka_lists_what_it_has() {
        assert!(is_built_in("sasl_plain"));
        assert!(!is_built_in("sasl_plai"), "the begin of a name is none");
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
            assert_eq!(refused.is_none(), is_built_in(feature), "{refused:?}");
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
