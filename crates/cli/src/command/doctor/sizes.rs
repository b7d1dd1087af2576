//! Message size limits of client, brokers and topics.

use super::{
    cluster::Cluster,
    configs::{Configs, number},
    finding::Finding,
    runner::CheckRunner,
};

const CHECK: &str = "message size";

/// librdkafka's default of `message.max.bytes`.
const CLIENT_DEFAULT: i64 = 1_000_000;

pub(super) fn check(runner: &CheckRunner, cluster: &Cluster) {
    let client = client_limit(runner);
    let largest = i64::from(runner.settings.client.max_request_bytes);
    if client < largest {
        runner.report(Finding::warn(
            CHECK,
            format!(
                "the client accepts requests of {largest} bytes, but librdkafka refuses messages \
                     above message.max.bytes={client}"
            ),
            format!("set -X message.max.bytes={largest}, or lower `max_request_bytes` in section [client]"),
        ));
    }
    if cluster.embedded {
        let detail =
            format!("the client sends up to {client} bytes; the embedded broker has no limit");
        return runner.report(Finding::ok(CHECK, detail));
    }
    broker(runner, cluster, client);
    let replies = runner.reply_topic();
    let topics = runner.args.topics.iter().chain([&replies]);
    for topic in topics {
        // An earlier check reports a topic that does not exist or cannot be described.
        if !runner.skips(&format!("{CHECK} of {topic}"))
            && let Ok(configs) = cluster.topic(topic, runner)
        {
            runner.report(judge(topic, &configs, client));
        }
    }
}

fn client_limit(runner: &CheckRunner) -> i64 {
    let set = runner.properties.get("message.max.bytes");
    set.and_then(|set| set.trim().parse().ok())
        .unwrap_or(CLIENT_DEFAULT)
}

/// Each topic has its own limit. The broker limits the size of any request to it.
fn broker(runner: &CheckRunner, cluster: &Cluster, client: i64) {
    let Ok((broker, configs)) = cluster.broker(runner) else {
        return;
    };
    if let Some(most) = number(&configs, "socket.request.max.bytes").filter(|most| *most < client) {
        runner.report(Finding::fail(
            CHECK,
            format!(
                "broker {broker} refuses requests above socket.request.max.bytes={most}, but the \
                     client sends up to {client} bytes"
            ),
            "lower message.max.bytes with -X",
        ));
    }
}

fn judge(topic: &str, configs: &Configs, client: i64) -> Finding {
    match number(configs, "max.message.bytes") {
        Some(most) if most < client => Finding::warn(
            CHECK,
            format!(
                "the client sends up to message.max.bytes={client}, but {topic} has \
                 max.message.bytes={most}: the brokers refuse larger messages"
            ),
            format!("raise max.message.bytes of {topic}, or set -X message.max.bytes={most}"),
        ),
        Some(most) => Finding::ok(
            CHECK,
            format!("{topic} accepts up to {most} bytes, the client sends up to {client}"),
        ),
        None => Finding::skip(
            CHECK,
            format!("the brokers do not report the limit of {topic}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::finding::Status;

    #[test]
    fn what_a_client_may_send_a_topic_has_to_take() {
        let of = |most: &str| {
            let configs = [("max.message.bytes".to_owned(), most.to_owned())].into();
            judge("t", &configs, 1_000_000).status
        };
        assert_eq!(of("1048588"), Status::Ok);
        assert_eq!(of("1000000"), Status::Ok);
        assert_eq!(of("999999"), Status::Warn);
        assert_eq!(judge("t", &Configs::new(), 1).status, Status::Skip);
    }
}
