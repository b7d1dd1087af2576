//! A member of a consumer group: what it owns and how far it has read, its commits, its heart.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon::transport::{GroupEvents, LastOffsets, PartitionOffset, RecordSink, Subscription};
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    feed::{self, Source},
    group::{Beat, MemberId, Refused},
    log::{Look, Stored},
    node::{Place, missing},
    reader::Gate,
    rebalance,
    subscription::{Handle, Strings},
};
use crate::{history::At, simulator::point::Point};

/// Pause before something is asked again of a coordinator that was not there, or that refused.
pub(super) const AGAIN: Duration = Duration::from_millis(100);

pub(super) struct Member {
    pub(super) place: Place,
    pub(super) group: Arc<str>,
    pub(super) topics: BTreeSet<Arc<str>>,
    pub(super) session: Duration,
    pub(super) strings: Arc<Strings>,
    state: Mutex<State>,
    /// Rung when there is something to commit.
    committing: Notify,
    /// Rung when the coordinator has said something.
    pub(super) told: Notify,
    /// The consumer is closed.
    ended: CancellationToken,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// None: to be entered anew.
    pub(super) id: Option<MemberId>,
    pub(super) generation: u32,
    pub(super) owned: BTreeMap<At, Reading>,
    /// What the coordinator said last, and nobody has acted on.
    pub(super) beat: Option<Beat>,
    commits: VecDeque<Commit>,
    /// Where the next batch begins, so that each partition has its turn.
    turn: usize,
}

/// A partition that is owned.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// None: not known yet.
    pub(super) next: Option<i64>,
    gate: Gate,
    missed: bool,
}

#[derive(Debug)]
struct Commit {
    /// Who the member was when it asked; none: none.
    id: Option<MemberId>,
    generation: u32,
    offsets: Vec<(At, i64)>,
    done: Option<oneshot::Sender<Result<(), Refused>>>,
}

pub(super) fn join(
    place: &Place,
    group: &str,
    topics: &[String],
    session: Duration,
    sink: Box<dyn RecordSink>,
    events: Arc<dyn GroupEvents>,
) -> Arc<dyn Subscription> {
    let strings = Arc::<Strings>::default();
    let member = Arc::new(Member {
        place: place.clone(),
        group: group.into(),
        topics: topics.iter().map(|topic| topic.as_str().into()).collect(),
        session,
        strings: Arc::clone(&strings),
        state: Mutex::default(),
        committing: Notify::new(),
        told: Notify::new(),
        ended: CancellationToken::new(),
    });
    let source = Grouped(Arc::clone(&member));
    tokio::spawn(feed::run(place.clone(), Arc::clone(&strings), source, sink));
    member.spawn(rebalance::run(Arc::clone(&member), events));
    member.spawn(carry_out(Arc::clone(&member)));
    member.spawn(beat(Arc::clone(&member)));
    Arc::new(Handle {
        strings,
        member: Some(member),
    })
}

impl Member {
    /// A task that ends with the consumer, or with the process.
    fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let member = Arc::clone(self);
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = member.ended.cancelled() => {}
                () = member.place.life.dead() => {}
                () = task => {}
            }
        });
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits after all that was to be committed before.
    pub(super) fn commit(
        &self,
        offsets: Vec<PartitionOffset>,
        done: Option<oneshot::Sender<Result<(), Refused>>>,
    ) {
        let offsets = offsets.into_iter().map(|one| {
            let PartitionOffset { at, next } = one;
            let at = At {
                topic: at.topic,
                partition: at.partition,
            };
            (at, next)
        });
        let offsets = offsets.collect();
        let mut state = self.state();
        let (id, generation) = (state.id, state.generation);
        state.commits.push_back(Commit {
            id,
            generation,
            offsets,
            done,
        });
        drop(state);
        self.committing.notify_one();
    }

    /// As [`commit`](Self::commit), and waits for the answer.
    pub(super) async fn commit_now(
        &self,
        offsets: Vec<PartitionOffset>,
        limit: Duration,
    ) -> Result<(), Refused> {
        let (done, answer) = oneshot::channel();
        self.commit(offsets, Some(done));
        match timeout(limit, answer).await {
            Ok(Ok(answer)) => answer,
            // Nobody knows; it is not tried again.
            _ => Ok(()),
        }
    }

    /// The last commit, which a rebalance may hold up, and the good-bye.
    pub(super) async fn farewell(&self, mut last: LastOffsets, deadline: Duration) {
        let until = Instant::now() + deadline / 2;
        loop {
            let offsets = last.ask();
            if offsets.is_empty() {
                break;
            }
            let left = until.saturating_duration_since(Instant::now());
            let committed = self.commit_now(offsets, left).await;
            if committed.is_ok() || left <= AGAIN {
                break;
            }
            sleep(AGAIN).await;
        }
        if !self.place.ask().await {
            return;
        }
        let id = self.state().id;
        if let Some(id) = id {
            let cluster = &self.place.cluster;
            cluster.groups(|groups, _, now| groups.leave(&self.group, id, now));
        }
    }

    pub(super) fn end(&self) {
        self.ended.cancel();
    }
}

/// Sends commits, one after the other.
async fn carry_out(member: Arc<Member>) {
    loop {
        let next = member.state().commits.pop_front();
        let Some(commit) = next else {
            member.committing.notified().await;
            continue;
        };
        let answer = send(&member, &commit).await;
        match answer {
            Ok(()) => member.place.life.passed(Point::Committed),
            Err(Refused::Stale) => member.place.cluster.count("commit refused"),
        }
        if let Some(done) = commit.done {
            // Whoever asked may have stopped waiting.
            let _ = done.send(answer);
        }
    }
}

/// Under the generation in which it was asked for: librdkafka holds a commit back only while there is
/// no coordinator, and sends it before it joins the group again.
async fn send(member: &Member, commit: &Commit) -> Result<(), Refused> {
    let cluster = &member.place.cluster;
    let id = commit.id.ok_or(Refused::Stale)?;
    loop {
        member.place.life.running().await;
        cluster.way().await;
        let answer = cluster.groups(|groups, log, _| {
            groups.commit(&member.group, id, commit.generation, &commit.offsets, log)
        });
        cluster.way().await;
        match answer {
            Some(answer) => return answer,
            None => sleep(AGAIN).await,
        }
    }
}

/// Lets the coordinator know that the process lives, and hears what it wants.
async fn beat(member: Arc<Member>) {
    let pause = (member.session / 4).min(Duration::from_secs(1));
    loop {
        sleep(pause).await;
        if !member.place.ask().await {
            return;
        }
        let id = member.state().id;
        let Some(id) = id else { continue };
        let cluster = &member.place.cluster;
        let beat = cluster.groups(|groups, log, now| groups.heartbeat(&member.group, id, log, now));
        let mut state = member.state();
        if state.id == Some(id) && beat.is_some_and(|beat| beat != Beat::Fine) {
            state.beat = beat;
            member.told.notify_one();
        }
    }
}

/// What the member owns, one partition after the other.
struct Grouped(Arc<Member>);

impl Source for Grouped {
    fn fetch(&mut self, room: usize) -> Result<Vec<Stored>, Duration> {
        let member = &self.0;
        let mut state = member.state();
        state.turn += 1;
        let turn = state.turn % state.owned.len().max(1);
        let order = (turn..state.owned.len()).chain(0..turn);
        let mut all: Vec<(&At, &mut Reading)> = state.owned.iter_mut().collect();
        let (mut records, mut soonest) = (Vec::new(), Duration::MAX);
        for index in order {
            let Some((at, reading)) = all.get_mut(index) else {
                continue;
            };
            let left = room - records.len();
            match reading.read(member, at, left) {
                Ok(read) => records.extend(read),
                Err(wait) => soonest = soonest.min(wait),
            }
            if records.len() >= room {
                break;
            }
        }
        if records.is_empty() {
            return Err(soonest);
        }
        Ok(records)
    }
}

impl Reading {
    fn read(&mut self, member: &Member, at: &At, room: usize) -> Result<Vec<Stored>, Duration> {
        let Some(next) = self.next else {
            return Err(Duration::MAX);
        };
        let place = &member.place;
        match place.cluster.log(|log, now| log.look(at, next, room, now)) {
            Look::Records(records) => {
                let wait = self.gate.pass(place, records.len() < room);
                if !wait.is_zero() {
                    return Err(wait);
                }
                self.missed = false;
                self.next = records.last().map(|last| last.offset + 1);
                Ok(records)
            }
            Look::Nothing => Err(Duration::MAX),
            Look::NoLeader => Err(AGAIN),
            // `auto.offset.reset=earliest`.
            Look::Expired(first) => {
                self.next = Some(first);
                place.cluster.count("position reset");
                Err(Duration::ZERO)
            }
            Look::PastEnd => {
                self.next = place.cluster.ends(at).map(|(first, _)| first);
                place.cluster.count("position reset");
                Err(Duration::ZERO)
            }
            Look::Missing => {
                if !std::mem::replace(&mut self.missed, true) {
                    member.strings.tell(missing(at));
                }
                Err(AGAIN)
            }
        }
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("life", &self.place.life.to_string())
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}
