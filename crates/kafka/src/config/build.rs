//! What librdkafka was built with.

use std::ptr;
use std::sync::OnceLock;

use rdkafka_sys::{
    rd_kafka_conf_destroy, rd_kafka_conf_get, rd_kafka_conf_new, rd_kafka_conf_res_t as Outcome,
    rd_kafka_version_str,
};

use crate::ffi::c_string;

/// What the librdkafka of this program can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    /// Its version.
    pub version: String,
    /// The names that its property `builtin.features` has, for example `ssl` or `sasl_scram`.
    pub names: Vec<String>,
}

impl Features {
    /// Whether there is a feature of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|one| one == name)
    }
}

/// What librdkafka was built with; it is asked once. Does not block.
#[must_use]
pub fn features() -> &'static Features {
    static FEATURES: OnceLock<Features> = OnceLock::new();
    FEATURES.get_or_init(read)
}

fn read() -> Features {
    // SAFETY: the version is a static string.
    let version = unsafe { c_string::copy(rd_kafka_version_str()) };
    let names = builtin();
    let names = names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    Features {
        version,
        names: names.map(str::to_owned).collect(),
    }
}

fn builtin() -> String {
    let name = c"builtin.features".as_ptr();
    // SAFETY: the object is ours and freed once. With a null buffer only the size is written;
    // then at most that size, which counts the NUL, is.
    unsafe {
        let conf = rd_kafka_conf_new();
        let mut size = 0;
        let mut found = String::new();
        if rd_kafka_conf_get(conf, name, ptr::null_mut(), &raw mut size)
            == Outcome::RD_KAFKA_CONF_OK
        {
            let mut buffer = vec![0; size + 1];
            let buffer = buffer.as_mut_ptr();
            if rd_kafka_conf_get(conf, name, buffer, &raw mut size) == Outcome::RD_KAFKA_CONF_OK {
                found = c_string::copy(buffer);
            }
        }
        rd_kafka_conf_destroy(conf);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn librdkafka_says_what_it_can_do() {
        let features = features();
        assert!(features.version.starts_with("2."), "{features:?}");
        assert!(
            features.has("snappy") && features.has("lz4"),
            "{features:?}"
        );
        assert!(features.has("sasl_plain"), "{features:?}");
        assert!(!features.has("snapp"), "{features:?}");
        assert_eq!(features.has("zstd"), cfg!(feature = "zstd"), "{features:?}");
    }
}
