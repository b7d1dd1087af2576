//! Makes up a large history in which nothing is wrong, to measure the checker with:
//! `cargo run --release -p antiphon-verify --example large_history -- DIRECTORY EVENTS`.

use std::{
    error::Error,
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    sync::Arc,
};

use antiphon_verify::history::{
    At, CallId, CallKind, Certainty, Delivery, Event, ExecutionId, Facts, Outcome, ProcessId,
    RecordKind, ReplyFacts, Role, Run,
};

const REQUESTERS: u16 = 3;
const RESPONDERS: u16 = 3;
const PARTITIONS: u64 = 12;

/// Events of a call that is answered: six of its requester and truth, five of its responder.
const PER_CALL: u64 = 11;

/// One call in so many gets no answer.
const SILENT: u64 = 100;

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    let mut arguments = std::env::args().skip(1);
    let (Some(directory), Some(events)) = (arguments.next(), arguments.next()) else {
        return Err("large_history DIRECTORY EVENTS".into());
    };
    let directory = Path::new(&directory);
    fs::create_dir_all(directory)?;
    fs::write(directory.join("run.json"), serde_json::to_vec(&run())?)?;
    let calls = events.parse::<u64>()? / PER_CALL;
    for number in 1..=REQUESTERS {
        request(
            &mut Book::new(directory, "requester", number, Role::Requester)?,
            calls,
        )?;
    }
    for number in 1..=RESPONDERS {
        respond(
            &mut Book::new(directory, "responder", number, Role::Responder)?,
            calls,
        )?;
    }
    tell_truth(&mut Book::new(directory, "truth", 1, Role::Truth)?, calls)
}

fn run() -> Run {
    Run {
        seed: 1,
        name: "made up".into(),
        simulated: false,
        key: 1,
        allowed_topics: vec!["work".into(), "web.replies".into()],
        request_topics: vec![("work".into(), "workers".into())],
        delivery: Delivery::AtLeastOnce,
        slack: 250_000,
        clock_skew: 5_000_000,
        memory_limit: Some(1 << 30),
        min_ok: 1,
        min_in_flight: 0,
        min_ok_at_end: 5,
    }
}

/// The `index`th call of the run. Everything about it follows from its index.
struct Call {
    index: u64,
    call: CallId,
    id: Arc<str>,
    to: At,
    offset: i64,
    reply_to: At,
    facts: Facts,
    at: u64,
}

impl Call {
    fn new(index: u64) -> Self {
        let requester = index % u64::from(REQUESTERS) + 1;
        let responder = index % PARTITIONS % u64::from(RESPONDERS) + 1;
        let call = CallId::new(number(requester), 1, index);
        let (high, low) = (index.wrapping_mul(0x9e37_79b9_7f4a_7c15), index);
        let id = format!(
            "{:08x}-{:04x}-8{:03x}-8000-{low:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff
        );
        Self {
            index,
            call,
            id: id.into(),
            to: at("work", index % PARTITIONS),
            offset: offset(index / PARTITIONS),
            reply_to: at("web.replies", requester - 1),
            facts: Facts {
                call,
                nonce: high,
                execution: ExecutionId::new(number(responder), 1, index),
                genuine: true,
            },
            at: index * 20,
        }
    }

    fn is_answered(&self) -> bool {
        !self.index.is_multiple_of(SILENT)
    }
}

/// The history of one process.
struct Book {
    file: BufWriter<File>,
    number: u64,
}

impl Book {
    fn new(directory: &Path, name: &str, number: u16, role: Role) -> Result<Self, Box<dyn Error>> {
        let process = ProcessId {
            name: format!("{name}-{number}"),
            number,
            incarnation: 1,
            role,
        };
        let file = File::create(directory.join(format!("{}.1.jsonl", process.name)))?;
        let mut file = BufWriter::new(file);
        serde_json::to_writer(&mut file, &process)?;
        file.write_all(b"\n")?;
        let number = u64::from(number);
        Ok(Self { file, number })
    }

    fn write(&mut self, at: u64, event: &Event) -> Done {
        write!(self.file, "{{\"at\":{at},\"event\":")?;
        serde_json::to_writer(&mut self.file, event)?;
        self.file.write_all(b"}\n")?;
        Ok(())
    }

    fn end(&mut self, at: u64) -> Done {
        let sample = Event::Sample {
            memory: Some(50 << 20),
            files: Some(20),
            in_flight: 0,
            unacknowledged: 0,
        };
        self.write(at, &sample)?;
        self.write(at, &Event::Exit)
    }
}

fn request(book: &mut Book, calls: u64) -> Done {
    let number = book.number;
    let own = (0..calls).filter(|index| index % u64::from(REQUESTERS) + 1 == number);
    for call in own.map(Call::new) {
        let invoke = Event::Invoke {
            call: call.call,
            nonce: call.facts.nonce,
            kind: CallKind::Request,
            topics: vec![Arc::clone(&call.to.topic)],
            timeout: 5_000,
        };
        book.write(call.at, &invoke)?;
        let sent = Event::Sent {
            call: call.call,
            id: Arc::clone(&call.id),
            to: call.to.clone(),
        };
        book.write(call.at + 1, &sent)?;
        let ended = complete(&call);
        if call.is_answered() {
            let seen = Event::Seen {
                id: Arc::clone(&call.id),
                from: call.reply_to.clone(),
                offset: offset(call.index),
                facts: Some(call.facts),
            };
            book.write(call.at + 10, &seen)?;
            book.write(call.at + 11, &ended)?;
        } else {
            book.write(call.at + 5_100, &ended)?;
        }
    }
    book.end(calls * 20 + 10_000)
}

fn complete(call: &Call) -> Event {
    let outcome = match call.is_answered() {
        true => Outcome::Ok(ReplyFacts {
            id: Arc::clone(&call.id),
            facts: Some(call.facts),
            responder: Some("worker/1.0.0/w1".into()),
        }),
        false => Outcome::Error {
            kind: "timed_out".into(),
            executed: Certainty::Maybe,
            code: None,
        },
    };
    Event::Complete {
        call: call.call,
        outcome,
    }
}

fn respond(book: &mut Book, calls: u64) -> Done {
    let own = |partition: &u64| partition % u64::from(RESPONDERS) + 1 == book.number;
    let partitions: Vec<u64> = (0..PARTITIONS).filter(own).collect();
    let partitions: Vec<At> = partitions.into_iter().map(|p| at("work", p)).collect();
    book.write(0, &Event::Assigned { partitions })?;
    let mut next = std::collections::BTreeMap::new();
    for call in (0..calls).map(Call::new) {
        if call.index % PARTITIONS % u64::from(RESPONDERS) + 1 != book.number {
            continue;
        }
        answer(book, &call)?;
        next.insert(call.to.partition, (call.to.clone(), call.offset + 1));
        if call.index.is_multiple_of(1_000) {
            for (at, next) in std::mem::take(&mut next).into_values() {
                book.write(call.at + 9, &Event::Commit { at, next })?;
            }
        }
    }
    for (at, next) in next.into_values() {
        book.write(calls * 20, &Event::Commit { at, next })?;
    }
    book.end(calls * 20 + 10_000)
}

fn answer(book: &mut Book, of: &Call) -> Done {
    let (call, execution) = (of.call, of.facts.execution);
    let received = Event::Received {
        call: Some(call),
        id: Some(Arc::clone(&of.id)),
        from: of.to.clone(),
        offset: of.offset,
    };
    book.write(of.at + 3, &received)?;
    let started = Event::Started {
        call,
        execution,
        id: Arc::clone(&of.id),
        topic: Some(Arc::clone(&of.to.topic)),
    };
    book.write(of.at + 4, &started)?;
    book.write(of.at + 5, &Event::Effect { call, execution })?;
    let id = Arc::clone(&of.id);
    if !of.is_answered() {
        let possibly_stored = false;
        return book.write(
            of.at + 8,
            &Event::ReplyFailed {
                id,
                possibly_stored,
            },
        );
    }
    let replied = Event::Replied {
        id: Arc::clone(&id),
        to: of.reply_to.clone(),
        code: "OK".into(),
        executed: None,
        facts: Some(of.facts),
    };
    book.write(of.at + 6, &replied)?;
    book.write(of.at + 8, &Event::ReplyStored { id })
}

fn tell_truth(book: &mut Book, calls: u64) -> Done {
    let end = calls * 20 + 20_000;
    for partition in 0..PARTITIONS {
        let last = (calls + PARTITIONS - 1 - partition) / PARTITIONS;
        let (at, next) = (at("work", partition), offset(last));
        let group = "workers".into();
        let range = Event::Range {
            at: at.clone(),
            first: 0,
            next,
        };
        book.write(end, &range)?;
        book.write(end, &Event::Committed { group, at, next })?;
    }
    for call in (0..calls).map(Call::new) {
        let request = RecordKind::Request(call.call);
        record(book, end, &call.to, call.offset, request, &call.id)?;
        if call.is_answered() {
            let reply = RecordKind::Reply(call.facts);
            record(
                book,
                end,
                &call.reply_to,
                offset(call.index),
                reply,
                &call.id,
            )?;
        }
    }
    Ok(())
}

fn record(
    book: &mut Book,
    end: u64,
    at: &At,
    offset: i64,
    kind: RecordKind,
    id: &Arc<str>,
) -> Done {
    let event = Event::Record {
        at: at.clone(),
        offset,
        kind,
        id: Some(Arc::clone(id)),
    };
    book.write(end, &event)
}

fn at(topic: &str, partition: u64) -> At {
    At {
        topic: topic.into(),
        partition: i32::try_from(partition).unwrap_or(0),
    }
}

fn number(process: u64) -> u16 {
    u16::try_from(process).unwrap_or(0)
}

fn offset(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
