//! The handlers of a run's responders.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon::{
    Context, Status,
    service::{self, Handler},
};
use bytes::Bytes;

use crate::history::{
    Event, ExecutionId, Key, Misbehaviour, ProcessId, Recorder, ReplyPayload, RequestPayload,
};

/// Larger than a record of any topic of a run may be.
const TOO_LARGE: usize = 2 << 20;

/// A handler that records its execution, works for as long as the request asks, and then answers, fails
/// or panics as the request asks.
///
/// A process has one, for all of its routes: it numbers the executions of the process, and two handlers
/// would give the same numbers.
pub fn answering(recorder: Arc<dyn Recorder>, process: Arc<ProcessId>, key: Key) -> impl Handler {
    let answering = Arc::new(Answering::new(recorder, process, key));
    service::raw(move |context, value| answer(Arc::clone(&answering), context, value))
}

/// The same as a synchronous handler. It ignores the working time of the request.
pub fn answering_at_once(
    recorder: Arc<dyn Recorder>,
    process: Arc<ProcessId>,
    key: Key,
) -> impl Handler {
    let answering = Answering::new(recorder, process, key);
    service::sync(move |request| {
        let (topic, id) = (request.topic(), request.correlation_id());
        let begun = answering.begin(request.value(), topic, id)?;
        answering.finish(&begun)
    })
}

async fn answer(
    answering: Arc<Answering>,
    context: Context,
    value: Bytes,
) -> Result<Bytes, Status> {
    let begun = answering.begin(&value, context.topic(), context.correlation_id())?;
    if begun.request.work > 0 {
        tokio::time::sleep(Duration::from_micros(begun.request.work)).await;
    }
    answering.finish(&begun)
}

struct Answering {
    recorder: Arc<dyn Recorder>,
    process: Arc<ProcessId>,
    key: Key,
    runs: AtomicU64,
}

/// An execution that has started.
struct Begun {
    request: RequestPayload,
    execution: ExecutionId,
}

impl Answering {
    fn new(recorder: Arc<dyn Recorder>, process: Arc<ProcessId>, key: Key) -> Self {
        Self {
            recorder,
            process,
            key,
            runs: AtomicU64::new(0),
        }
    }

    fn begin(&self, value: &[u8], topic: &str, id: &[u8]) -> Result<Begun, Status> {
        let Some(request) = RequestPayload::decode(value) else {
            return Err(Status::invalid_argument("this is no request of the run"));
        };
        let count = self.runs.fetch_add(1, Ordering::Relaxed);
        let execution = ExecutionId::new(self.process.number, self.process.incarnation, count);
        self.recorder.record(Event::Started {
            call: request.call,
            execution,
            id: String::from_utf8_lossy(id).into(),
            topic: Some(topic.into()),
        });
        Ok(Begun { request, execution })
    }

    fn finish(&self, begun: &Begun) -> Result<Bytes, Status> {
        let Begun { request, execution } = begun;
        self.recorder.record(Event::Effect {
            call: request.call,
            execution: *execution,
        });
        match request.fail {
            None => Ok(ReplyPayload::new(request, *execution, self.key).encode()),
            Some(Misbehaviour::Error) => Err(Status::internal("as the request asked")),
            Some(Misbehaviour::TooLarge) => Ok(vec![b' '; TOO_LARGE].into()),
            #[expect(clippy::panic, reason = "a handler that panics is a part of the load")]
            Some(Misbehaviour::Panic) => panic!("as the request asked"),
        }
    }
}
