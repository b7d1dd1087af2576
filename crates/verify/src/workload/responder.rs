//! What responders do with a request of a run.

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

/// More than fits a record of any topic that a run makes.
const TOO_LARGE: usize = 2 << 20;

/// A handler that takes down that it ran, works for as long as it is asked to, and answers, fails
/// or panics as it is asked to.
///
/// One per process, for all of its routes: it counts the process' executions, and two would name them
/// alike.
pub fn answering(recorder: Arc<dyn Recorder>, process: Arc<ProcessId>, key: Key) -> impl Handler {
    let runs = Arc::<AtomicU64>::default();
    service::raw(move |context, value| {
        let count = runs.fetch_add(1, Ordering::Relaxed);
        let execution = ExecutionId::new(process.number, process.incarnation, count);
        answer(Arc::clone(&recorder), context, value, execution, key)
    })
}

async fn answer(
    recorder: Arc<dyn Recorder>,
    context: Context,
    value: Bytes,
    execution: ExecutionId,
    key: Key,
) -> Result<Bytes, Status> {
    let Some(request) = RequestPayload::decode(&value) else {
        return Err(Status::invalid_argument("this is no request of the run"));
    };
    let call = request.call;
    recorder.record(Event::Started {
        call,
        execution,
        id: String::from_utf8_lossy(context.correlation_id()).into(),
        topic: Some(context.topic().into()),
    });
    if request.work > 0 {
        tokio::time::sleep(Duration::from_micros(request.work)).await;
    }
    recorder.record(Event::Effect { call, execution });
    match request.fail {
        None => Ok(ReplyPayload::new(&request, execution, key).encode()),
        Some(Misbehaviour::Error) => Err(Status::internal("as the request asked")),
        Some(Misbehaviour::TooLarge) => Ok(vec![b' '; TOO_LARGE].into()),
        #[expect(clippy::panic, reason = "a handler that panics is a part of the load")]
        Some(Misbehaviour::Panic) => panic!("as the request asked"),
    }
}
