//! How a member gets partitions and gives them up: the order in which librdkafka does it.

use std::{collections::BTreeSet, ops::Deref, sync::Arc, time::Duration};

use antiphon::transport::{GroupEvents, TopicPartition};
use tokio::time::{sleep, timeout};

use super::{
    group::{Beat, Given, MemberId, Protocol},
    member::{AGAIN, Member, Reading},
    node::never,
};
use crate::history::At;

/// Beyond this the product's transport does not wait for the core.
const LONGEST_REVOKE: Duration = Duration::from_secs(60);

/// How long the last commit of partitions that go may take.
const LAST_COMMIT: Duration = Duration::from_secs(3);

/// How often a member that waits for its round to end looks again, though nothing has moved.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A member, with whom it tells of its partitions. Apart from what the core holds of the member:
/// it would hold itself by it.
struct Rebalances {
    member: Arc<Member>,
    events: Arc<dyn GroupEvents>,
}

impl Deref for Rebalances {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

pub(super) async fn run(member: Arc<Member>, events: Arc<dyn GroupEvents>) {
    let member = Rebalances { member, events };
    loop {
        let id = member.state().id;
        let Some(id) = id else {
            member.enter().await;
            continue;
        };
        let beat = member.state().beat.take();
        match beat {
            Some(Beat::Join) => member.rejoin(id).await,
            Some(Beat::Unknown) => member.lose_all().await,
            Some(Beat::Fine) | None => member.told.notified().await,
        }
    }
}

impl Rebalances {
    async fn asked(&self) {
        if !self.place.ask().await {
            never::<()>().await;
        }
    }

    async fn enter(&self) {
        self.asked().await;
        let entered = self
            .place
            .cluster
            .groups(|groups, _, now| groups.enter(&self.group, &self.topics, self.session, now));
        match entered {
            Some(id) => {
                let mut state = self.state();
                state.id = Some(id);
                state.generation = 0;
                state.beat = Some(Beat::Join);
            }
            None => sleep(AGAIN).await,
        }
    }

    /// One round after the other, until nothing had to be given up.
    async fn rejoin(&self, id: MemberId) {
        loop {
            if self.protocol() == Protocol::Eager {
                let all = self.owned();
                self.give_up(all, false).await;
            }
            let Some(given) = self.round(id).await else {
                return self.lose_all().await;
            };
            if !self.settle(given).await {
                return;
            }
        }
    }

    fn protocol(&self) -> Protocol {
        let protocol = self.place.cluster.groups(|groups, _, _| groups.protocol);
        protocol.unwrap_or(Protocol::Cooperative)
    }

    fn owned(&self) -> BTreeSet<At> {
        self.state().owned.keys().cloned().collect()
    }

    /// Joins and waits for the others. None: thrown out.
    async fn round(&self, id: MemberId) -> Option<Given> {
        let cluster = &self.place.cluster;
        let generation = self.state().generation;
        let owned = self.owned();
        loop {
            self.asked().await;
            let joined =
                cluster.groups(|groups, _, now| groups.join(&self.group, id, owned.clone(), now));
            match joined {
                Some(true) => break,
                Some(false) => return None,
                None => sleep(AGAIN).await,
            }
        }
        loop {
            let changed = cluster.changed().notified();
            let given = cluster.groups(|groups, _, _| groups.given(&self.group, id, generation));
            match given {
                Some(Ok(Some(given))) => {
                    self.asked().await;
                    return Some(given);
                }
                Some(Err(_)) => return None,
                _ => {
                    let _ = timeout(LOOK_AGAIN, changed).await;
                }
            }
        }
    }

    /// Gives up what goes, then takes what comes. True: a round has to follow.
    async fn settle(&self, given: Given) -> bool {
        {
            let mut state = self.state();
            state.generation = given.generation;
            // Said of the round that is over.
            state.beat.take_if(|beat| *beat == Beat::Join);
        }
        let owned = self.owned();
        let gone: BTreeSet<At> = owned.difference(&given.partitions).cloned().collect();
        let another = !gone.is_empty();
        self.give_up(gone, false).await;
        let added: Vec<At> = given.partitions.difference(&owned).cloned().collect();
        self.take_up(&added).await;
        another
    }

    async fn take_up(&self, added: &[At]) {
        self.running().await;
        self.events.assigned(&named(added));
        {
            let mut state = self.state();
            for at in added {
                state.owned.insert(at.clone(), Reading::default());
            }
        }
        self.asked().await;
        let positions: Vec<(At, Option<i64>)> = loop {
            let found = self.place.cluster.groups(|groups, log, _| {
                let committed = |at: &At| groups.position(&self.group, at);
                let first = |at: &At| log.ends(at).map(|(first, _)| first);
                let each = added.iter();
                each.map(|at| (at.clone(), committed(at).or_else(|| first(at))))
                    .collect()
            });
            match found {
                Some(positions) => break positions,
                None => sleep(AGAIN).await,
            }
        };
        let mut state = self.state();
        for (at, next) in positions {
            if let Some(reading) = state.owned.get_mut(&at) {
                // Of a topic that has just gone: from the beginning, should it come back.
                reading.next = Some(next.unwrap_or(0));
            }
        }
        drop(state);
        self.strings.resumed.notify_one();
    }

    /// Somebody else's already.
    async fn lose_all(&self) {
        {
            let mut state = self.state();
            state.id = None;
            state.generation = 0;
            state.beat = None;
        }
        self.place.cluster.count("member thrown out");
        let all = self.owned();
        self.give_up(all, true).await;
    }

    /// Waits for the core, and commits what it says; then the partitions are no longer read.
    async fn give_up(&self, gone: BTreeSet<At>, lost: bool) {
        if gone.is_empty() {
            return;
        }
        self.running().await;
        let gone: Vec<At> = gone.into_iter().collect();
        let answer = self.events.revoked(&named(&gone), lost);
        let offsets = timeout(LONGEST_REVOKE, answer).await.unwrap_or_default();
        self.running().await;
        if !offsets.is_empty() && !lost {
            // Refused: what was done is done again by the next owner.
            let _ = self.commit_now(offsets, LAST_COMMIT).await;
        }
        self.state().owned.retain(|at, _| !gone.contains(at));
    }

    async fn running(&self) {
        if !self.place.life.running().await {
            never::<()>().await;
        }
    }
}

fn named(partitions: &[At]) -> Vec<TopicPartition> {
    let named = partitions.iter().map(|at| TopicPartition {
        topic: Arc::clone(&at.topic),
        partition: at.partition,
    });
    named.collect()
}
