//! Members of consumer groups: partitions are spread over them, move when members come and go, and
//! are read from where they were committed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{
    groups::At,
    log::Look,
    reader::{BATCH, Handle, Reading, hand_over},
    shared::Shared,
};
use crate::transport::{
    Clock, GroupEvents, PartitionOffset, RecordSink, Subscription, TopicPartition,
};

pub(super) fn join(
    shared: &Arc<Shared>,
    group: &str,
    topics: &[String],
    sink: Box<dyn RecordSink>,
    events: Arc<dyn GroupEvents>,
) -> Arc<dyn Subscription> {
    let reading = Reading::new();
    let topics = topics.iter().map(|topic| topic.as_str().into()).collect();
    let member = Member {
        id: shared.groups().join(group, topics),
        shared: Arc::clone(shared),
        group: group.to_owned(),
        reading: Arc::clone(&reading),
        positions: BTreeMap::new(),
        sink,
        events,
    };
    shared.changed.notify_waiters();
    tokio::spawn(member.run());
    Arc::new(Handle(reading))
}

struct Member {
    id: u64,
    shared: Arc<Shared>,
    group: String,
    reading: Arc<Reading>,
    positions: BTreeMap<At, i64>,
    sink: Box<dyn RecordSink>,
    events: Arc<dyn GroupEvents>,
}

impl Member {
    async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        while !self.reading.stop.is_cancelled() {
            let changed = shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            self.commit(Reading::take(&self.reading.commits));
            self.rebalance().await;
            let (read, wait) = self.read();
            let tick = self.sink.tick(!read);
            if read {
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                () = changed => {}
                () = self.reading.resumed.notified() => {}
                () = self.reading.stop.cancelled() => {}
                () = tokio::time::sleep_until(Instant::now() + tick.min(wait)) => {}
            }
        }
        self.commit(Reading::take(&self.reading.commits));
        self.commit(Reading::take(&self.reading.last_offsets).ask());
        shared.groups().leave(&self.group, self.id);
        shared.changed.notify_waiters();
        self.reading.stopped.cancel();
    }

    fn commit(&self, offsets: Vec<PartitionOffset>) {
        if !offsets.is_empty() {
            self.shared.groups().commit(&self.group, offsets);
        }
    }

    /// Gives up what belongs to others now, then takes what is ours and free.
    async fn rebalance(&mut self) {
        let wanted = self.share();
        let gone: Vec<At> = self
            .positions
            .keys()
            .filter(|at| !wanted.contains(*at))
            .cloned()
            .collect();
        if !gone.is_empty() {
            let offsets = self.events.revoked(&named(&gone), false).await;
            self.commit(offsets);
            self.positions.retain(|at, _| wanted.contains(at));
            self.shared.groups().release(&self.group, self.id, &gone);
            self.shared.changed.notify_waiters();
        }
        let mine: BTreeSet<At> = wanted
            .into_iter()
            .filter(|at| !self.positions.contains_key(at))
            .collect();
        let claimed = self.shared.groups().claim(&self.group, self.id, &mine);
        if claimed.is_empty() {
            return;
        }
        let names: Vec<At> = claimed.iter().map(|(at, _)| at.clone()).collect();
        self.events.assigned(&named(&names));
        let log = self.shared.log();
        for (at, committed) in claimed {
            let first = log.first(&at.0, at.1).unwrap_or(0);
            self.positions
                .insert(at, committed.unwrap_or(first).max(first));
        }
    }

    fn share(&self) -> BTreeSet<At> {
        let log = self.shared.log();
        let groups = self.shared.groups();
        let partitions = |topic: &str| log.partitions(topic).unwrap_or(0);
        groups.share(&self.group, self.id, partitions)
    }

    /// One round over the partitions: whether anything was read, else how long to wait.
    fn read(&mut self) -> (bool, Duration) {
        let now = self.shared.clock.elapsed();
        let (mut read, mut wait) = (false, Duration::MAX);
        for (at, position) in &mut self.positions {
            let most = self.sink.demand().min(BATCH);
            if most == 0 {
                break;
            }
            let look = self.shared.log().look(&at.0, at.1, *position, most, now);
            match look {
                Look::Records(records) => {
                    *position += i64::try_from(records.len()).unwrap_or(0);
                    hand_over(&mut *self.sink, &records);
                    read = true;
                }
                Look::Later(at) => wait = wait.min(at.saturating_sub(now)),
                Look::Nothing => {}
                // A topic that is gone drops out of the share at the next change. One that was
                // recreated is read from its beginning.
                Look::Gone => {
                    if let Some(first) = self.shared.log().first(&at.0, at.1) {
                        *position = first;
                        wait = Duration::ZERO;
                    }
                }
            }
        }
        (read, wait)
    }
}

fn named(partitions: &[At]) -> Vec<TopicPartition> {
    let named = partitions.iter().map(|(topic, partition)| TopicPartition {
        topic: Arc::clone(topic),
        partition: *partition,
    });
    named.collect()
}
