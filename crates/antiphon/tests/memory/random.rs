//! Everything at once, at random: whatever goes wrong, each call has one outcome, in time, and what
//! is said not to have run never runs.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::{
    Client, Executed, RequestErrorKind as Kind, Service, Status,
    config::{ClientConfig, ServiceConfig},
    transport::memory::{Faults, MemoryBroker},
};
use bytes::Bytes;
use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{task::JoinHandle, time::Instant};

use crate::support::settle;

type Ran = Arc<Mutex<HashSet<Bytes>>>;

const CALLS: usize = 300;
const PLACES: u32 = 64;

#[derive(Debug)]
enum Outcome {
    Replied,
    Failed(Kind, Executed),
    GivenUp,
}

async fn start(broker: &MemoryBroker, ran: &Ran, seed: u64) -> Service {
    let ran = Arc::clone(ran);
    let random = Mutex::new(StdRng::seed_from_u64(seed));
    let config = ServiceConfig {
        concurrency: 16,
        handler_timeout: Duration::from_secs(2),
        ..ServiceConfig::default()
    };
    let handler = move |value: Bytes| {
        ran.lock().unwrap().insert(value.clone());
        let (dice, work) = {
            let mut random = random.lock().unwrap();
            (random.random_range(0..20), random.random_range(0..60))
        };
        assert!(dice != 0, "by chance");
        async move {
            if dice > 10 {
                tokio::time::sleep(Duration::from_millis(work)).await;
            }
            match dice {
                1 => Err(Status::aborted("by chance")),
                2 => std::future::pending().await,
                _ => Ok(value),
            }
        }
    };
    Service::builder("s")
        .version("1")
        .transport(broker.transport())
        .config(config)
        .route("echo", handler)
        .start()
        .await
        .unwrap()
}

fn faults(random: &mut StdRng) -> Faults {
    let mut some = |most: f64| {
        if random.random_bool(0.5) {
            0.0
        } else {
            random.random_range(0.0..most)
        }
    };
    Faults {
        reject: some(0.3),
        uncertain: some(0.3),
        loss: some(0.2),
        duplicate: some(0.5),
        delay: Duration::from_millis(random.random_range(0..50)),
        queue: if random.random_bool(0.2) {
            random.random_range(0..20)
        } else {
            usize::MAX
        },
        seed: random.random(),
    }
}

fn call(client: &Client, value: Bytes, random: &mut StdRng) -> JoinHandle<Outcome> {
    let timeout = Duration::from_millis(random.random_range(1..3_000));
    let patience = random
        .random_bool(0.2)
        .then(|| timeout.mul_f64(random.random_range(0.0..1.0)));
    let mut request = client.request("echo").value(value.clone()).timeout(timeout);
    if random.random_bool(0.3) {
        request = request.key(value.clone());
    }
    tokio::spawn(async move {
        let begun = Instant::now();
        let outcome = match patience {
            Some(patience) => match tokio::time::timeout(patience, request.send()).await {
                Ok(outcome) => outcome,
                Err(_) => return Outcome::GivenUp,
            },
            None => request.send().await,
        };
        let took = begun.elapsed();
        assert!(
            took <= timeout + Duration::from_millis(250),
            "{took:?} of {timeout:?}"
        );
        match outcome {
            Ok(reply) => {
                assert_eq!(reply.value(), &value, "somebody else's reply");
                Outcome::Replied
            }
            Err(error) => {
                let early = error.is_timeout() && took < timeout;
                assert!(!early, "{took:?} of {timeout:?}");
                Outcome::Failed(error.kind(), error.executed())
            }
        }
    })
}

async fn everything_at_once(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let broker = MemoryBroker::new();
    broker.create_topic("echo", random.random_range(1..6));
    let ran = Ran::default();
    let config = ClientConfig {
        max_in_flight: PLACES,
        max_in_flight_bytes: 200,
        fail_fast: random.random_bool(0.3),
        ..ClientConfig::default()
    };
    let builder = Client::builder("web").transport(broker.transport());
    let client = builder.config(config.clone()).connect().await.unwrap();
    let mut services = vec![start(&broker, &ran, random.random()).await];
    let mut calls = Vec::new();
    for n in 0..CALLS {
        let value = Bytes::from(n.to_string());
        calls.push((value.clone(), call(&client, value, &mut random)));
        match random.random_range(0..60) {
            0 => services.push(start(&broker, &ran, random.random()).await),
            1 if !services.is_empty() => {
                drop(services.swap_remove(random.random_range(0..services.len())));
            }
            2 if !services.is_empty() => {
                let service = services.swap_remove(random.random_range(0..services.len()));
                tokio::spawn(service.drain(Duration::from_secs(1)));
            }
            3 | 4 => broker.set_faults(faults(&mut random)),
            5 => broker.set_faults(Faults::default()),
            7..12 if services.is_empty() => {
                services.push(start(&broker, &ran, random.random()).await);
            }
            6 if random.random_bool(0.3) => broker.delete_topic("web.replies"),
            _ => {}
        }
        tokio::time::sleep(Duration::from_micros(random.random_range(0..20_000))).await;
    }
    let mut outcomes = Vec::new();
    for (value, call) in calls {
        outcomes.push((value, call.await.unwrap()));
    }
    assert_eq!(client.in_flight(), 0);
    // Whatever was stored is run in the end.
    broker.set_faults(Faults::default());
    services.push(start(&broker, &ran, random.random()).await);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let ran = ran.lock().unwrap().clone();
    for (value, outcome) in &outcomes {
        if let Outcome::Failed(kind, executed) = outcome {
            assert_is_promised(*kind, *executed);
        }
        match outcome {
            Outcome::Replied | Outcome::Failed(_, Executed::Yes) => {
                assert!(ran.contains(value), "{value:?} {outcome:?} never ran");
            }
            Outcome::Failed(_, Executed::No) => {
                assert!(!ran.contains(value), "{value:?} {outcome:?} ran");
            }
            Outcome::Failed(..) | Outcome::GivenUp => {}
        }
    }
    all_places_are_free(&client, &broker).await;
}

/// What each kind of error says of the work.
fn assert_is_promised(kind: Kind, executed: Executed) {
    let promised = match kind {
        Kind::TimedOut | Kind::SendUnknown | Kind::ReplyPathLost => Executed::Maybe,
        Kind::Rejected | Kind::Overloaded | Kind::DeadlineBeforeSend | Kind::NotReady => {
            Executed::No
        }
        Kind::Status => return,
        kind => panic!("{kind:?} was not asked for"),
    };
    assert_eq!(executed, promised, "{kind:?}");
}

/// As many calls as there are places find one each.
async fn all_places_are_free(client: &Client, broker: &MemoryBroker) {
    broker.create_topic("places", 1);
    let request = || client.request("places").timeout(Duration::from_secs(1));
    let calls: Vec<_> = (0..PLACES)
        .map(|_| tokio::spawn(request().send()))
        .collect();
    settle().await;
    assert_eq!(client.in_flight(), PLACES as usize);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().kind(), Kind::TimedOut);
    }
    let large = request().value(vec![0; 200]).send().await.unwrap_err();
    assert_eq!(large.kind(), Kind::TimedOut);
    assert_eq!(client.in_flight(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn each_call_has_one_outcome_and_what_did_not_run_never_runs(seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(everything_at_once(seed));
    }
}
