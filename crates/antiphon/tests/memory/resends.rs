//! One task sends all failed replies again.

use std::{sync::Arc, time::Duration};

use antiphon::{Client, Reply, RequestError, Service, transport::memory::MemoryBroker};
use tokio::{runtime::Handle, sync::Semaphore, task::JoinHandle};

use crate::support::{ask, broker, client, committed, eventually, faults, serve, settle};

const CALLS: usize = 500;

type Call = JoinHandle<Result<Reply, RequestError>>;

/// A service whose handlers wait for a permit.
async fn gated(broker: &MemoryBroker) -> (Service, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let service = serve(broker, "s", move |_, value| {
        let gate = Arc::clone(&opened);
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(value)
        }
    })
    .await;
    (service, gate)
}

/// Calls whose replies all fail, once their handlers have ended.
async fn outage(
    broker: &MemoryBroker,
    client: &Client,
    service: &Service,
    gate: &Semaphore,
) -> Vec<Call> {
    let calls = (0..CALLS).map(|n| ask(client, &n.to_string())).collect();
    eventually("handlers run", || service.running() == CALLS).await;
    broker.set_faults(faults(|faults| faults.reject = 1.0));
    gate.add_permits(CALLS);
    eventually("handlers ended", || service.running() == 0).await;
    settle().await;
    assert_eq!(service.unacknowledged(), CALLS);
    calls
}

async fn assert_answered(calls: Vec<Call>) {
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn an_outage_makes_no_task_for_a_reply_and_all_are_sent_when_it_ends() {
    let broker = broker();
    let client = client(&broker).await;
    let (service, gate) = gated(&broker).await;
    let idle = tasks();
    let calls = outage(&broker, &client, &service, &gate).await;
    assert_eq!(tasks(), idle + CALLS, "besides those of the callers");
    broker.set_faults(faults(|_| {}));
    assert_answered(calls).await;
    eventually("acknowledged", || service.unacknowledged() == 0).await;
    let report = service.drain(Duration::from_secs(10)).await;
    assert_eq!((report.in_hand, report.abandoned), (0, 0));
    assert_eq!(committed(&broker, "s"), i64::try_from(CALLS).unwrap());
}

#[tokio::test(start_paused = true)]
async fn replies_that_a_stopped_service_cannot_send_are_left_to_the_next_one() {
    let broker = broker();
    let client = client(&broker).await;
    let idle = tasks();
    for drains in [true, false] {
        let done = committed(&broker, "s");
        let (service, gate) = gated(&broker).await;
        let calls = outage(&broker, &client, &service, &gate).await;
        if drains {
            let report = service.drain(Duration::from_secs(1)).await;
            assert_eq!((report.in_hand, report.abandoned), (CALLS, CALLS));
        } else {
            drop(service);
        }
        eventually("the task has ended", || tasks() == idle + CALLS).await;
        assert_eq!(committed(&broker, "s"), done);
        broker.set_faults(faults(|_| {}));
        let (next, gate) = gated(&broker).await;
        gate.add_permits(CALLS);
        assert_answered(calls).await;
        let report = next.drain(Duration::from_secs(10)).await;
        assert_eq!(report.abandoned, 0);
    }
}
