//! The settings of a node: Kafka's defaults, but for what a small node on one machine needs.

use std::fmt::Write as _;
use std::path::Path;

use crate::broker::plan::Plan;

/// A properties file for broker and controller in one process.
///
/// Topics are created on first use, deliberately: a client of ours that lets it happen is found out by the tests.
pub(super) fn combined_node(plan: &Plan, data: &Path) -> String {
    let (id, broker, controller) = (plan.id, plan.ports.broker, plan.ports.controller);
    let replicas = plan.controllers.len();
    let least = replicas.saturating_sub(1).max(1);
    let (proxied_listener, proxied_address) = proxied(plan);
    let voters = voters(&plan.controllers);
    let data = data.display();
    let mut text = format!(
        "process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}{proxied_listener}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}{proxied_address}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT
log.dirs={data}
num.partitions=1
auto.create.topics.enable=true
default.replication.factor={replicas}
min.insync.replicas={least}
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor={replicas}
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={least}
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={least}
"
    );
    for (name, value) in &plan.settings {
        // Writing to a string can not fail.
        let _ = writeln!(text, "{name}={value}");
    }
    text
}

/// `1@127.0.0.1:20001,2@127.0.0.1:20003`.
fn voters(controllers: &[u16]) -> String {
    let voters = controllers.iter().zip(1..);
    let voters = voters.map(|(port, id)| format!("{id}@127.0.0.1:{port}"));
    voters.collect::<Vec<_>>().join(",")
}

/// What the second listener adds to the listeners and to their addresses.
fn proxied(plan: &Plan) -> (String, String) {
    plan.proxied.map_or_else(Default::default, |proxied| {
        let of = |port| format!(",PROXIED://127.0.0.1:{port}");
        (of(proxied.listen), of(proxied.advertised))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::jars::SMALL;
    use crate::broker::plan::Proxied;
    use crate::broker::ports::Ports;

    fn plan(controllers: &[u16]) -> Plan {
        Plan {
            id: controllers.len(),
            ports: Ports {
                broker: 20_000,
                controller: controllers[controllers.len() - 1],
            },
            controllers: controllers.to_vec(),
            cluster_id: "id".to_owned(),
            proxied: None,
            heap: SMALL,
            settings: vec![("a.b".to_owned(), "c".to_owned())],
        }
    }

    fn lines(plan: &Plan) -> Vec<String> {
        let text = combined_node(plan, Path::new("/data"));
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn three_nodes_know_each_other_and_keep_three_replicas() {
        let lines = lines(&plan(&[1, 2, 3]));
        for line in [
            "node.id=3",
            "controller.quorum.voters=1@127.0.0.1:1,2@127.0.0.1:2,3@127.0.0.1:3",
            "default.replication.factor=3",
            "min.insync.replicas=2",
            "offsets.topic.replication.factor=3",
            "a.b=c",
        ] {
            assert!(lines.iter().any(|l| l == line), "no {line} in {lines:#?}");
        }
    }

    #[test]
    fn one_node_keeps_one_replica() {
        let lines = lines(&plan(&[1]));
        for line in ["default.replication.factor=1", "min.insync.replicas=1"] {
            assert!(lines.iter().any(|l| l == line), "no {line} in {lines:#?}");
        }
    }

    #[test]
    fn the_second_listener_advertises_the_proxy() {
        let mut plan = plan(&[1]);
        plan.proxied = Some(Proxied {
            listen: 5,
            advertised: 6,
        });
        let text = lines(&plan).join("\n");
        assert!(text.contains("CONTROLLER://127.0.0.1:1,PROXIED://127.0.0.1:5\n"));
        assert!(text.contains("PLAINTEXT://127.0.0.1:20000,PROXIED://127.0.0.1:6\n"));
    }
}
