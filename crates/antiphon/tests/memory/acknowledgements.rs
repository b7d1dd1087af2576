//! Acknowledgements are settled in passing, by the thread that reads requests; who waits for one
//! does not wait for that.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon::{Service, config::ServiceConfig, transport::memory::MemoryBroker};
use bytes::Bytes;
use tokio::{sync::Notify, time::Instant};

use crate::support::{ask, client, committed, eventually, faults, sent, serve_with};

/// Shorter than any pause between two looks of the thread that reads requests.
const AT_ONCE: Duration = Duration::from_millis(10);

fn one_partition() -> MemoryBroker {
    let broker = MemoryBroker::new();
    broker.create_topic("echo", 1);
    broker
}

/// Commits nothing before it is drained.
fn lazy() -> ServiceConfig {
    ServiceConfig {
        commit_interval: Duration::from_secs(3600),
        ..ServiceConfig::default()
    }
}

/// A service whose handlers wait for the gate, each for one notice.
async fn gated(broker: &MemoryBroker, config: ServiceConfig) -> (Service, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    let opened = Arc::clone(&gate);
    let service = serve_with(broker, config, move |_, value| {
        let gate = Arc::clone(&opened);
        async move {
            gate.notified().await;
            Ok(value)
        }
    })
    .await;
    (service, gate)
}

#[tokio::test(start_paused = true)]
async fn a_reader_without_places_goes_on_when_a_reply_is_acknowledged() {
    let broker = one_partition();
    let config = ServiceConfig {
        max_unacknowledged: 1,
        ..ServiceConfig::default()
    };
    let _service = serve_with(&broker, config, |_, value| async move { Ok(value) }).await;
    let client = client(&broker).await;
    client.request("echo").send().await.unwrap();
    let begun = Instant::now();
    let calls: Vec<_> = (0..100).map(|n| ask(&client, &n.to_string())).collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_when_the_last_reply_is_acknowledged() {
    let broker = one_partition();
    let (service, gate) = gated(&broker, lazy()).await;
    let client = client(&broker).await;
    let call = ask(&client, "x");
    eventually("handler runs", || service.running() == 1).await;
    let draining = tokio::spawn(service.drain(Duration::from_secs(10)));
    tokio::task::yield_now().await;
    let begun = Instant::now();
    gate.notify_one();
    let report = draining.await.unwrap();
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    assert_eq!((report.in_hand, report.abandoned), (1, 0));
    assert_eq!(committed(&broker, "echo-service"), 1);
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_drain_commits_what_was_acknowledged_a_moment_ago() {
    let broker = one_partition();
    let service = serve_with(&broker, lazy(), |_, value| async move { Ok(value) }).await;
    let client = client(&broker).await;
    let calls: Vec<_> = (0..50).map(|n| ask(&client, &n.to_string())).collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let report = service.drain(Duration::from_secs(10)).await;
    assert_eq!(report.abandoned, 0);
    assert_eq!(committed(&broker, "echo-service"), 50);
}

#[tokio::test(start_paused = true)]
async fn acknowledged_replies_are_not_in_hand() {
    let broker = one_partition();
    let service = serve_with(&broker, lazy(), |_, value| async move { Ok(value) }).await;
    let client = client(&broker).await;
    client.request("echo").send().await.unwrap();
    eventually("acknowledged", || service.unacknowledged() == 0).await;
    let report = service.drain(Duration::from_secs(10)).await;
    assert_eq!((report.in_hand, report.abandoned), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_ends_when_the_last_reply_is_acknowledged() {
    let broker = MemoryBroker::new();
    // One of them has to go when another instance comes.
    broker.create_topic("echo", 2);
    let ran = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Notify::new());
    let start = |name: &str| {
        let (ran, gate) = (Arc::clone(&ran), Arc::clone(&gate));
        let handler = move |value: Bytes| {
            let (ran, gate) = (Arc::clone(&ran), Arc::clone(&gate));
            async move {
                ran.fetch_add(1, Ordering::SeqCst);
                gate.notified().await;
                Ok(value)
            }
        };
        Service::builder("s")
            .version("1")
            .transport(broker.transport())
            .instance(name)
            .config(lazy())
            .route("echo", handler)
            .start()
    };
    let one = start("one").await.unwrap();
    one.ready().await;
    let client = client(&broker).await;
    let mut calls = Vec::new();
    let mut requests = Vec::new();
    while !(0..2).all(|partition| requests.contains(&partition)) {
        calls.push(ask(&client, "x"));
        let all = sent(&broker, calls.len()).await;
        requests = all.iter().map(|record| record.partition).collect();
    }
    eventually("handlers run", || {
        ran.load(Ordering::SeqCst) == requests.len()
    })
    .await;
    let other = start("other").await.unwrap();
    eventually("one is to go", || one.partitions().len() == 1).await;
    assert!(other.partitions().is_empty());
    let begun = Instant::now();
    gate.notify_waiters();
    while committed(&broker, "s") == 0 {
        assert!(begun.elapsed() < AT_ONCE, "not given up at once");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    other.ready().await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let kept = one.partitions()[0].partition;
    let gone = requests.iter().filter(|at| **at != kept).count();
    let gone = i64::try_from(gone).unwrap();
    assert_eq!(
        committed(&broker, "s"),
        gone,
        "what went with its partition"
    );
    assert_eq!(
        ran.load(Ordering::SeqCst),
        requests.len(),
        "none is repeated"
    );
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_was_refused_is_sent_again_and_acknowledged_once() {
    let broker = one_partition();
    let service = serve_with(&broker, lazy(), |_, value| async move { Ok(value) }).await;
    let client = client(&broker).await;
    client.request("echo").send().await.unwrap();
    broker.set_faults(faults(|f| f.uncertain = 0.5));
    let calls: Vec<_> = (0..100).map(|n| ask(&client, &n.to_string())).collect();
    for call in calls {
        // A request that may have been lost is told so; what matters is what the service does.
        let _ = call.await.unwrap();
    }
    broker.set_faults(faults(|_| {}));
    eventually("acknowledged", || service.unacknowledged() == 0).await;
    let requests = i64::try_from(broker.records("echo").len()).unwrap();
    let report = service.drain(Duration::from_secs(10)).await;
    assert_eq!((report.in_hand, report.abandoned), (0, 0));
    assert_eq!(committed(&broker, "echo-service"), requests);
}
