//! A topic to create, and its differences from one that exists.

use antiphon_kafka::{ConfigEntry, NewTopic, PartitionInfo};

use crate::{args::CreateArgs, difference::Difference, settings::Settings};

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DesiredTopic {
    pub(super) topic: NewTopic,
    /// Names of the settings that an option asked for; the rest are defaults.
    asked: Vec<String>,
}

const PARTITIONS: &str = "partitions";
const REPLICATION: &str = "replication factor";

/// Partitions of a request topic, unless an option or setting says otherwise.
const DEFAULT_PARTITIONS: u32 = 4;

/// A request has no use after its deadline. A day leaves time to investigate.
const REQUEST_RETENTION: &str = "86400000";

/// The topics that the options ask for.
pub(super) fn all(args: &CreateArgs, settings: &Settings) -> Vec<DesiredTopic> {
    let topics = args.topics.iter();
    topics.map(|name| desired(name, args, settings)).collect()
}

fn desired(name: &str, args: &CreateArgs, settings: &Settings) -> DesiredTopic {
    let reply = &settings.client.reply;
    let (partitions, replication, retention) = if args.reply {
        let retention = reply.retention.as_millis().to_string();
        (reply.partitions.max(1), reply.replication, retention)
    } else {
        let partitions = settings.service.create_topics;
        let partitions = partitions.unwrap_or(DEFAULT_PARTITIONS);
        (partitions, None, REQUEST_RETENTION.to_owned())
    };
    let replication = args.replication_factor.or(replication);
    let mut configs = vec![
        ("cleanup.policy".to_owned(), "delete".to_owned()),
        ("retention.ms".to_owned(), retention),
    ];
    let mut asked = Vec::new();
    if args.reply {
        asked.extend(configs.iter().map(|(key, _)| key.clone()));
    }
    if replication.is_some_and(|count| count >= 3) {
        configs.push(("min.insync.replicas".to_owned(), "2".to_owned()));
    }
    asked.extend(args.partitions.map(|_| PARTITIONS.to_owned()));
    asked.extend(args.replication_factor.map(|_| REPLICATION.to_owned()));
    for (key, value) in &args.configs {
        configs.retain(|(known, _)| known != key);
        configs.push((key.clone(), value.clone()));
        asked.push(key.clone());
    }
    let number = |count| i32::try_from(count).unwrap_or(i32::MAX);
    let topic = NewTopic {
        name: name.to_owned(),
        partitions: number(args.partitions.unwrap_or(partitions)),
        replication: replication.map_or(-1, number),
        configs,
    };
    DesiredTopic { topic, asked }
}

impl DesiredTopic {
    /// The settings in which an existing topic differs.
    pub(super) fn differences(
        &self,
        partitions: &[PartitionInfo],
        configs: &[ConfigEntry],
    ) -> Vec<Difference> {
        let replicas = partitions.first().map_or(0, |first| first.replicas.len());
        let counts = [
            (PARTITIONS, self.topic.partitions, partitions.len()),
            (REPLICATION, self.topic.replication, replicas),
        ];
        let counts = counts
            .into_iter()
            .filter(|(_, wanted, _)| *wanted >= 0)
            .map(|(name, wanted, found)| (name, wanted.to_string(), found.to_string()));
        let value = |key: &str| {
            let entry = configs.iter().find(|entry| entry.name == key);
            let value = entry.and_then(|entry| entry.value.clone());
            value.unwrap_or_else(|| "no such setting".to_owned())
        };
        let settings = self.topic.configs.iter();
        let settings = settings.map(|(key, wanted)| (key.as_str(), wanted.clone(), value(key)));
        counts
            .chain(settings)
            .filter(|(_, wanted, found)| wanted != found)
            .map(|(name, wanted, found)| Difference {
                asked: self.asked.iter().any(|asked| asked == name),
                name: name.to_owned(),
                wanted,
                found,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use antiphon_kafka::ConfigSource;
    use clap::Parser;

    use super::*;
    use crate::{
        args::{Cli, Command, TopicsCommand},
        settings::Layer,
    };

    fn wished(line: &[&str], settings: &Settings) -> DesiredTopic {
        let line = ["antiphon", "topics", "create", "t"].iter().chain(line);
        let command = Cli::try_parse_from(line).unwrap().command;
        let Command::Topics(TopicsCommand::Create(args)) = command else {
            panic!("{command:?}");
        };
        all(&args, settings).remove(0)
    }

    fn settings() -> Settings {
        Settings::load(None, [], Layer::command_line()).unwrap()
    }

    fn config<'a>(desired: &'a DesiredTopic, key: &str) -> Option<&'a str> {
        let found = desired.topic.configs.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    fn partition(replicas: &[i32]) -> PartitionInfo {
        PartitionInfo {
            id: 0,
            leader: Some(1),
            replicas: replicas.to_vec(),
            in_sync: replicas.to_vec(),
        }
    }

    fn entry(name: &str, value: &str) -> ConfigEntry {
        ConfigEntry {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            sensitive: false,
            source: ConfigSource::Topic,
        }
    }

    #[test]
    fn a_request_topic_has_defaults() {
        let desired = wished(&[], &settings());
        assert_eq!(
            (desired.topic.partitions, desired.topic.replication),
            (4, -1)
        );
        assert_eq!(config(&desired, "cleanup.policy"), Some("delete"));
        assert_eq!(config(&desired, "retention.ms"), Some("86400000"));
        assert_eq!(config(&desired, "min.insync.replicas"), None);
    }

    #[test]
    fn a_reply_topic_is_what_a_client_would_create() {
        let mut settings = settings();
        settings.client.reply.partitions = 3;
        settings.client.reply.replication = Some(3);
        settings.client.reply.retention = std::time::Duration::from_secs(7200);
        let desired = wished(&["--reply"], &settings);
        assert_eq!(
            (desired.topic.partitions, desired.topic.replication),
            (3, 3)
        );
        assert_eq!(config(&desired, "retention.ms"), Some("7200000"));
        assert_eq!(config(&desired, "min.insync.replicas"), Some("2"));
    }

    #[test]
    fn what_is_asked_for_wins_and_stands_once() {
        let line = [
            "-p",
            "9",
            "-r",
            "3",
            "-c",
            "retention.ms=7",
            "-c",
            "min.insync.replicas=1",
        ];
        let desired = wished(&line, &settings());
        assert_eq!(
            (desired.topic.partitions, desired.topic.replication),
            (9, 3)
        );
        assert_eq!(config(&desired, "retention.ms"), Some("7"));
        assert_eq!(config(&desired, "min.insync.replicas"), Some("1"));
        assert_eq!(desired.topic.configs.len(), 3);
    }

    #[test]
    fn what_differs_is_told_apart_by_whether_it_was_asked_for() {
        let desired = wished(&["-p", "2", "-c", "max.message.bytes=5"], &settings());
        let configs = [
            entry("cleanup.policy", "compact"),
            entry("retention.ms", "86400000"),
            entry("max.message.bytes", "5"),
        ];
        let differences = desired.differences(&[partition(&[1])], &configs);
        let shown: Vec<_> = differences
            .iter()
            .map(|one| {
                (
                    one.name.as_str(),
                    one.wanted.as_str(),
                    one.found.as_str(),
                    one.asked,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("partitions", "2", "1", true),
                ("cleanup.policy", "delete", "compact", false),
            ]
        );
    }

    #[test]
    fn replicas_that_nobody_asked_for_are_not_compared() {
        let desired = wished(&["-p", "1", "-c", "retention.ms=1"], &settings());
        let configs = [
            entry("cleanup.policy", "delete"),
            entry("retention.ms", "1"),
        ];
        assert_eq!(desired.differences(&[partition(&[1, 2])], &configs), []);
    }
}
