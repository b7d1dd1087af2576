//! One setting of a topic or broker.

use rdkafka_sys::{
    rd_kafka_ConfigEntry_is_sensitive, rd_kafka_ConfigEntry_name, rd_kafka_ConfigEntry_t,
    rd_kafka_ConfigEntry_value, rd_kafka_ConfigSource_t as Source,
};

use crate::ffi::{c_string, sys};

/// A setting of a topic or broker, as the brokers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its name, for example `retention.ms`.
    pub name: String,
    /// Its value; `None` if it has none, or if the broker keeps it secret.
    pub value: Option<String>,
    /// Whether the broker keeps its value secret.
    pub sensitive: bool,
    /// Where the value comes from.
    pub source: ConfigSource,
}

/// Where the value of a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigSource {
    /// It was set on the topic itself.
    Topic,
    /// It was set for a broker, or for all of them, in a file or while they ran.
    Broker,
    /// Kafka's own default.
    Default,
    /// Something that this version does not know.
    Unknown,
}

impl ConfigSource {
    fn of(number: i32) -> Self {
        const TOPIC: i32 = Source::RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG as i32;
        const BROKER: i32 = Source::RD_KAFKA_CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG as i32;
        const BROKERS: i32 = Source::RD_KAFKA_CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER_CONFIG as i32;
        const FILE: i32 = Source::RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG as i32;
        const DEFAULT: i32 = Source::RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG as i32;
        match number {
            TOPIC => Self::Topic,
            BROKER | BROKERS | FILE => Self::Broker,
            DEFAULT => Self::Default,
            _ => Self::Unknown,
        }
    }
}

/// # Safety
///
/// `entry` is an entry that is alive.
pub(crate) unsafe fn read(entry: *const rd_kafka_ConfigEntry_t) -> ConfigEntry {
    // SAFETY: the caller keeps the entry alive; its texts are parts of it.
    unsafe {
        let value = rd_kafka_ConfigEntry_value(entry);
        ConfigEntry {
            name: c_string::copy(rd_kafka_ConfigEntry_name(entry)),
            value: (!value.is_null()).then(|| c_string::copy(value)),
            sensitive: rd_kafka_ConfigEntry_is_sensitive(entry) != 0,
            source: ConfigSource::of(sys::rd_kafka_ConfigEntry_source(entry)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_a_newer_broker_names_is_unknown() {
        let topic = Source::RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG as i32;
        assert_eq!(ConfigSource::of(topic), ConfigSource::Topic);
        assert_eq!(ConfigSource::of(4711), ConfigSource::Unknown);
    }
}
