//! The consumer group of the service: its instances and its lag.

use std::{
    thread,
    time::{Duration, Instant},
};

use antiphon_kafka::{Consumer, Error, GroupInfo, Partition};

use super::{broker_settings::unknown, cluster::Cluster, finding::Finding, runner::CheckRunner};

/// The maximum number of partitions to read the lag of.
const MAX_PARTITIONS: u32 = 200;

pub(super) fn check(runner: &CheckRunner, cluster: &Cluster) {
    for topic in &runner.args.topics {
        // An earlier check reports a topic that does not exist.
        if !runner.skips(&format!("service group on {topic}"))
            && let Ok(Some(partitions)) = cluster.admin.partitions(topic, runner.time_limit())
        {
            one(runner, cluster, topic, partitions);
        }
    }
}

fn one(runner: &CheckRunner, cluster: &Cluster, topic: &str, partitions: u32) {
    let named = runner.settings.service.group.as_deref();
    let group = named.unwrap_or(topic);
    let check = format!("service group {group} on {topic}");
    if cluster.embedded {
        let why = "an embedded broker does not report groups";
        return runner.report(Finding::skip(check, why));
    }
    let info = match describe(runner, cluster, group) {
        Ok(info) => Some(info),
        Err(error) if error.name() == NO_SUCH_GROUP => None,
        Err(error) => return runner.report(unknown(check, &error)),
    };
    let Some(info) = info.filter(|info| info.state != "Dead") else {
        return runner.report(absent(check, named.is_some()));
    };
    let waiting = match lag(runner, topic, group, partitions) {
        Ok(Some(lag)) => format!("{lag} requests are waiting"),
        Ok(None) => format!("lag not read, for more than {MAX_PARTITIONS} partitions"),
        Err(error) => format!("the lag cannot be read: {error}"),
    };
    runner.report(judge(check, &info, partitions, &waiting));
}

/// Describes a group. Retries while the coordinator is not ready: it may have just been elected, or
/// its topic just created.
fn describe(runner: &CheckRunner, cluster: &Cluster, group: &str) -> Result<GroupInfo, Error> {
    let end = Instant::now() + runner.time_limit();
    loop {
        let answer = cluster.admin.describe_group(group, runner.time_limit());
        match answer {
            Err(error)
                if NOT_READY.contains(&error.name().as_str())
                    && Instant::now() < end
                    && !runner.is_over() =>
            {
                thread::sleep(RETRY_INTERVAL);
            }
            answer => return answer,
        }
    }
}
use crate::output::counted;

const NOT_READY: [&str; 3] = [
    "COORDINATOR_LOAD_IN_PROGRESS",
    "COORDINATOR_NOT_AVAILABLE",
    "NOT_COORDINATOR",
];

/// Interval between attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// The error of Kafka 4.0 and later. Earlier versions report the state Dead.
const NO_SUCH_GROUP: &str = "GROUP_ID_NOT_FOUND";

fn absent(check: String, named: bool) -> Finding {
    if named {
        return Finding::warn(
            check,
            "the group does not exist: no service is running",
            START,
        );
    }
    Finding::skip(
        check,
        "the group does not exist; set the group of your service with --group",
    )
}

const START: &str = "start the service";

fn judge(check: String, info: &GroupInfo, partitions: u32, waiting: &str) -> Finding {
    let members = info.members;
    let instances = counted(members, "instance");
    match info.state.as_str() {
        "Stable" if members > partitions as usize => Finding::warn(
            check,
            format!(
                "{instances} for {}, so some are idle; {waiting}",
                counted(partitions as usize, "partition")
            ),
            "give the topic more partitions, or run fewer instances",
        ),
        "Stable" => Finding::ok(check, format!("running, {instances}; {waiting}")),
        "Empty" => Finding::warn(check, format!("no instance is running; {waiting}"), START),
        "Unknown" => Finding::warn(
            check,
            format!("{instances}, in a state unknown to librdkafka; {waiting}"),
            "run doctor again, or describe the group with kafka-consumer-groups",
        ),
        state => Finding::warn(
            check,
            format!("{instances}, rebalancing ({state}); {waiting}"),
            "run doctor again; if this persists, instances restart often or do not poll in time",
        ),
    }
}

/// The number of requests that the group has not committed. `None` for too many partitions.
fn lag(
    runner: &CheckRunner,
    topic: &str,
    group: &str,
    partitions: u32,
) -> Result<Option<i64>, Error> {
    if partitions > MAX_PARTITIONS {
        return Ok(None);
    }
    let mut properties = runner.properties.clone();
    // Reads offsets of the group and never joins it.
    properties
        .set("group.id", group)
        .set("enable.auto.commit", "false");
    properties.remove("group.instance.id");
    let consumer = Consumer::new(&properties)?;
    let parts: Vec<_> = (0..i32::try_from(partitions).unwrap_or(0))
        .map(|partition| Partition {
            topic: topic.to_owned(),
            partition,
        })
        .collect();
    let mut waiting = 0;
    for (topic, partition, committed) in consumer.committed(&parts, runner.time_limit())? {
        let (low, high) = consumer.watermarks(&topic, partition, runner.time_limit())?;
        waiting += high - committed.unwrap_or(low).clamp(low, high);
    }
    Ok(Some(waiting))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::finding::Status;

    fn of(state: &str, members: usize) -> Status {
        let info = GroupInfo {
            state: state.to_owned(),
            members,
            assignor: String::new(),
        };
        judge("g".to_owned(), &info, 2, "").status
    }

    #[test]
    fn a_group_is_judged_by_its_state_and_its_members() {
        assert_eq!(of("Stable", 2), Status::Ok);
        assert_eq!(of("Stable", 3), Status::Warn);
        assert_eq!(of("Empty", 0), Status::Warn);
        assert_eq!(of("PreparingRebalance", 1), Status::Warn);
        assert_eq!(of("Unknown", 1), Status::Warn);
    }

    #[test]
    fn a_group_that_was_guessed_may_be_absent() {
        assert_eq!(absent("g".to_owned(), false).status, Status::Skip);
        assert_eq!(absent("g".to_owned(), true).status, Status::Warn);
    }
}
