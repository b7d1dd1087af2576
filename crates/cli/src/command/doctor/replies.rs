//! The reply topic of the configuration.

use std::time::Duration;

use antiphon_kafka::features;

use super::{
    broker_settings::unknown,
    cluster::Cluster,
    configs::{Configs, number, span, text},
    finding::Finding,
    runner::CheckRunner,
    storage, topics,
};

pub(super) fn check(runner: &CheckRunner, cluster: &Cluster) {
    let topic = runner.reply_topic();
    let check = format!("reply topic {topic}");
    if !is_default_name(&topic) {
        runner.report(Finding::warn(
            &check,
            "services refuse to reply to it by default: its name has none of the allowed endings",
            format!("name it {topic}.replies, or run services with --allow-reply-topic"),
        ));
    }
    let partitions = match cluster.admin.describe_topic(&topic, runner.time_limit()) {
        Ok(Some(partitions)) => partitions,
        Ok(None) => return runner.report(absent(runner, check)),
        Err(error) => return runner.report(Finding::fail(check, error.to_string(), RIGHT)),
    };
    if cluster.embedded {
        runner.report(Finding::ok(&check, topics::described(&partitions, None)));
        return;
    }
    let configs = match cluster.topic(&topic, runner) {
        Ok(configs) => configs,
        Err(error) => return runner.report(unknown(check, &error)),
    };
    let timeout = runner.settings.client.timeout;
    let mut found = storage::judge(&check, &partitions, Some(&configs), cluster.brokers.len());
    found.extend(storage::readable(&check, &configs, features().has("zstd")));
    found.extend(keeps_replies(&check, &configs, timeout));
    let detail = topics::described(&partitions, Some(&configs));
    let segments = segments(&configs);
    runner.report(Finding::ok(&check, format!("{detail}; {segments}")));
    found.into_iter().for_each(|finding| runner.report(finding));
}

const RIGHT: &str = "grant the principal read access; docs/operations.md lists the rights";

/// Whether services allow the name by default.
fn is_default_name(topic: &str) -> bool {
    [".replies", "-replies", ".reply", "-reply"]
        .iter()
        .any(|ending| topic.ends_with(ending))
}

fn absent(runner: &CheckRunner, check: String) -> Finding {
    let (reply, timeout) = (
        &runner.settings.client.reply,
        runner.settings.client.timeout,
    );
    if !reply.create {
        let remedy = "create it with `antiphon topics create --reply`, or set `reply.create` to true in \
                      section [client]";
        return Finding::fail(check, "does not exist, and `reply.create` is false", remedy);
    }
    let kept = humantime::format_duration(reply.retention);
    if reply.retention < timeout {
        let timeout = humantime::format_duration(timeout);
        return Finding::fail(
            check,
            format!(
                "would be created with a retention of {kept}, less than the timeout of {timeout}"
            ),
            "raise `reply.retention` in section [client]",
        );
    }
    Finding::ok(
        check,
        format!(
            "does not exist yet; the first client creates it with {} partitions and a retention of \
             {kept}",
            reply.partitions
        ),
    )
}

/// A reply must be kept until its caller has read it, and deleted at some time.
fn keeps_replies(check: &str, configs: &Configs, timeout: Duration) -> Vec<Finding> {
    let mut found = Vec::new();
    let policy = text(configs, "cleanup.policy");
    if policy.contains("compact") {
        found.push(Finding::warn(
            check,
            format!(
                "cleanup.policy={policy}: compaction has no effect, since no two replies have the \
                     same key; without delete, replies are kept forever"
            ),
            "set cleanup.policy=delete",
        ));
    }
    match number(configs, "retention.ms").map(u64::try_from) {
        Some(Ok(retention)) if u128::from(retention) < timeout.as_millis() => {
            let kept = humantime::format_duration(Duration::from_millis(retention));
            let timeout = humantime::format_duration(timeout);
            found.push(Finding::fail(
                check,
                format!(
                    "retention.ms is {kept}, less than the timeout of a call ({timeout}): a reply may \
                     be deleted before it is read"
                ),
                "set retention.ms=3600000, or another value well above the longest timeout",
            ));
        }
        Some(Err(_)) if policy.contains("delete") => found.push(Finding::warn(
            check,
            "retention.ms=-1: replies are kept forever, but never read again",
            "set retention.ms=3600000, or another value well above the longest timeout",
        )),
        _ => {}
    }
    if let Some(bytes) = number(configs, "retention.bytes").filter(|bytes| *bytes >= 0) {
        found.push(Finding::warn(
            check,
            format!("retention.bytes={bytes}: under load a reply may be deleted before it is read"),
            "set retention.bytes=-1, so that only retention.ms applies",
        ));
    }
    found.extend(small_segments(check, configs));
    found
}

/// Each segment needs some open files, and rolling a segment takes time.
fn small_segments(check: &str, configs: &Configs) -> Option<Finding> {
    const SMALL: i64 = 1 << 20;
    const SHORT: i64 = 60_000;
    let bytes = number(configs, "segment.bytes").is_some_and(|bytes| bytes < SMALL);
    let time = number(configs, "segment.ms").is_some_and(|time| time < SHORT);
    (bytes || time).then(|| {
        Finding::warn(
            check,
            format!(
                "{}: many small files, and pauses while they are created",
                segments(configs)
            ),
            "set segment.bytes to 64 MiB or more, and segment.ms to minutes or more",
        )
    })
}

/// Kafka deletes whole segments, so these settings decide how long replies occupy space.
fn segments(configs: &Configs) -> String {
    let bytes = number(configs, "segment.bytes").unwrap_or(-1);
    let time = number(configs, "segment.ms").map_or_else(|| "-".to_owned(), span);
    format!("a new segment after {bytes} bytes or {time}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::finding::Status::{self, Fail, Warn};

    fn found(settings: &[(&str, &str)]) -> Vec<Status> {
        let mut configs: Configs = [
            ("cleanup.policy", "delete"),
            ("retention.ms", "3600000"),
            ("retention.bytes", "-1"),
            ("segment.bytes", "1073741824"),
            ("segment.ms", "604800000"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, value) in settings {
            configs.insert((*name).to_owned(), (*value).to_owned());
        }
        let found = keeps_replies("t", &configs, Duration::from_secs(30));
        found.into_iter().map(|finding| finding.status).collect()
    }

    #[test]
    fn replies_outlive_their_calls_and_no_more() {
        assert_eq!(found(&[]), []);
        assert_eq!(found(&[("retention.ms", "1000")]), [Fail]);
        assert_eq!(found(&[("retention.ms", "30000")]), []);
        assert_eq!(found(&[("retention.ms", "-1")]), [Warn]);
        assert_eq!(found(&[("retention.bytes", "1000")]), [Warn]);
        assert_eq!(found(&[("cleanup.policy", "compact")]), [Warn]);
        assert_eq!(found(&[("segment.bytes", "16384")]), [Warn]);
        assert_eq!(found(&[("segment.ms", "1000")]), [Warn]);
    }

    #[test]
    fn services_know_the_usual_names() {
        assert!(is_default_name("web.replies") && is_default_name("a-reply"));
        assert!(!is_default_name("answers"));
    }
}
