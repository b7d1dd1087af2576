//! What a witness and the load write down of a run over the log in memory.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{sync::Arc, time::Duration};

use antiphon::{Client, Service, transport::memory::MemoryBroker};
use antiphon_verify::{
    history::{
        Certainty, Entry, Event, Key, Memory, Outcome, ProcessId, Recorder, RequestPayload, Role,
    },
    witness::{WallShift, Witness},
    workload::{Call, Caller, Mix, Pace, answering, offer},
};
use rand::{SeedableRng as _, rngs::SmallRng};
use tokio_util::sync::CancellationToken;

const KEY: Key = Key(7);

#[derive(Debug)]
struct OneProcess(Memory, Arc<ProcessId>);

impl Recorder for OneProcess {
    fn record(&self, event: Event) {
        self.0.record(0, &self.1, event);
    }
}

struct Rig {
    history: Memory,
    broker: MemoryBroker,
}

impl Rig {
    fn new() -> Self {
        let broker = MemoryBroker::new();
        broker.create_topic("work", 2);
        let history = Memory::default();
        Self { history, broker }
    }

    fn process(&self, role: Role, number: u16) -> (Arc<ProcessId>, Arc<dyn Recorder>) {
        let process = Arc::new(ProcessId {
            name: format!("{role:?}-{number}"),
            number,
            incarnation: 1,
            role,
        });
        let recorder = OneProcess(self.history.clone(), Arc::clone(&process));
        (process, Arc::new(recorder))
    }

    fn witness(&self, recorder: &Arc<dyn Recorder>, role: Role) -> Arc<Witness> {
        let (inner, shift) = (self.broker.transport(), WallShift::default());
        Arc::new(Witness::new(inner, Arc::clone(recorder), role, KEY, shift))
    }

    async fn service(&self) -> Service {
        let (process, recorder) = self.process(Role::Responder, 2);
        let service = Service::builder("workers")
            .version("1")
            .transport(self.witness(&recorder, Role::Responder))
            .route("work", answering(recorder, process, KEY))
            .start()
            .await
            .unwrap();
        service.ready().await;
        service
    }

    async fn caller(&self) -> Arc<Caller> {
        let (process, recorder) = self.process(Role::Requester, 1);
        let client = Client::builder("web")
            .transport(self.witness(&recorder, Role::Requester))
            .connect()
            .await
            .unwrap();
        Arc::new(Caller::new(client, recorder, process, KEY))
    }

    fn events(&self) -> Vec<Event> {
        let entries = self.history.take().into_iter();
        entries.map(|entry: Entry| entry.event).collect()
    }
}

fn mix() -> Mix {
    Mix {
        requests: vec!["work".into()],
        scatter: vec!["work".into()],
        gather: Some(("work".into(), 1)),
        scatters: 0.1,
        gathers: 0.1,
        keyed: 0.3,
        dropped: 0.1,
        misbehaving: 0.1,
        timeout: Duration::from_secs(1)..Duration::from_secs(2),
        work: Duration::ZERO..Duration::from_millis(5),
    }
}

fn names(events: &[Event]) -> Vec<String> {
    let named = events.iter().map(|event| {
        let text = serde_json::to_value(event).unwrap();
        match text {
            serde_json::Value::String(name) => name,
            other => other.as_object().unwrap().keys().next().unwrap().clone(),
        }
    });
    named.collect()
}

#[tokio::test(start_paused = true)]
async fn one_call_leaves_its_whole_story() {
    let rig = Rig::new();
    let (service, caller) = (rig.service().await, rig.caller().await);
    let call = Call {
        kind: antiphon_verify::history::CallKind::Request,
        topics: vec!["work".into()],
        timeout: Duration::from_secs(1),
        nonce: 5,
        key: None,
        work: Duration::ZERO,
        fail: None,
        drop_after: None,
    };
    let outcome = caller.call(call).await;
    assert_eq!(service.drain(Duration::from_secs(1)).await.abandoned, 0);
    let Outcome::Ok(reply) = outcome else {
        panic!("{outcome:?}");
    };
    let facts = reply.facts.unwrap();
    assert!(facts.genuine && facts.nonce == 5);
    assert_eq!(
        names(&rig.events()),
        [
            "assigned",
            "invoke",
            "sent",
            "received",
            "started",
            "effect",
            "replied",
            "seen",
            "reply_stored",
            "complete",
            "commit"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn every_call_of_a_load_is_announced_and_ends() {
    let rig = Rig::new();
    let (service, caller) = (rig.service().await, rig.caller().await);
    let pace = Pace {
        pause: Duration::ZERO..Duration::from_millis(1),
        in_flight: 20,
        calls: 300,
    };
    let stop = CancellationToken::new();
    let mut random = SmallRng::seed_from_u64(1);
    offer(&caller, &mix(), &pace, &mut random, &stop).await;
    service.drain(Duration::from_secs(10)).await;
    let events = rig.events();
    let invoked = events.iter().filter(|e| matches!(e, Event::Invoke { .. }));
    let completed: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Complete { call, outcome } => Some((*call, outcome)),
            _ => None,
        })
        .collect();
    assert_eq!((invoked.count(), completed.len()), (300, 300));
    let ok = completed.iter().filter(|(_, outcome)| match outcome {
        Outcome::Ok(_) => true,
        Outcome::Gathered { complete, .. } => *complete,
        Outcome::Error { .. } => false,
    });
    assert!(ok.count() > 200);
    let panicked = completed.iter().any(|(_, outcome)| {
        matches!(
            outcome,
            Outcome::Error {
                executed: Certainty::Maybe,
                code: Some(_),
                ..
            }
        )
    });
    assert!(panicked, "a handler that panics is a maybe");
}

#[test]
fn a_garbled_request_is_none_of_the_run() {
    assert_eq!(RequestPayload::decode(b"{\"call\":1}"), None);
}
