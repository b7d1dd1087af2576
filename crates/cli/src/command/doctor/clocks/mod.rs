//! Clock skew between this machine and a broker.

mod stamp;

use std::time::Duration;

use antiphon_kafka::{ErrorKind, NewTopic};
use rand::Rng;

use self::stamp::{Skew, measure};
use super::{cluster::Cluster, finding::Finding, runner::CheckRunner};

const CHECK: &str = "clocks";

/// Writes records to a new topic, which the broker stamps with its own time.
pub(super) fn check(runner: &CheckRunner, cluster: &Cluster) {
    if runner.args.read_only {
        return runner.report(Finding::skip(
            CHECK,
            "not checked: this needs to create a topic, and --read-only is set",
        ));
    }
    if cluster.embedded {
        let why = "an embedded broker runs on this machine";
        return runner.report(Finding::skip(CHECK, why));
    }
    let name = format!("antiphon-doctor-{:08x}", rand::rng().random::<u32>());
    let measured = match cluster
        .admin
        .create_topic(&stamped(&name), runner.time_limit())
    {
        Ok(()) => {
            let measured = measure(runner, &name);
            tidy(runner, cluster, &name);
            measured
        }
        Err(error) if error.kind() == ErrorKind::NotAuthorized => {
            let why =
                "not checked: this principal is not authorized to create the topic that this needs";
            return runner.report(Finding::skip(CHECK, why));
        }
        Err(error) => {
            // The brokers may have created it after the timeout.
            if error.kind() == ErrorKind::TimedOut {
                tidy(runner, cluster, &name);
            }
            Err(error.to_string())
        }
    };
    runner.report(match measured {
        Ok(apart) => judge(&apart, runner.settings.service.clock_skew),
        Err(why) => Finding::warn(
            CHECK,
            format!("cannot be compared: {why}"),
            "raise --timeout, or skip this check with --read-only",
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
    // Even if the time is up, the topic must be deleted.
    match cluster.admin.delete_topic(name, runner.args.timeout) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnknownTopic => {}
        Err(error) => runner.report(Finding::warn(
            CHECK,
            format!("the topic {name} was not deleted: {error}"),
            format!("delete it with `antiphon topics delete {name}`"),
        )),
    }
}

/// Deadlines depend on both clocks. `allowance` is the skew that services tolerate.
fn judge(apart: &Skew, allowance: Duration) -> Finding {
    let Skew { ahead, took } = *apart;
    let apart = Duration::from_millis(ahead.unsigned_abs());
    let detail = match ahead {
        0 => format!("the clocks of the broker and of this machine agree to within {took} ms"),
        1.. => format!("the clock of the broker is {apart:?} or more ahead of this machine"),
        _ => format!("the clock of the broker is {apart:?} or more behind this machine"),
    };
    let allowed = humantime::format_duration(allowance);
    if apart > allowance {
        return Finding::fail(
            CHECK,
            format!(
                "{detail}, and services tolerate {allowed}: requests expire too early or too late"
            ),
            "synchronise the clocks with NTP, or raise `clock_skew` in section [service]",
        );
    }
    if apart > allowance / 2 {
        return Finding::warn(
            CHECK,
            format!("{detail}, and services tolerate {allowed}"),
            "synchronise the clocks with NTP",
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
        let of = |ahead| judge(&Skew { ahead, took: 1 }, Duration::from_secs(5)).status;
        assert_eq!(of(0), Status::Ok);
        assert_eq!(of(-2_500), Status::Ok);
        assert_eq!(of(2_501), Status::Warn);
        assert_eq!(of(-5_001), Status::Fail);
    }
}
