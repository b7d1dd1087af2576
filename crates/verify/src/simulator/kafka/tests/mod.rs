//! The rules of Kafka that the model keeps.

mod groups;
mod logs;
mod publishers;
mod readers;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::transport::{
    Delivery, DeliverySink, Outgoing, Publisher, PublisherLimits, Transport, TransportError,
    TransportErrorKind as Kind,
};

use super::{Cluster, Node, NodeSettings, Protocol, log::Log};
use crate::{
    history::{At, ProcessId, Role},
    simulator::{dice::Dice, ledger::Ledger, life::Life},
};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn at(partition: i32) -> At {
    At {
        topic: "t".into(),
        partition,
    }
}

fn log(partitions: u32) -> Log {
    let mut log = Log::default();
    log.create("t", partitions);
    log
}

/// Notes what was reported.
#[derive(Debug, Default)]
struct Reports(Mutex<Vec<Report>>);

/// A token, and of a failure what kind it is and whether the record may be stored.
type Report = (u64, Option<(Kind, bool)>);

impl Reports {
    fn take(&self) -> Vec<(u64, Option<(Kind, bool)>)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl DeliverySink for Reports {
    fn wants_success(&self) -> bool {
        true
    }

    fn delivered(&self, batch: &mut dyn Iterator<Item = Delivery>) {
        let mut all = self.0.lock().unwrap();
        all.extend(batch.map(|one| {
            let failure = one.result.err();
            (
                one.token,
                failure.map(|failure| (failure.error.kind(), failure.possibly_persisted)),
            )
        }));
    }

    fn fault(&self, error: TransportError) {
        panic!("{error}");
    }
}

/// A process with a connection.
struct Process {
    cluster: Arc<Cluster>,
    life: Arc<Life>,
    node: Arc<Node>,
    reports: Arc<Reports>,
}

fn process(idempotent: bool) -> Process {
    let cluster = Cluster::start(Dice::new(1), Protocol::Cooperative, 5 * SECOND);
    cluster.create("t", 1);
    let id = ProcessId {
        name: "responder-1".into(),
        number: 50,
        incarnation: 1,
        role: Role::Responder,
    };
    let life = Life::new(id, &Ledger::new());
    let settings = NodeSettings {
        idempotent,
        message_timeout: 5 * SECOND,
        session_timeout: 2 * SECOND,
        queue: 10,
    };
    Process {
        node: Node::new(&cluster, &life, settings, Dice::new(2)),
        reports: Arc::default(),
        cluster,
        life,
    }
}

impl Process {
    fn publisher(&self) -> Arc<dyn Publisher> {
        let limits = PublisherLimits {
            queue: 10,
            message_timeout: None,
        };
        self.node
            .publisher(limits, Arc::clone(&self.reports) as _)
            .unwrap()
    }

    fn stored(&self) -> usize {
        self.cluster.records(&at(0)).len()
    }
}

fn send(publisher: &Arc<dyn Publisher>, token: u64) -> Result<(), Kind> {
    let topic = publisher.topic("t").unwrap();
    let sent = publisher.publish(&Outgoing {
        topic: &topic,
        partition: 0,
        key: None,
        value: Some(b"v"),
        headers: &[],
        token,
    });
    sent.map_err(|error| error.kind())
}

async fn wait(time: Duration) {
    tokio::time::sleep(time).await;
}
