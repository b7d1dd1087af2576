//! What can happen.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::{CallId, ExecutionId};

/// One event of one process.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Microseconds since the run began, on a clock that all processes of the run share.
    pub at: u64,
    /// Whose it is.
    pub process: Arc<ProcessId>,
    /// What happened.
    pub event: Event,
}

/// One life of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// Unique in the run and the same after a restart: `requester-1`.
    pub name: String,
    /// The part of its calls' and executions' ids that names it.
    pub number: u16,
    /// From 1, and one more with each restart.
    pub incarnation: u16,
    /// What it does.
    pub role: Role,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It calls.
    Requester,
    /// It answers.
    Responder,
    /// It causes faults, and starts and kills the others.
    Nemesis,
    /// It reads what the log holds after the run.
    Truth,
}

impl Role {
    /// In a word: how its processes are named, and what starts them.
    pub fn word(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Responder => "responder",
            Self::Nemesis => "nemesis",
            Self::Truth => "truth",
        }
    }
}

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct At {
    /// Topic name.
    pub topic: Arc<str>,
    /// Partition number.
    pub partition: i32,
}

/// What happened. Who writes which is said by the heading above it; an event is written *before*
/// the act where it announces one (`Invoke`, `Started`), else after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    // Any process, of itself; of another by the nemesis, which names it.
    /// It can work: a client is connected, a service has its first partitions.
    Ready,
    /// It was asked to stop, and finishes what it has begun.
    Drain,
    /// It has stopped in an orderly way, and nothing of its is in flight any more.
    Exit,
    /// The named process was killed.
    Killed {
        /// Its name.
        process: String,
        /// Which life of it.
        incarnation: u16,
    },
    /// The named process did not run for a while, and now does again.
    Paused {
        /// Its name.
        process: String,
        /// Since when, in microseconds since the run began.
        since: u64,
    },
    /// What it holds. Taken once a second, and as the last thing before `Exit`.
    Sample {
        /// Bytes of memory that are resident; none in a simulation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        memory: Option<u64>,
        /// Open files; none in a simulation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        files: Option<u64>,
        /// Calls in the correlation table, or handlers that run.
        in_flight: u64,
        /// Replies without acknowledgement.
        unacknowledged: u64,
    },

    // A requester.
    /// It is about to call. The call ends with `Complete`, unless its process dies.
    Invoke {
        /// The call.
        call: CallId,
        /// What its request carries besides.
        nonce: u64,
        /// How many replies it wants.
        kind: CallKind,
        /// Request topics, one for a plain request.
        topics: Vec<Arc<str>>,
        /// Microseconds until it has to have ended.
        timeout: u64,
    },
    /// The product handed a request to the log.
    Sent {
        /// The call, from the request's payload.
        call: CallId,
        /// The correlation id as it stands in the header.
        id: Arc<str>,
        /// Where to.
        to: At,
    },
    /// The log said that a request was not stored, or that nobody knows.
    SendFailed {
        /// The call.
        call: CallId,
        /// The correlation id.
        id: Arc<str>,
        /// `false`: surely not stored.
        possibly_stored: bool,
    },
    /// A record of a reply topic was handed to the product.
    Seen {
        /// The correlation id, where one could be read.
        id: Arc<str>,
        /// Where it stood.
        from: At,
        /// At which offset.
        offset: i64,
        /// What its payload says; nothing where it is not a reply of a responder of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        facts: Option<Facts>,
    },
    /// The product showed a reply that nobody waited for.
    Stray {
        /// The correlation id, where one could be read.
        id: Arc<str>,
        /// Why.
        kind: StrayKind,
    },
    /// A call has ended.
    Complete {
        /// The call.
        call: CallId,
        /// How.
        outcome: Outcome,
    },

    // A responder.
    /// These partitions are its own now.
    Assigned {
        /// Which.
        partitions: Vec<At>,
    },
    /// These partitions are about to go, or are gone.
    Revoked {
        /// Which.
        partitions: Vec<At>,
        /// They were taken without being asked for.
        lost: bool,
    },
    /// A record of a request topic was handed to the product.
    Received {
        /// The call; none where it is not a request of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<CallId>,
        /// The correlation id, where one could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Arc<str>>,
        /// Where it stood.
        from: At,
        /// At which offset.
        offset: i64,
    },
    /// A handler is about to run.
    Started {
        /// The call.
        call: CallId,
        /// This run of it.
        execution: ExecutionId,
        /// The correlation id of the request that it runs for.
        id: Arc<str>,
        /// The request topic that it came from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<Arc<str>>,
    },
    /// A handler did what cannot be undone.
    Effect {
        /// The call.
        call: CallId,
        /// This run of it.
        execution: ExecutionId,
    },
    /// The product handed a reply to the log.
    Replied {
        /// The correlation id.
        id: Arc<str>,
        /// Where to.
        to: At,
        /// The status code: `OK` or an error's.
        code: Arc<str>,
        /// What an error says about execution; none for a success.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        executed: Option<Certainty>,
        /// What its payload says; errors have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        facts: Option<Facts>,
    },
    /// The log has acknowledged a reply.
    ReplyStored {
        /// The correlation id.
        id: Arc<str>,
    },
    /// The log said that a reply was not stored, or that nobody knows.
    ReplyFailed {
        /// The correlation id.
        id: Arc<str>,
        /// `false`: surely not stored.
        possibly_stored: bool,
    },
    /// The product asked for an offset to be committed.
    Commit {
        /// For which partition.
        at: At,
        /// The next offset to read.
        next: i64,
    },

    // The nemesis.
    /// A fault begins.
    FaultStart {
        /// Names this occurrence of it.
        fault: u64,
        /// What kind: `kill_leader`, `pause_requester`.
        kind: Arc<str>,
        /// To whom, and how much.
        detail: String,
    },
    /// The fault is known to have taken effect.
    FaultEffect {
        /// Which.
        fault: u64,
        /// By what it was seen.
        evidence: String,
    },
    /// The fault is over; what it broke may still have to recover.
    FaultEnd {
        /// Which.
        fault: u64,
    },
    /// A topic was deleted: what it held is gone, whether it is made anew or not.
    TopicGone {
        /// Its name.
        name: Arc<str>,
    },
    /// All faults are over. From here on everything has to recover.
    Healed,

    // The truth: what the log held after all had drained.
    /// A topic exists.
    Topic {
        /// Its name.
        name: Arc<str>,
        /// How many partitions it has.
        partitions: u32,
    },
    /// A partition holds the offsets from `first` up to but not including `next`.
    Range {
        /// Which.
        at: At,
        /// The oldest offset.
        first: i64,
        /// The next offset to be written.
        next: i64,
    },
    /// A record stands in the log.
    Record {
        /// Where.
        at: At,
        /// At which offset.
        offset: i64,
        /// What it is.
        kind: RecordKind,
        /// The correlation id, where one could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Arc<str>>,
    },
    /// What a group has committed.
    Committed {
        /// The group.
        group: Arc<str>,
        /// For which partition.
        at: At,
        /// The next offset to read.
        next: i64,
    },
}

/// How many replies a call wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// One reply.
    Request,
    /// One reply from each of several topics.
    Scatter {
        /// Fewest replies of a success.
        min: u32,
    },
    /// One reply from each of several services on one topic.
    Gather {
        /// Fewest replies of a success.
        min: u32,
        /// Replies after which it ends.
        max: Option<u32>,
    },
}

/// Whether the work ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// It did not, and never will.
    No,
    /// Nobody can know.
    Maybe,
    /// It did.
    Yes,
}

impl From<antiphon::Executed> for Certainty {
    fn from(executed: antiphon::Executed) -> Self {
        match executed {
            antiphon::Executed::No => Self::No,
            antiphon::Executed::Maybe => Self::Maybe,
            antiphon::Executed::Yes => Self::Yes,
        }
    }
}

/// Why a reply found no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrayKind {
    /// Its call had ended.
    Late,
    /// Its call had its reply.
    Duplicate,
    /// It belongs to another instance.
    Foreign,
    /// The client never gave this id out.
    Unknown,
    /// A gather had enough.
    Surplus,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With one reply.
    Ok(ReplyFacts),
    /// With several.
    Gathered {
        /// Those that count.
        replies: Vec<ReplyFacts>,
        /// Those that gave none, as far as they are known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<MissingFacts>,
        /// The minimum was reached.
        complete: bool,
        /// What the error says about execution, where it was not reached.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        executed: Option<Certainty>,
    },
    /// With an error.
    Error {
        /// What happened: a name of `RequestErrorKind`.
        kind: Arc<str>,
        /// What it says about execution.
        executed: Certainty,
        /// The status code of a responder's error.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<Arc<str>>,
    },
}

/// A reply as its caller got it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplyFacts {
    /// The correlation id that the product reports.
    pub id: Arc<str>,
    /// What its payload says; none where it can not be read.
    pub facts: Option<Facts>,
    /// Who answered, by the protocol's header: `service/version/instance`.
    pub responder: Option<Arc<str>>,
}

/// A target, or a responder, that gave no usable reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingFacts {
    /// The request topic that was asked.
    pub topic: Arc<str>,
    /// What the product says about execution there.
    pub executed: Certainty,
}

/// What the payload of a reply says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The call that it answers.
    pub call: CallId,
    /// What the request carried.
    pub nonce: u64,
    /// The run of the handler that made it.
    pub execution: ExecutionId,
    /// Its tag is the one that only a responder of this run makes from the rest.
    pub genuine: bool,
}

/// What a record of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A request of the run.
    Request(CallId),
    /// A success of a responder of the run.
    Reply(Facts),
    /// An error of a responder.
    ErrorReply,
    /// Something else.
    Other,
}
