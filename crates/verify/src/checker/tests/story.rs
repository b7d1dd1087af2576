//! Histories in a few words.
//!
//! Call 7 is `c1.1.7`, with the correlation id `id-7` and the nonce 70; its handler's run is `x2.1.7`;
//! its request stands in `work/0` at offset 7. Each event comes a millisecond after the one before.

use std::sync::Arc;

use crate::{
    checker::{Report, check},
    history::{
        At, CallId, CallKind, Certainty, Delivery, Entry, Event, ExecutionId, Facts, Outcome,
        ProcessId, RecordKind, ReplyFacts, Role, Run,
    },
};

/// A history as it is being told.
#[derive(Clone)]
pub(super) struct Story {
    pub(super) run: Run,
    pub(super) entries: Vec<Entry>,
    now: u64,
}

impl Story {
    pub(super) fn new() -> Self {
        Self {
            run: Run {
                seed: 7,
                name: "story".into(),
                simulated: true,
                key: 1,
                allowed_topics: ["work", "more", "web.replies"].map(Into::into).to_vec(),
                request_topics: vec![("work".into(), "workers".into())],
                delivery: Delivery::AtLeastOnce,
                slack: 250_000,
                clock_skew: 5_000_000,
                memory_limit: None,
                min_ok: 0,
                min_in_flight: 0,
                min_ok_at_end: 0,
            },
            entries: Vec::new(),
            now: 0,
        }
    }

    pub(super) fn run(mut self, change: impl FnOnce(&mut Run)) -> Self {
        change(&mut self.run);
        self
    }

    /// What comes next comes so many milliseconds after the beginning.
    pub(super) fn at(mut self, milliseconds: u64) -> Self {
        self.now = milliseconds * 1_000;
        self
    }

    pub(super) fn by(
        mut self,
        (role, number, incarnation): (Role, u16, u16),
        event: Event,
    ) -> Self {
        let name = match role {
            Role::Requester => "requester",
            Role::Responder => "responder",
            Role::Nemesis => "nemesis",
            Role::Truth => "truth",
        };
        let process = ProcessId {
            name: format!("{name}-{number}"),
            number,
            incarnation,
            role,
        };
        self.entries.push(Entry {
            at: self.now,
            process: Arc::new(process),
            event,
        });
        self.now += 1_000;
        self
    }

    pub(super) fn asks(self, event: Event) -> Self {
        self.by((Role::Requester, 1, 1), event)
    }

    pub(super) fn answers(self, event: Event) -> Self {
        self.by((Role::Responder, 2, 1), event)
    }

    pub(super) fn other_answers(self, event: Event) -> Self {
        self.by((Role::Responder, 3, 1), event)
    }

    pub(super) fn nemesis(self, event: Event) -> Self {
        self.by((Role::Nemesis, 0, 1), event)
    }

    pub(super) fn truth(self, event: Event) -> Self {
        self.by((Role::Truth, 9, 1), event)
    }

    /// A call from its beginning to its reply, without a commit: 8 events.
    pub(super) fn answered(self, n: u64) -> Self {
        self.asks(invoke(n))
            .asks(sent(n))
            .answers(received(n))
            .answers(started(n))
            .answers(effect(n))
            .answers(replied(n))
            .answers(stored(n))
            .asks(ok(n))
    }

    /// A call whose request was read, and of which no more is known.
    pub(super) fn read(self, n: u64) -> Self {
        self.asks(invoke(n)).asks(sent(n)).answers(received(n))
    }

    /// A call that timed out, and of which no more is known.
    pub(super) fn lost(self, n: u64) -> Self {
        let due = self.now / 1_000 + TIMEOUT / 1_000;
        self.asks(invoke(n))
            .asks(sent(n))
            .at(due)
            .asks(error(n, "timed_out", Certainty::Maybe))
    }

    pub(super) fn without(mut self, unwanted: impl Fn(&Event) -> bool) -> Self {
        let before = self.entries.len();
        self.entries.retain(|entry| !unwanted(&entry.event));
        assert!(self.entries.len() < before, "nothing was taken out");
        self
    }

    pub(super) fn report(&self) -> Report {
        check(&self.run, &self.entries)
    }

    /// The names of what is violated. Files come one after the other, so that must not matter.
    pub(super) fn violated(&self) -> Vec<&'static str> {
        let in_time = violated(&self.report());
        let mut by_process = self.entries.clone();
        for reversed in [false, true] {
            by_process.sort_by(|one, other| {
                let names = (&one.process.name, one.process.incarnation);
                let order = names.cmp(&(&other.process.name, other.process.incarnation));
                if reversed { order.reverse() } else { order }
            });
            assert_eq!(violated(&check(&self.run, &by_process)), in_time);
        }
        in_time
    }
}

fn violated(report: &Report) -> Vec<&'static str> {
    let verdicts = report.verdicts.iter().chain([&report.kafka_lost_acked]);
    verdicts
        .filter(|verdict| verdict.is_violated())
        .map(|verdict| verdict.invariant.id())
        .collect()
}

/// Microseconds that each call has.
pub(super) const TIMEOUT: u64 = 1_000_000;

pub(super) fn call(n: u64) -> CallId {
    CallId::new(1, 1, n)
}

pub(super) fn execution(n: u64) -> ExecutionId {
    ExecutionId::new(2, 1, n)
}

pub(super) fn id(n: u64) -> Arc<str> {
    format!("id-{n}").into()
}

pub(super) fn at(topic: &str, partition: i32) -> At {
    At {
        topic: topic.into(),
        partition,
    }
}

pub(super) fn offset(n: u64) -> i64 {
    i64::try_from(n).unwrap()
}

pub(super) fn facts(n: u64) -> Facts {
    Facts {
        call: call(n),
        nonce: n * 10,
        execution: execution(n),
        genuine: true,
    }
}

pub(super) fn reply(n: u64, service: &str) -> ReplyFacts {
    ReplyFacts {
        id: id(n),
        facts: Some(facts(n)),
        responder: Some(format!("{service}/1.0.0/i1").into()),
    }
}

pub(super) fn invoke(n: u64) -> Event {
    invoke_of(n, CallKind::Request, &["work"])
}

pub(super) fn invoke_of(n: u64, kind: CallKind, topics: &[&str]) -> Event {
    Event::Invoke {
        call: call(n),
        nonce: n * 10,
        kind,
        topics: topics.iter().map(|topic| (*topic).into()).collect(),
        timeout: TIMEOUT,
    }
}

pub(super) fn sent(n: u64) -> Event {
    sent_to(n, "work")
}

pub(super) fn sent_to(n: u64, topic: &str) -> Event {
    Event::Sent {
        call: call(n),
        id: id(n),
        to: at(topic, 0),
    }
}

pub(super) fn ok(n: u64) -> Event {
    ends(n, Outcome::Ok(reply(n, "worker")))
}

pub(super) fn ends(n: u64, outcome: Outcome) -> Event {
    Event::Complete {
        call: call(n),
        outcome,
    }
}

pub(super) fn error(n: u64, kind: &str, executed: Certainty) -> Event {
    let outcome = Outcome::Error {
        kind: kind.into(),
        executed,
        code: None,
    };
    ends(n, outcome)
}

pub(super) fn gathered(n: u64, replies: Vec<ReplyFacts>, complete: bool) -> Event {
    let outcome = Outcome::Gathered {
        replies,
        missing: Vec::new(),
        complete,
        executed: (!complete).then_some(Certainty::Maybe),
    };
    ends(n, outcome)
}

pub(super) fn assigned() -> Event {
    Event::Assigned {
        partitions: vec![at("work", 0)],
    }
}

pub(super) fn revoked() -> Event {
    Event::Revoked {
        partitions: vec![at("work", 0)],
        lost: false,
    }
}

pub(super) fn received(n: u64) -> Event {
    Event::Received {
        call: Some(call(n)),
        id: Some(id(n)),
        from: at("work", 0),
        offset: offset(n),
    }
}

pub(super) fn started(n: u64) -> Event {
    started_as(n, execution(n), "work")
}

pub(super) fn started_as(n: u64, execution: ExecutionId, topic: &str) -> Event {
    Event::Started {
        call: call(n),
        execution,
        id: id(n),
        topic: Some(topic.into()),
    }
}

pub(super) fn effect(n: u64) -> Event {
    Event::Effect {
        call: call(n),
        execution: execution(n),
    }
}

pub(super) fn replied(n: u64) -> Event {
    Event::Replied {
        id: id(n),
        to: at("web.replies", 0),
        code: "OK".into(),
        executed: None,
        facts: Some(facts(n)),
    }
}

pub(super) fn refused(n: u64, code: &str, executed: Certainty) -> Event {
    Event::Replied {
        id: id(n),
        to: at("web.replies", 0),
        code: code.into(),
        executed: Some(executed),
        facts: None,
    }
}

pub(super) fn stored(n: u64) -> Event {
    Event::ReplyStored { id: id(n) }
}

pub(super) fn reply_failed(n: u64) -> Event {
    Event::ReplyFailed {
        id: id(n),
        possibly_stored: true,
    }
}

pub(super) fn commit(next: i64) -> Event {
    Event::Commit {
        at: at("work", 0),
        next,
    }
}

pub(super) fn committed(next: i64) -> Event {
    Event::Committed {
        group: "workers".into(),
        at: at("work", 0),
        next,
    }
}

pub(super) fn request_record(n: u64) -> Event {
    Event::Record {
        at: at("work", 0),
        offset: offset(n),
        kind: RecordKind::Request(call(n)),
        id: Some(id(n)),
    }
}

pub(super) fn reply_record(n: u64) -> Event {
    Event::Record {
        at: at("web.replies", 0),
        offset: offset(n),
        kind: RecordKind::Reply(facts(n)),
        id: Some(id(n)),
    }
}

pub(super) fn range(topic: &str, first: i64, next: i64) -> Event {
    Event::Range {
        at: at(topic, 0),
        first,
        next,
    }
}

pub(super) fn sample(memory: Option<u64>, in_flight: u64, unacknowledged: u64) -> Event {
    Event::Sample {
        memory,
        files: None,
        in_flight,
        unacknowledged,
    }
}

pub(super) fn killed(process: &str, incarnation: u16) -> Event {
    Event::Killed {
        process: process.into(),
        incarnation,
    }
}

pub(super) fn fault(fault: u64) -> Event {
    Event::FaultStart {
        fault,
        kind: "kill_leader".into(),
        detail: "broker 1".into(),
    }
}

pub(super) fn took_effect(fault: u64) -> Event {
    Event::FaultEffect {
        fault,
        evidence: "the leader moved".into(),
    }
}
