//! Broker settings that requests and replies depend on.

use super::{
    cluster::Cluster,
    configs::{Configs, number, text},
    finding::Finding,
    runner::CheckRunner,
    storage::SEVERAL,
};

const CHECK: &str = "broker settings";

/// Checks one broker, since all should have the same settings.
pub(super) fn check(runner: &CheckRunner, cluster: &Cluster) {
    if cluster.embedded {
        return runner.report(Finding::skip(CHECK, "an embedded broker has no settings"));
    }
    let (broker, configs) = match cluster.broker(runner) {
        Ok(found) => found,
        Err(error) => return runner.report(unknown(CHECK, &error)),
    };
    let creates = runner.settings.client.reply.replication.is_none();
    let found = judge(&configs, cluster.brokers.len(), creates);
    if found.is_empty() {
        let detail = format!("no problem on broker {broker}");
        runner.report(Finding::ok(CHECK, detail));
    }
    found.into_iter().for_each(|finding| runner.report(finding));
}

/// The finding for a question that the brokers did not answer.
pub(super) fn unknown(check: impl Into<String>, error: &antiphon_kafka::Error) -> Finding {
    Finding::warn(
        check,
        format!("cannot be checked: {error}"),
        "grant this principal the right to describe it, or raise --timeout",
    )
}

fn judge(configs: &Configs, brokers: usize, creates_replies: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    if text(configs, "auto.create.topics.enable") == "true" {
        found.push(Finding::warn(
            CHECK,
            "auto.create.topics.enable=true: clients other than Antiphon create a topic for every \
             misspelt name",
            "set auto.create.topics.enable=false on the brokers, and create topics explicitly",
        ));
    }
    let alone = |name| brokers >= SEVERAL && number(configs, name) == Some(1);
    if creates_replies && alone("default.replication.factor") {
        found.push(Finding::warn(
            CHECK,
            format!(
                "default.replication.factor=1 on {brokers} brokers: a reply topic that a client \
                     creates is unavailable while its broker is down"
            ),
            "set it to 3 on the brokers, or set `reply.replication` in section [client]",
        ));
    }
    if alone("offsets.topic.replication.factor") {
        found.push(Finding::warn(
            CHECK,
            format!(
                "offsets.topic.replication.factor=1 on {brokers} brokers: a service stops while the \
                     broker that coordinates its group is down"
            ),
            "give the topic __consumer_offsets three replicas",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configs(replicas: &str, auto: &str) -> Configs {
        let all = [
            ("auto.create.topics.enable", auto),
            ("default.replication.factor", replicas),
            ("offsets.topic.replication.factor", replicas),
        ];
        all.map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn replicas_matter_where_there_are_several_brokers() {
        assert_eq!(judge(&configs("1", "false"), 1, true), []);
        assert_eq!(judge(&configs("3", "false"), 3, true), []);
        assert_eq!(judge(&configs("1", "false"), 3, true).len(), 2);
        assert_eq!(judge(&configs("1", "false"), 3, false).len(), 1);
        assert_eq!(judge(&Configs::new(), 3, true), []);
    }

    #[test]
    fn topics_that_appear_by_themselves_are_a_warning() {
        let found = judge(&configs("1", "true"), 1, true);
        assert!(found[0].detail.contains("auto.create"), "{found:?}");
    }
}
