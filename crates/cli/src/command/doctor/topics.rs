//! The request topics named as arguments.

use std::time::Duration;

use antiphon_kafka::{PartitionInfo, features};

use super::{
    broker_settings::unknown,
    cluster::Cluster,
    configs::{Configs, number, span, text},
    finding::Finding,
    runner::CheckRunner,
    storage::{self, replication},
};

pub(super) fn check(runner: &CheckRunner, cluster: &Cluster) {
    if runner.args.topics.is_empty() {
        return runner.report(Finding::skip(
            "request topics",
            "no request topics were named",
        ));
    }
    for topic in &runner.args.topics {
        let check = format!("request topic {topic}");
        if !runner.skips(&check) {
            one(runner, cluster, topic, check);
        }
    }
}

fn one(runner: &CheckRunner, cluster: &Cluster, topic: &str, check: String) {
    let partitions = match cluster.admin.describe_topic(topic, runner.time_limit()) {
        Ok(Some(partitions)) => partitions,
        Ok(None) => return runner.report(absent(check, topic)),
        Err(error) => return runner.report(Finding::fail(check, error.to_string(), RIGHT)),
    };
    let configs = match cluster.embedded {
        true => None,
        false => match cluster.topic(topic, runner) {
            Ok(configs) => Some(configs),
            Err(error) => {
                runner.report(unknown(format!("{check}, settings"), &error));
                None
            }
        },
    };
    runner.report(Finding::ok(
        &check,
        described(&partitions, configs.as_ref()),
    ));
    let mut found = storage::judge(&check, &partitions, configs.as_ref(), cluster.brokers.len());
    if let Some(configs) = &configs {
        found.extend(storage::readable(&check, configs, features().has("zstd")));
        found.extend(keeps_requests(
            &check,
            configs,
            runner.settings.client.timeout,
        ));
    }
    found.into_iter().for_each(|finding| runner.report(finding));
}
use crate::output::counted;

const RIGHT: &str =
    "grant the principal read and write access; docs/operations.md lists the rights";

fn absent(check: String, topic: &str) -> Finding {
    Finding::fail(
        check,
        "does not exist, and a request never creates it",
        format!("check the name, or create the topic with `antiphon topics create {topic}`"),
    )
}

/// Partitions, replicas and some settings of a topic, as text.
pub(super) fn described(partitions: &[PartitionInfo], configs: Option<&Configs>) -> String {
    let mut detail = format!(
        "{}, {}",
        counted(partitions.len(), "partition"),
        counted(replication(partitions), "replica")
    );
    for (name, value) in configs.into_iter().flatten() {
        let shown = match name.as_str() {
            "min.insync.replicas" | "message.timestamp.type" => value.clone(),
            "retention.ms" => configs
                .and_then(|configs| number(configs, name))
                .map_or_else(String::new, span),
            _ => continue,
        };
        detail.push_str(&format!(", {name} {shown}"));
    }
    detail
}

/// A request must be kept until a service has read it.
fn keeps_requests(check: &str, configs: &Configs, timeout: Duration) -> Vec<Finding> {
    let mut found = Vec::new();
    if text(configs, "cleanup.policy").contains("compact") {
        found.push(Finding::fail(
            check,
            "cleanup.policy contains compact: the brokers refuse requests without a key, and lose \
             requests with the same key",
            "set cleanup.policy=delete",
        ));
    }
    let retention = number(configs, "retention.ms").and_then(|ms| u64::try_from(ms).ok());
    if let Some(retention) = retention.map(Duration::from_millis)
        && retention < timeout
    {
        let (kept, timeout) = (
            humantime::format_duration(retention),
            humantime::format_duration(timeout),
        );
        found.push(Finding::warn(
            check,
            format!(
                "retention.ms is {kept}, less than the timeout of a call ({timeout}): a request may be \
                 deleted while its caller waits"
            ),
            "set retention.ms to some hours, so that requests also survive a stop of the service",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configs(policy: &str, retention: &str) -> Configs {
        [("cleanup.policy", policy), ("retention.ms", retention)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn found(policy: &str, retention: &str) -> usize {
        let timeout = Duration::from_secs(30);
        keeps_requests("t", &configs(policy, retention), timeout).len()
    }

    #[test]
    fn requests_are_neither_compacted_nor_deleted_early() {
        assert_eq!(found("delete", "604800000"), 0);
        assert_eq!(found("delete", "-1"), 0);
        assert_eq!(found("compact,delete", "-1"), 1);
        assert_eq!(found("compact", "29999"), 2);
    }

    #[test]
    fn a_topic_is_described_in_a_line() {
        let partition = PartitionInfo {
            id: 0,
            leader: Some(1),
            replicas: vec![1],
            in_sync: vec![1],
        };
        assert_eq!(
            described(&[partition], Some(&configs("delete", "3600000"))),
            "1 partition, 1 replica, retention.ms 1h"
        );
    }
}
