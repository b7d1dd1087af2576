//! `antiphon topics describe`.

use antiphon_kafka::{Admin, ConfigEntry, ConfigSource};

use super::lookup;
use crate::{
    failure::Failure,
    output::{Printer, topics as print},
};

/// The settings that affect request and reply.
const RELEVANT: [&str; 9] = [
    "cleanup.policy",
    "compression.type",
    "max.message.bytes",
    "message.timestamp.type",
    "min.insync.replicas",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.ms",
];

/// Describes topics one by one, up to the first failure.
pub(super) fn run(admin: &Admin, topics: &[String], printer: Printer) -> Result<(), Failure> {
    for topic in topics {
        let mut partitions = lookup::partitions(admin, topic)?;
        partitions.sort_by_key(|partition| partition.id);
        let configs = lookup::configs(admin, topic)?;
        let configs = configs.map(|all| chosen(all, printer.verbose));
        print::described(printer, topic, &partitions, configs.as_deref())?;
    }
    Ok(())
}

/// The settings to show, by name.
fn chosen(mut configs: Vec<ConfigEntry>, all: bool) -> Vec<ConfigEntry> {
    configs.retain(|entry| {
        all || entry.source == ConfigSource::Topic || RELEVANT.contains(&entry.name.as_str())
    });
    configs.sort_by(|a, b| a.name.cmp(&b.name));
    configs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_on_the_topic_is_always_shown() {
        let entry = |name: &str, source| ConfigEntry {
            name: name.to_owned(),
            value: None,
            sensitive: false,
            source,
        };
        let configs = vec![
            entry("retention.ms", ConfigSource::Default),
            entry("preallocate", ConfigSource::Topic),
            entry("index.interval.bytes", ConfigSource::Default),
        ];
        let names = |all| {
            let chosen = chosen(configs.clone(), all).into_iter();
            chosen.map(|entry| entry.name).collect::<Vec<_>>()
        };
        assert_eq!(names(false), ["preallocate", "retention.ms"]);
        assert_eq!(names(true).len(), 3);
    }
}
