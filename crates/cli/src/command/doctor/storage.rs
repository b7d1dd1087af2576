//! Leaders and replicas of a topic.

use antiphon_kafka::PartitionInfo;

use super::{
    configs::{Configs, number, text},
    finding::Finding,
};

/// From this many brokers on, a topic should have more than one replica.
pub(super) const SEVERAL: usize = 3;

/// The number of replicas of the first partition.
pub(super) fn replication(partitions: &[PartitionInfo]) -> usize {
    partitions.first().map_or(0, |first| first.replicas.len())
}

/// Problems with leaders, replicas and in-sync replicas.
pub(super) fn judge(
    check: &str,
    partitions: &[PartitionInfo],
    configs: Option<&Configs>,
    brokers: usize,
) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(leaders(check, partitions));
    let replicas = replication(partitions);
    if replicas == 1 && brokers >= SEVERAL {
        found.push(Finding::warn(
            check,
            format!("one replica on {brokers} brokers: the topic is unavailable while its broker is down, and \
                 lost with it"),
            "give it three replicas with kafka-reassign-partitions",
        ));
    }
    let in_sync = configs.and_then(|configs| number(configs, "min.insync.replicas"));
    found.extend(in_sync.and_then(|wanted| in_sync_enough(check, replicas, wanted)));
    found
}

fn leaders(check: &str, partitions: &[PartitionInfo]) -> Option<Finding> {
    let numbers = |which: fn(&PartitionInfo) -> bool| {
        let which = partitions.iter().filter(|one| which(one));
        which.map(|one| one.id.to_string()).collect::<Vec<_>>()
    };
    let leaderless = numbers(|one| one.leader.is_none());
    if !leaderless.is_empty() {
        return Some(Finding::fail(
            check,
            format!("no leader for the partitions {}", leaderless.join(", ")),
            "start the brokers that hold them",
        ));
    }
    let behind = numbers(|one| one.in_sync.len() < one.replicas.len());
    (!behind.is_empty()).then(|| {
        Finding::warn(
            check,
            format!(
                "replicas of the partitions {} are not in sync",
                behind.join(", ")
            ),
            "check the brokers that hold these replicas",
        )
    })
}

/// Antiphon sends with acks=all, so min.insync.replicas decides whether a record is acknowledged.
fn in_sync_enough(check: &str, replicas: usize, wanted: i64) -> Option<Finding> {
    let wanted = usize::try_from(wanted).ok()?;
    let detail = format!("min.insync.replicas={wanted} of {replicas} replicas");
    if wanted > replicas {
        return Some(Finding::fail(
            check,
            format!("{detail}: nothing can be written"),
            "set min.insync.replicas below the number of replicas",
        ));
    }
    if wanted == replicas && replicas > 1 {
        return Some(Finding::warn(
            check,
            format!("{detail}: nothing can be written while one broker is down"),
            "set min.insync.replicas below the number of replicas",
        ));
    }
    (wanted == 1 && replicas >= SEVERAL).then(|| {
        Finding::warn(
            check,
            format!("{detail}: an acknowledged record may be on one broker only"),
            "set min.insync.replicas=2",
        )
    })
}

/// A topic with a compression that this build cannot read.
pub(super) fn readable(check: &str, configs: &Configs, zstd: bool) -> Option<Finding> {
    (text(configs, "compression.type") == "zstd" && !zstd).then(|| {
        Finding::fail(
            check,
            "compression.type=zstd: this build cannot read it",
            super::build::BUILD_ZSTD,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::finding::Status;

    fn partition(leader: Option<i32>, in_sync: i32) -> PartitionInfo {
        PartitionInfo {
            id: 0,
            leader,
            replicas: vec![1, 2, 3],
            in_sync: (1..=in_sync).collect(),
        }
    }

    fn min_isr(wanted: &str) -> Configs {
        [("min.insync.replicas".to_owned(), wanted.to_owned())].into()
    }

    fn of(partition: PartitionInfo, wanted: &str) -> Vec<Status> {
        let found = judge("t", &[partition], Some(&min_isr(wanted)), 3);
        found.into_iter().map(|finding| finding.status).collect()
    }

    #[test]
    fn a_healthy_topic_is_silent() {
        assert_eq!(of(partition(Some(1), 3), "2"), []);
    }

    #[test]
    fn leaders_and_replicas_are_looked_at() {
        assert_eq!(of(partition(None, 0), "2"), [Status::Fail]);
        assert_eq!(of(partition(Some(1), 2), "2"), [Status::Warn]);
        assert_eq!(of(partition(Some(1), 3), "1"), [Status::Warn]);
        assert_eq!(of(partition(Some(1), 3), "3"), [Status::Warn]);
        assert_eq!(of(partition(Some(1), 3), "4"), [Status::Fail]);
    }

    #[test]
    fn one_replica_is_enough_on_one_broker_only() {
        let mut one = partition(Some(1), 1);
        one.replicas = vec![1];
        assert_eq!(judge("t", std::slice::from_ref(&one), None, 1), []);
        assert_eq!(judge("t", &[one], None, 3).len(), 1);
    }

    #[test]
    fn what_is_compressed_has_to_be_readable() {
        let configs = [("compression.type".to_owned(), "zstd".to_owned())].into();
        assert!(readable("t", &configs, false).is_some());
        assert!(readable("t", &configs, true).is_none());
        assert!(readable("t", &Configs::new(), false).is_none());
    }
}
