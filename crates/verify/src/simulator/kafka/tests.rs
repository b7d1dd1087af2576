//! The rules of Kafka that the model keeps.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::transport::{
    Delivery, DeliverySink, Outgoing, Publisher, Record, RecordSink, Transport, TransportError,
    TransportErrorKind as Kind,
};

use super::{
    Cluster, Node, NodeSettings, Protocol, Weather,
    group::{Beat, Given, Groups, MemberId, Refused},
    log::{Body, Log, Look, New, Unwritable},
};
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

fn new(sequence: Option<(u64, u64)>) -> New {
    New {
        body: Arc::new(Body {
            key: None,
            value: None,
            headers: Vec::new(),
        }),
        timestamp: 0,
        sequence,
    }
}

fn log(partitions: u32) -> Log {
    let mut log = Log::default();
    log.create("t", partitions);
    log
}

#[test]
fn what_an_idempotent_producer_sends_again_is_stored_once() {
    let mut log = log(1);
    for _ in 0..2 {
        log.append(&at(0), &[new(Some((1, 0))), new(Some((1, 1)))], MS)
            .unwrap();
    }
    log.append(&at(0), &[new(Some((2, 0)))], MS).unwrap();
    assert_eq!(log.ends(&at(0)), Some((0, 3)));
}

#[test]
fn what_a_plain_producer_sends_again_is_stored_twice() {
    let mut log = log(1);
    for _ in 0..2 {
        log.append(&at(0), &[new(None)], MS).unwrap();
    }
    assert_eq!(log.ends(&at(0)), Some((0, 2)));
}

#[test]
fn a_partition_without_a_leader_is_neither_read_nor_written() {
    let mut log = log(1);
    log.append(&at(0), &[new(None)], MS).unwrap();
    log.move_leader(&at(0), SECOND);
    assert_eq!(
        log.append(&at(0), &[new(None)], MS),
        Err(Unwritable::NoLeader)
    );
    assert!(matches!(log.look(&at(0), 0, 9, MS), Look::NoLeader));
    log.append(&at(0), &[new(None)], SECOND).unwrap();
    assert!(matches!(log.look(&at(0), 0, 9, SECOND), Look::Records(records) if records.len() == 2));
}

#[test]
fn offsets_go_on_after_old_records_have_expired() {
    let mut log = log(1);
    log.append(&at(0), &[new(None), new(None), new(None)], MS)
        .unwrap();
    log.expire(&at(0), 2);
    assert!(matches!(log.look(&at(0), 1, 9, MS), Look::Expired(2)));
    log.append(&at(0), &[new(None)], MS).unwrap();
    assert_eq!(log.ends(&at(0)), Some((2, 4)));
}

#[test]
fn a_topic_that_is_made_anew_begins_at_zero_and_is_another_one() {
    let mut log = log(1);
    let before = log.shape("t");
    log.append(&at(0), &[new(None)], MS).unwrap();
    log.delete("t");
    assert!(matches!(log.look(&at(0), 1, 9, MS), Look::Missing));
    log.create("t", 1);
    assert_ne!(log.shape("t"), before);
    assert!(matches!(log.look(&at(0), 1, 9, MS), Look::PastEnd));
    assert_eq!(log.ends(&at(0)), Some((0, 0)));
}

/// A group on a topic, with a clock.
struct Coordinator {
    groups: Groups,
    log: Log,
    dice: Dice,
    now: Duration,
}

impl Coordinator {
    fn new(protocol: Protocol) -> Self {
        Self {
            groups: Groups::new(protocol, 5 * SECOND),
            log: log(4),
            dice: Dice::new(1),
            now: Duration::ZERO,
        }
    }

    fn enter(&mut self) -> MemberId {
        let topics = BTreeSet::from(["t".into()]);
        let session = 2 * SECOND;
        self.groups.enter(&"g".into(), &topics, session, self.now)
    }

    fn join(&mut self, id: MemberId, owned: &BTreeSet<At>) -> bool {
        self.groups.join("g", id, owned.clone(), self.now)
    }

    fn after(&mut self, time: Duration) {
        self.now += time;
        self.groups.beat(&self.log, &mut self.dice, self.now);
    }

    fn given(&self, id: MemberId) -> Given {
        self.groups.given("g", id, 0).unwrap().unwrap()
    }

    fn beat(&mut self, id: MemberId) -> Beat {
        self.groups.heartbeat("g", id, &self.log, self.now)
    }

    fn commit(&mut self, id: MemberId, generation: u32, next: i64) -> Result<(), Refused> {
        let offsets = [(at(0), next)];
        self.groups.commit("g", id, generation, &offsets, &self.log)
    }
}

#[test]
fn a_cooperative_member_gets_what_another_has_only_after_it_was_given_up() {
    let mut group = Coordinator::new(Protocol::Cooperative);
    let one = group.enter();
    group.join(one, &BTreeSet::new());
    group.after(MS);
    let all = group.given(one).partitions;
    assert_eq!(all.len(), 4);
    let two = group.enter();
    group.join(two, &BTreeSet::new());
    assert_eq!(group.beat(one), Beat::Join);
    group.join(one, &all);
    group.after(MS);
    let kept = group.given(one).partitions;
    assert_eq!((kept.len(), group.given(two).partitions.len()), (2, 0));
    group.join(one, &kept);
    group.join(two, &BTreeSet::new());
    group.after(MS);
    assert_eq!(group.given(one).partitions, kept);
    assert_eq!(group.given(two).partitions.len(), 2);
}

#[test]
fn a_round_waits_for_all_members_up_to_its_limit_and_throws_the_rest_out() {
    let mut group = Coordinator::new(Protocol::Eager);
    let (one, two) = (group.enter(), group.enter());
    group.join(one, &BTreeSet::new());
    for _ in 0..4 {
        group.after(SECOND);
        assert_eq!(group.beat(two), Beat::Join);
        assert_eq!(group.groups.given("g", one, 0), Ok(None));
    }
    group.after(SECOND);
    assert_eq!(group.given(one).partitions.len(), 4);
    assert_eq!(group.beat(two), Beat::Unknown);
}

#[test]
fn a_member_that_is_not_heard_of_is_thrown_out_and_may_not_commit() {
    let mut group = Coordinator::new(Protocol::Cooperative);
    let one = group.enter();
    group.join(one, &BTreeSet::new());
    group.after(MS);
    let generation = group.given(one).generation;
    assert_eq!(group.commit(one, generation, 3), Ok(()));
    group.after(SECOND);
    assert_eq!(group.beat(one), Beat::Fine);
    group.after(2 * SECOND);
    assert_eq!(group.beat(one), Beat::Unknown);
    assert_eq!(group.commit(one, generation, 4), Err(Refused::Stale));
    assert_eq!(group.groups.position("g", &at(0)), Some(3));
}

#[test]
fn commits_of_an_earlier_generation_are_refused_and_of_a_round_that_goes_on_taken() {
    let mut group = Coordinator::new(Protocol::Cooperative);
    let one = group.enter();
    group.join(one, &BTreeSet::new());
    group.after(MS);
    let generation = group.given(one).generation;
    let two = group.enter();
    group.join(two, &BTreeSet::new());
    assert_eq!(group.commit(one, generation, 1), Ok(()));
    group.join(one, &BTreeSet::new());
    group.after(MS);
    assert_eq!(group.commit(one, generation, 2), Err(Refused::Stale));
}

#[test]
fn a_topic_that_is_deleted_takes_its_offsets_along_and_its_group_notices_later() {
    let mut group = Coordinator::new(Protocol::Cooperative);
    let one = group.enter();
    group.join(one, &BTreeSet::new());
    group.after(MS);
    let generation = group.given(one).generation;
    group.commit(one, generation, 7).unwrap();
    group.log.delete("t");
    group.groups.forget("t");
    group.groups.reshaped("t", group.now + SECOND);
    assert_eq!(group.groups.position("g", &at(0)), None);
    assert_eq!(group.beat(one), Beat::Fine);
    group.after(SECOND);
    assert_eq!(group.beat(one), Beat::Join);
    assert_eq!(group.commit(one, generation, 8), Ok(()));
    assert_eq!(group.groups.position("g", &at(0)), None);
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
        self.node.publisher(Arc::clone(&self.reports) as _).unwrap()
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

fn weather(set: impl FnOnce(&mut Weather)) -> Weather {
    let mut weather = Weather::fair();
    set(&mut weather);
    weather
}

async fn wait(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_a_plain_producer_store_a_record_again_and_an_idempotent_one_not() {
    for idempotent in [false, true] {
        let process = process(idempotent);
        let publisher = process.publisher();
        process
            .cluster
            .set_weather(weather(|w| w.answer_lost = 1.0));
        send(&publisher, 1).unwrap();
        wait(10 * MS).await;
        process.cluster.set_weather(Weather::fair());
        wait(2 * SECOND).await;
        assert_eq!(process.reports.take(), [(1, None)]);
        assert_eq!(process.stored(), if idempotent { 1 } else { 2 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_time_is_over_is_surely_not_stored_unless_an_answer_was_lost() {
    for (lost, possibly) in [(false, false), (true, true)] {
        let process = process(true);
        let publisher = process.publisher();
        process.cluster.set_weather(weather(|w| {
            if lost {
                w.request_lost = 1.0;
            } else {
                w.retry = 1.0;
            }
        }));
        send(&publisher, 1).unwrap();
        wait(10 * SECOND).await;
        assert_eq!(
            process.reports.take(),
            [(1, Some((Kind::TimedOut, possibly)))]
        );
        assert_eq!(process.stored(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn records_of_a_partition_are_stored_in_the_order_in_which_they_were_handed_over() {
    let process = process(true);
    let publisher = process.publisher();
    process.cluster.set_weather(weather(|w| {
        w.answer_lost = 0.3;
        w.retry = 0.3;
    }));
    for token in 0..10 {
        send(&publisher, token).unwrap();
    }
    wait(20 * SECOND).await;
    let tokens: Vec<u64> = process
        .reports
        .take()
        .into_iter()
        .map(|(token, _)| token)
        .collect();
    assert_eq!(tokens, (0..10).collect::<Vec<_>>());
    assert_eq!(process.stored(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once() {
    let process = process(true);
    let publisher = process.publisher();
    process.cluster.move_leader(&at(0), SECOND);
    let sent: Vec<_> = (0..11).map(|token| send(&publisher, token)).collect();
    assert_eq!(sent[10], Err(Kind::QueueFull));
    assert!(sent[..10].iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn a_close_gives_up_what_it_can_not_send_in_time() {
    let process = process(true);
    let publisher = process.publisher();
    process.cluster.move_leader(&at(0), 60 * SECOND);
    send(&publisher, 1).unwrap();
    publisher.close(SECOND).await;
    assert_eq!(process.reports.take(), [(1, Some((Kind::Closed, false)))]);
    assert_eq!(send(&publisher, 2), Err(Kind::Closed));
}

#[tokio::test(start_paused = true)]
async fn the_dead_send_nothing_and_hear_nothing() {
    let process = process(true);
    let publisher = process.publisher();
    process.cluster.move_leader(&at(0), SECOND);
    send(&publisher, 1).unwrap();
    wait(100 * MS).await;
    process.life.kill();
    send(&publisher, 2).unwrap();
    wait(20 * SECOND).await;
    assert_eq!(process.reports.take(), []);
    // The one that was on its way may have arrived.
    assert!(process.stored() <= 1);
}

#[tokio::test(start_paused = true)]
async fn who_stands_still_sends_nothing_until_it_goes_on() {
    let process = process(true);
    let publisher = process.publisher();
    process.life.pause();
    send(&publisher, 1).unwrap();
    wait(SECOND).await;
    assert_eq!(process.stored(), 0);
    process.life.resume();
    wait(SECOND).await;
    assert_eq!(process.reports.take(), [(1, None)]);
}

/// Notes what was handed over, and the faults.
#[derive(Clone, Debug, Default)]
struct Reader(Arc<Mutex<(Vec<i64>, Vec<Kind>)>>);

impl RecordSink for Reader {
    fn demand(&mut self) -> usize {
        usize::MAX
    }

    fn records(&mut self, batch: &mut dyn Iterator<Item = Record<'_>>) {
        self.0
            .lock()
            .unwrap()
            .0
            .extend(batch.map(|record| record.offset));
    }

    fn tick(&mut self, _: bool) -> Duration {
        20 * MS
    }

    fn fault(&mut self, error: TransportError) {
        self.0.lock().unwrap().1.push(error.kind());
    }
}

impl Reader {
    fn seen(&self) -> (Vec<i64>, Vec<Kind>) {
        self.0.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_from_the_end_gets_all_that_is_stored_after_it_was_positioned() {
    let process = process(true);
    let publisher = process.publisher();
    send(&publisher, 1).unwrap();
    wait(SECOND).await;
    let reader = Reader::default();
    let opened = process
        .node
        .read_from_end("t", 0, Box::new(reader.clone()), SECOND);
    let _subscription = opened.await.unwrap();
    (2..5).for_each(|token| send(&publisher, token).unwrap());
    wait(SECOND).await;
    assert_eq!(reader.seen(), (vec![1, 2, 3], Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_reader_learns_that_its_topic_is_gone_after_two_seconds_of_doubt() {
    let process = process(true);
    let reader = Reader::default();
    let opened = process
        .node
        .read_from_end("t", 0, Box::new(reader.clone()), SECOND);
    let _subscription = opened.await.unwrap();
    process.cluster.delete("t");
    wait(1_900 * MS).await;
    assert_eq!(reader.seen().1, []);
    wait(SECOND).await;
    assert_eq!(reader.seen().1, [Kind::UnknownTopic]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_whose_position_is_gone_is_told_so() {
    let process = process(true);
    let publisher = process.publisher();
    let reader = Reader::default();
    let opened = process
        .node
        .read_from_end("t", 0, Box::new(reader.clone()), SECOND);
    let _subscription = opened.await.unwrap();
    send(&publisher, 1).unwrap();
    wait(SECOND).await;
    process.cluster.delete("t");
    process.cluster.create("t", 1);
    wait(6 * SECOND).await;
    assert_eq!(reader.seen(), (vec![0], vec![Kind::OffsetOutOfRange]));
}
