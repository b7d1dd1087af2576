//! The settings of a test node: Kafka's defaults, but for what one small node on one machine needs.

use std::path::Path;

use crate::support::broker::ports::Ports;

/// A properties file for broker and controller in one process.
///
/// Topics are created on first use, deliberately: a client of ours that lets it happen is found out by the tests.
pub(super) fn combined_node(ports: Ports, data: &Path) -> String {
    let Ports { broker, controller } = ports;
    let data = data.display();
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
num.partitions=1
auto.create.topics.enable=true
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"
    )
}
