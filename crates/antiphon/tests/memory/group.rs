//! Several instances of one service: partitions move, and no request is lost.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::{Service, config::ServiceConfig, transport::memory::MemoryBroker};
use bytes::Bytes;

use crate::support::{ask, bytes, client, eventually, headers};

type Runs = Arc<Mutex<HashMap<Bytes, u32>>>;

fn broker() -> MemoryBroker {
    let broker = MemoryBroker::new();
    broker.create_topic("echo", 8);
    broker
}

async fn join(
    broker: &MemoryBroker,
    runs: &Runs,
    work: Duration,
    revoke_timeout: Duration,
) -> Service {
    let noted = Arc::clone(runs);
    let config = ServiceConfig {
        revoke_timeout,
        ..ServiceConfig::default()
    };
    Service::builder("s")
        .version("1")
        .transport(broker.transport())
        .config(config)
        .route("echo", move |value: Bytes| {
            *noted.lock().unwrap().entry(value.clone()).or_default() += 1;
            async move {
                tokio::time::sleep(work).await;
                Ok(value)
            }
        })
        .start()
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn partitions_are_shared_and_taken_over() {
    let broker = broker();
    let runs = Runs::default();
    let (work, limit) = (Duration::from_millis(20), Duration::from_secs(5));
    let first = join(&broker, &runs, work, limit).await;
    first.ready().await;
    assert_eq!(first.partitions().len(), 8);
    let client = client(&broker).await;
    let mut calls = Vec::new();
    let mut others = Vec::new();
    for n in 0..400 {
        calls.push(ask(&client, &n.to_string()));
        if n % 100 == 50 {
            others.push(join(&broker, &runs, work, limit).await);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    eventually("shared by five", || {
        let mut all: Vec<usize> = others
            .iter()
            .map(|other| other.partitions().len())
            .collect();
        all.push(first.partitions().len());
        all.iter().sum::<usize>() == 8 && all.iter().all(|n| (1..=2).contains(n))
    })
    .await;
    drop(others);
    eventually("taken over", || first.partitions().len() == 8).await;
    for (n, call) in calls.into_iter().enumerate() {
        let reply = call.await.unwrap().unwrap();
        assert_eq!(&reply.value()[..], n.to_string().as_bytes());
    }
    assert_eq!(runs.lock().unwrap().len(), 400);
}

#[tokio::test(start_paused = true)]
async fn a_rebalance_waits_for_what_runs_so_that_nothing_runs_twice() {
    let broker = broker();
    let runs = Runs::default();
    let work = Duration::from_secs(2);
    let first = join(&broker, &runs, work, Duration::from_secs(5)).await;
    first.ready().await;
    let client = client(&broker).await;
    let calls: Vec<_> = (0..64).map(|n| ask(&client, &n.to_string())).collect();
    eventually("all run", || first.running() == 64).await;
    let begun = tokio::time::Instant::now();
    let second = join(&broker, &runs, work, Duration::from_secs(5)).await;
    second.ready().await;
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(1_800), "{took:?}");
    assert!(took <= Duration::from_millis(2_500), "{took:?}");
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert!(runs.lock().unwrap().values().all(|runs| *runs == 1));
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn a_rebalance_does_not_wait_for_ever() {
    let broker = broker();
    let runs = Runs::default();
    let first = join(
        &broker,
        &runs,
        Duration::from_secs(20),
        Duration::from_secs(1),
    )
    .await;
    first.ready().await;
    let client = client(&broker).await;
    let calls: Vec<_> = (0..64).map(|n| ask(&client, &n.to_string())).collect();
    eventually("all run", || first.running() == 64).await;
    let begun = tokio::time::Instant::now();
    let second = join(&broker, &runs, Duration::ZERO, Duration::from_secs(1)).await;
    second.ready().await;
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(900), "{took:?}");
    assert!(took <= Duration::from_millis(1_500), "{took:?}");
    for call in calls {
        call.await.unwrap().unwrap();
    }
    // What the first had begun on partitions that went ran again on the second.
    assert!(
        runs.lock()
            .unwrap()
            .values()
            .all(|runs| (1..=2).contains(runs))
    );
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn instances_that_come_and_go_lose_nothing() {
    let broker = broker();
    let runs = Runs::default();
    let client = client(&broker).await;
    let keeper = join(
        &broker,
        &runs,
        Duration::from_millis(3),
        Duration::from_secs(5),
    )
    .await;
    let mut calls = Vec::new();
    for round in 0..30 {
        let one = join(
            &broker,
            &runs,
            Duration::from_millis(7),
            Duration::from_secs(5),
        )
        .await;
        for n in 0..20 {
            calls.push(ask(&client, &format!("{round}/{n}")));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if round % 2 == 0 {
            one.drain(Duration::from_secs(5)).await;
        } else {
            drop(one);
        }
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(runs.lock().unwrap().len(), 600);
    keeper.drain(Duration::from_secs(5)).await;
    let done: i64 = broker.committed("s").iter().map(|(_, _, next)| next).sum();
    assert_eq!(done, 600);
    assert_eq!(client.in_flight(), 0);
}

/// Its handler was never started, so whoever has the partition next has to run it.
#[tokio::test(start_paused = true)]
async fn a_request_that_a_rebalance_overtakes_is_left_to_the_next_owner() {
    let broker = broker();
    let runs = Runs::default();
    let limit = Duration::from_secs(5);
    let first = join(&broker, &runs, Duration::ZERO, limit).await;
    first.ready().await;
    for partition in 0..8 {
        let id = partition.to_string();
        let own = headers(&[("correlation-id", &id), ("reply-topic", "late.replies")]);
        assert!(broker.append("echo", partition, None, Some(bytes(&id)), own));
    }
    // It does not find the reply topic, and will look for it once more.
    eventually("all wait for it", || first.running() == 8).await;
    let second = join(&broker, &runs, Duration::ZERO, limit).await;
    eventually("half of them have to go", || first.partitions().len() == 4).await;
    assert_eq!(first.running(), 8);
    broker.create_topic("late.replies", 1);
    eventually("all are answered", || {
        broker.records("late.replies").len() == 8
    })
    .await;
    assert_eq!(second.partitions().len(), 4);
    assert!(runs.lock().unwrap().values().all(|runs| *runs == 1));
}
