//! The consumer group of the service: whether somebody answers, and how far behind it is.

use std::{
    thread,
    time::{Duration, Instant},
};

use antiphon_kafka::{Consumer, Error, GroupInfo, Partition};

use super::{broker_settings::unknown, cluster::Cluster, finding::Finding, runner::CheckRunner};

/// More partitions are not asked for one by one.
const MOST: u32 = 200;

pub(super) fn check(runner: &CheckRunner, cluster: &Cluster) {
    for topic in &runner.args.topics {
        // That it does not exist has been said before.
        if !runner.leaves_out(&format!("service group on {topic}"))
            && let Ok(Some(partitions)) = cluster.admin.partitions(topic, runner.patience())
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
        let why = "an embedded broker of Antiphon does not tell about groups";
        return runner.say(Finding::skip(check, why));
    }
    let info = match describe(runner, cluster, group) {
        Ok(info) => Some(info),
        Err(error) if error.name() == NO_SUCH_GROUP => None,
        Err(error) => return runner.say(unknown(check, &error)),
    };
    let Some(info) = info.filter(|info| info.state != "Dead") else {
        return runner.say(absent(check, named.is_some()));
    };
    let waiting = match lag(runner, topic, group, partitions) {
        Ok(Some(lag)) => format!("{lag} requests wait"),
        Ok(None) => format!("more than {MOST} partitions, so the lag was not asked for"),
        Err(error) => format!("the lag could not be found out: {error}"),
    };
    runner.say(judge(check, &info, partitions, &waiting));
}

/// Asks until the coordinator is ready: one that has just become it, or whose topic has just been
/// created, is not at once.
fn describe(runner: &CheckRunner, cluster: &Cluster, group: &str) -> Result<GroupInfo, Error> {
    let end = Instant::now() + runner.patience();
    loop {
        let answer = cluster.admin.describe_group(group, runner.patience());
        match answer {
            Err(error)
                if NOT_READY.contains(&error.name().as_str())
                    && Instant::now() < end
                    && !runner.is_over() =>
            {
                thread::sleep(LOOK_AGAIN);
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

/// How long to wait before the next question.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What Kafka from 4.0 on says; before, the state is Dead.
const NO_SUCH_GROUP: &str = "GROUP_ID_NOT_FOUND";

fn absent(check: String, named: bool) -> Finding {
    if named {
        return Finding::warn(check, "there is no such group: nobody answers", START);
    }
    Finding::skip(
        check,
        "there is no such group; --group names the one of your service",
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
                "{instances} for {}, so some do nothing; {waiting}",
                counted(partitions as usize, "partition")
            ),
            "give the topic more partitions, or run fewer instances",
        ),
        "Stable" => Finding::ok(check, format!("running, {instances}; {waiting}")),
        "Empty" => Finding::warn(check, format!("no instance runs; {waiting}"), START),
        "Unknown" => Finding::warn(
            check,
            format!("{instances}, in a state that librdkafka does not know; {waiting}"),
            "ask again, or look at the group by kafka-consumer-groups",
        ),
        state => Finding::warn(
            check,
            format!("{instances}, which share the partitions out anew ({state}); {waiting}"),
            "ask again; if it goes on, instances come and go, or do not poll in time",
        ),
    }
}

/// How many requests the group has not done; `None` for too many partitions.
fn lag(
    runner: &CheckRunner,
    topic: &str,
    group: &str,
    partitions: u32,
) -> Result<Option<i64>, Error> {
    if partitions > MOST {
        return Ok(None);
    }
    let mut properties = runner.properties.clone();
    // It asks about the group and never joins it.
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
    for (topic, partition, committed) in consumer.committed(&parts, runner.patience())? {
        let (low, high) = consumer.watermarks(&topic, partition, runner.patience())?;
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
