//! Whether the clocks of this machine and of a broker agree.

mod stamp;

use std::time::Duration;

use antiphon_kafka::{ErrorKind, NewTopic};
use rand::Rng;

use self::stamp::{Apart, measure};
use super::{cluster::Cluster, finding::Finding, runner::CheckRunner};

const CHECK: &str = "clocks";

/// A record to a topic of its own, which the broker stamps with its own time.
pub(super) fn check(runner: &CheckRunner, cluster: &Cluster) {
    if runner.args.read_only {
        return runner.say(Finding::skip(
            CHECK,
            "not checked: it takes a topic, and this is --read-only",
        ));
    }
    if cluster.embedded {
        let why = "an embedded broker of Antiphon is on this machine";
        return runner.say(Finding::skip(CHECK, why));
    }
    let name = format!("antiphon-doctor-{:08x}", rand::rng().random::<u32>());
    let measured = match cluster
        .admin
        .create_topic(&stamped(&name), runner.patience())
    {
        Ok(()) => {
            let measured = measure(runner, &name);
            tidy(runner, cluster, &name);
            measured
        }
        Err(error) if error.kind() == ErrorKind::NotAuthorized => {
            let why = "not checked: this principal may not create the topic that it takes";
            return runner.say(Finding::skip(CHECK, why));
        }
        Err(error) => {
            // It may have been created after the question was given up.
            if error.kind() == ErrorKind::TimedOut {
                tidy(runner, cluster, &name);
            }
            Err(error.to_string())
        }
    };
    runner.say(match measured {
        Ok(apart) => judge(&apart, runner.settings.service.clock_skew),
        Err(why) => Finding::warn(
            CHECK,
            format!("could not be compared: {why}"),
            "give it more time by --timeout, or leave it out by --read-only",
        ),
    });
}

fn stamped(name: &str) -> NewTopic {
    let configs = [
        ("message.timestamp.type", "LogAppendTime"),
        ("retention.ms", "60000"),
    ];
    NewTopic {
        name: name.to_owned(),
        partitions: 1,
        replication: -1,
        configs: configs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    }
}

fn tidy(runner: &CheckRunner, cluster: &Cluster, name: &str) {
    // Also when the time is up: nothing is to be left behind.
    match cluster.admin.delete_topic(name, runner.args.timeout) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnknownTopic => {}
        Err(error) => runner.say(Finding::warn(
            CHECK,
            format!("the topic {name} was left behind: {error}"),
            format!("delete {name}"),
        )),
    }
}

/// Deadlines cross clocks; `allowance` is what services let pass.
fn judge(apart: &Apart, allowance: Duration) -> Finding {
    let Apart { ahead, took } = *apart;
    let apart = Duration::from_millis(ahead.unsigned_abs());
    let detail = match ahead {
        0 => format!("the broker's clock and this one agree to within {took} ms"),
        1.. => format!("the broker's clock is {apart:?} or more ahead of this one"),
        _ => format!("the broker's clock is {apart:?} or more behind this one"),
    };
    let allowed = humantime::format_duration(allowance);
    if apart > allowance {
        return Finding::fail(
            CHECK,
            format!(
                "{detail}, and services allow for {allowed}: requests are refused or kept too long"
            ),
            "set the clocks by NTP, or raise `clock_skew` of the section [service]",
        );
    }
    if apart > allowance / 2 {
        return Finding::warn(
            CHECK,
            format!("{detail}, and services allow for {allowed}"),
            "set the clocks by NTP",
        );
    }
    Finding::ok(CHECK, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::finding::Status;

    #[test]
    fn skew_is_judged_by_what_services_allow() {
        let of = |ahead| judge(&Apart { ahead, took: 1 }, Duration::from_secs(5)).status;
        assert_eq!(of(0), Status::Ok);
        assert_eq!(of(-2_500), Status::Ok);
        assert_eq!(of(2_501), Status::Warn);
        assert_eq!(of(-5_001), Status::Fail);
    }
}
