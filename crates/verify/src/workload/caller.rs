//! One call through the product, from its first record in the history to its outcome.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon::{Client, GatherError, Gathered, Reply, RequestError, StrayKind};
use tokio::sync::broadcast::error::RecvError;

use crate::history::{
    self, CallId, CallKind, Event, Key, Misbehaviour, MissingFacts, Outcome, ProcessId, Recorder,
    ReplyFacts, ReplyPayload, RequestPayload, micros,
};

/// A call that a requester makes.
#[derive(Clone, Debug)]
pub struct Call {
    /// How many replies it wants.
    pub kind: CallKind,
    /// The topics that it asks.
    pub topics: Vec<Arc<str>>,
    /// How long it may take.
    pub timeout: Duration,
    /// A random number that its request carries.
    pub nonce: u64,
    /// Its key, by number.
    pub key: Option<u8>,
    /// How long the handler takes.
    pub work: Duration,
    /// What the handler does instead of answering.
    pub fail: Option<Misbehaviour>,
    /// After how long its caller drops it.
    pub drop_after: Option<Duration>,
}

/// Makes calls through one client, and records their outcomes.
#[derive(Debug)]
pub struct Caller {
    client: Client,
    recorder: Arc<dyn Recorder>,
    process: Arc<ProcessId>,
    key: Key,
    made: AtomicU64,
}

impl Caller {
    /// For the client of a process.
    pub fn new(
        client: Client,
        recorder: Arc<dyn Recorder>,
        process: Arc<ProcessId>,
        key: Key,
    ) -> Self {
        Self {
            client,
            recorder,
            process,
            key,
            made: AtomicU64::new(0),
        }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Makes one call, waits for its end, and records it.
    pub async fn call(&self, call: Call) -> Outcome {
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        let id = CallId::new(self.process.number, self.process.incarnation, made);
        self.recorder.record(Event::Invoke {
            call: id,
            nonce: call.nonce,
            kind: call.kind,
            topics: call.topics.clone(),
            timeout: micros(call.timeout),
        });
        let patience = call.drop_after;
        let made = self.make(id, call);
        let outcome = match patience {
            None => made.await,
            Some(patience) => tokio::time::timeout(patience, made)
                .await
                .unwrap_or_else(|_| given_up()),
        };
        self.recorder.record(Event::Complete {
            call: id,
            outcome: outcome.clone(),
        });
        outcome
    }

    async fn make(&self, id: CallId, call: Call) -> Outcome {
        let payload = RequestPayload {
            call: id,
            nonce: call.nonce,
            work: micros(call.work),
            fail: call.fail,
        };
        let value = payload.encode();
        let key = call.key.map(|key| format!("key-{key}"));
        macro_rules! with_options {
            ($request:expr) => {{
                let request = $request.value(value).timeout(call.timeout);
                match key {
                    Some(key) => request.key(key),
                    None => request,
                }
            }};
        }
        let topic = call.topics.first().map_or("", |topic| &**topic);
        match call.kind {
            CallKind::Request => {
                let sent = with_options!(self.client.request(topic)).send().await;
                match sent {
                    Ok(reply) => Outcome::Ok(self.facts(&reply)),
                    Err(error) => failed(&error),
                }
            }
            CallKind::Scatter { min } => {
                let targets = call.topics.iter().map(|topic| topic.to_string());
                let scatter = with_options!(self.client.scatter(targets)).min_replies(min);
                self.gathered(scatter.send().await)
            }
            CallKind::Gather { min, max } => {
                let gather = with_options!(self.client.gather(topic)).min_replies(min);
                let gather = match max {
                    Some(max) => gather.max_replies(max),
                    None => gather,
                };
                self.gathered(gather.send().await)
            }
        }
    }

    fn gathered(&self, result: Result<Gathered, GatherError>) -> Outcome {
        let (gathered, executed) = match result {
            Ok(gathered) => (gathered, None),
            Err(error) => {
                let executed = error.error().executed().into();
                (error.into_gathered(), Some(executed))
            }
        };
        let replies = gathered.replies.iter();
        let missing = gathered.missing.iter();
        Outcome::Gathered {
            replies: replies.map(|one| self.facts(one.reply())).collect(),
            missing: missing
                .map(|one| MissingFacts {
                    topic: one.target().into(),
                    executed: one.error().executed().into(),
                })
                .collect(),
            complete: executed.is_none(),
            executed,
        }
    }

    fn facts(&self, reply: &Reply) -> ReplyFacts {
        let payload = ReplyPayload::decode(reply.value());
        ReplyFacts {
            id: reply.correlation_id().to_string().into(),
            facts: payload.map(|payload| payload.facts(self.key)),
            responder: reply.responder().map(Into::into),
        }
    }

    /// Records stray replies until the client is gone.
    pub async fn watch_strays(&self) {
        let mut strays = self.client.strays();
        loop {
            match strays.recv().await {
                Ok(stray) => self.recorder.record(Event::Stray {
                    id: stray
                        .correlation_id
                        .map(|id| id.to_string())
                        .unwrap_or_default()
                        .into(),
                    kind: match stray.kind {
                        StrayKind::Late => history::StrayKind::Late,
                        StrayKind::Duplicate => history::StrayKind::Duplicate,
                        StrayKind::Foreign => history::StrayKind::Foreign,
                        StrayKind::Surplus => history::StrayKind::Surplus,
                        _ => history::StrayKind::Unknown,
                    },
                }),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }
}

fn failed(error: &RequestError) -> Outcome {
    Outcome::Error {
        kind: error.kind().as_str().into(),
        executed: error.executed().into(),
        code: error.status().map(|status| status.code().as_str().into()),
    }
}

/// The caller of a dropped future learns nothing.
fn given_up() -> Outcome {
    Outcome::Error {
        kind: "dropped".into(),
        executed: history::Certainty::Maybe,
        code: None,
    }
}
