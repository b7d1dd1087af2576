//! Sends what waits for one partition, one produce request after the other.

use std::{sync::Arc, time::Duration};

use antiphon::transport::TransportErrorKind as Kind;

use super::{
    cluster::{Cluster, Produced},
    log::New,
    publisher::{Producer, Queued},
};
use crate::history::At;

/// A produce request has fewer records.
const BATCH: u32 = 64;

/// Pause before a request that was refused for now is sent again.
const BACKOFF: Duration = Duration::from_millis(20);

/// How long it takes at most to see that no answer will come.
const SILENCE: Duration = Duration::from_secs(1);

/// How late a request can arrive whose sender has given it up.
const ADRIFT: Duration = Duration::from_secs(3);

pub(super) async fn run(producer: Arc<Producer>, at: At) {
    loop {
        let alive = producer.place.life.running().await;
        let most = producer.place.cluster.draw(|dice, _| dice.below(1..BATCH)) as usize;
        let batch = producer.take(&at, if alive { most } else { usize::MAX });
        if batch.is_empty() {
            return;
        }
        if !alive {
            // Nothing of it has left the process.
            producer.failed(&at, &batch, Kind::Closed, false);
            continue;
        }
        deliver(&producer, &at, batch).await;
    }
}

/// Sends until it is known, or given up, what became of the records.
async fn deliver(producer: &Producer, at: &At, mut batch: Vec<Queued>) {
    // One of the tries may have stored them.
    let mut doubtful = false;
    loop {
        batch = expired(producer, at, batch, doubtful);
        if batch.is_empty() {
            return;
        }
        if producer.is_purged() {
            return producer.failed(at, &batch, Kind::Closed, doubtful);
        }
        let produced = send(producer, at, &batch).await;
        match produced {
            Produced::Acknowledged => return producer.acknowledged(&batch),
            Produced::Refused => return producer.failed(at, &batch, Kind::Other, doubtful),
            Produced::Missing => return producer.failed(at, &batch, Kind::UnknownTopic, doubtful),
            Produced::Again => tokio::time::sleep(BACKOFF).await,
            Produced::Silence | Produced::Adrift => {
                doubtful = true;
                if !wait_in_vain(producer).await {
                    return producer.failed(at, &batch, Kind::TimedOut, true);
                }
            }
        }
        if !producer.place.life.running().await {
            return producer.failed(at, &batch, Kind::Closed, doubtful);
        }
    }
}

/// One request, there and back.
async fn send(producer: &Producer, at: &At, batch: &[Queued]) -> Produced {
    let cluster = &producer.place.cluster;
    let new: Vec<New> = batch.iter().map(|one| one.new.clone()).collect();
    cluster.way().await;
    // What a process has written to its socket may get out without it.
    if producer.place.life.is_dead() && cluster.draw(|dice, _| dice.happens(0.5)) {
        return Produced::Silence;
    }
    let produced = cluster.produce(at, &new);
    match produced {
        Produced::Acknowledged => {
            producer.in_log(batch);
            cluster.way().await;
            producer.place.life.running().await;
        }
        Produced::Adrift => drift(cluster, at, new),
        _ => cluster.way().await,
    }
    produced
}

/// Brings a request to its broker when nobody counts on it any more.
fn drift(cluster: &Arc<Cluster>, at: &At, new: Vec<New>) {
    let (cluster, at) = (Arc::clone(cluster), at.clone());
    tokio::spawn(async move {
        let late = cluster.draw(|dice, _| dice.up_to(ADRIFT));
        tokio::time::sleep(late).await;
        cluster.strand(&at, &new);
    });
}

/// Whether to try again after nothing was heard.
async fn wait_in_vain(producer: &Producer) -> bool {
    let (wait, give_up) = producer.place.cluster.draw(|dice, weather| {
        (
            dice.between(BACKOFF, SILENCE),
            dice.happens(weather.give_up),
        )
    });
    tokio::time::sleep(wait).await;
    !give_up
}

/// Gives up the records whose time is over, and returns the others.
fn expired(producer: &Producer, at: &At, batch: Vec<Queued>, doubtful: bool) -> Vec<Queued> {
    let now = producer.place.cluster.now();
    let limit = producer.message_timeout;
    let (expired, rest): (Vec<_>, Vec<_>) = batch
        .into_iter()
        .partition(|one| now.saturating_sub(one.since) >= limit);
    if !expired.is_empty() {
        producer.failed(at, &expired, Kind::TimedOut, doubtful);
    }
    rest
}
