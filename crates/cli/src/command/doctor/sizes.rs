//! How large a request or reply may be, by everybody who has a say in it.

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
        runner.say(Finding::warn(
            CHECK,
            format!(
                "the client accepts requests of {largest} bytes, and librdkafka sends none \
                     above message.max.bytes={client}"
            ),
            format!("set -X message.max.bytes={largest}, or a smaller `max_request_bytes`"),
        ));
    }
    if cluster.embedded {
        let detail =
            format!("the client sends up to {client} bytes; the embedded broker has no limit");
        return runner.say(Finding::ok(CHECK, detail));
    }
    broker(runner, cluster, client);
    let replies = runner.reply_topic();
    let topics = runner.args.topics.iter().chain([&replies]);
    for topic in topics {
        // That it does not exist or may not be described has been said before.
        if !runner.leaves_out(&format!("{CHECK} of {topic}"))
            && let Ok(configs) = cluster.topic(topic, runner)
        {
            runner.say(judge(topic, &configs, client));
        }
    }
}

fn client_limit(runner: &CheckRunner) -> i64 {
    let set = runner.properties.get("message.max.bytes");
    set.and_then(|set| set.trim().parse().ok())
        .unwrap_or(CLIENT_DEFAULT)
}

/// A topic decides for itself; a broker refuses what is longer than any request may be.
fn broker(runner: &CheckRunner, cluster: &Cluster, client: i64) {
    let Ok((broker, configs)) = cluster.broker(runner) else {
        return;
    };
    if let Some(most) = number(&configs, "socket.request.max.bytes").filter(|most| *most < client) {
        runner.say(Finding::fail(
            CHECK,
            format!(
                "broker {broker} takes no request above socket.request.max.bytes={most}, and \
                     the client sends up to {client}"
            ),
            "set a smaller message.max.bytes by -X",
        ));
    }
}

fn judge(topic: &str, configs: &Configs, client: i64) -> Finding {
    match number(configs, "max.message.bytes") {
        Some(most) if most < client => Finding::warn(
            CHECK,
            format!(
                "{topic} takes max.message.bytes={most}, and the client sends up to \
                 message.max.bytes={client}: what is between is refused by the brokers"
            ),
            format!("raise max.message.bytes of {topic}, or set -X message.max.bytes={most}"),
        ),
        Some(most) => Finding::ok(
            CHECK,
            format!("{topic} takes up to {most} bytes, the client sends up to {client}"),
        ),
        None => Finding::skip(
            CHECK,
            format!("the brokers do not tell the limit of {topic}"),
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
