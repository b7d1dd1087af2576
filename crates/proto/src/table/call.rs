use std::sync::Arc;

use super::Tick;
use crate::{CorrelationId, InstanceId};

/// What a table is for and how large it may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableConfig {
    /// The instance that all ids of this table carry.
    pub instance: InstanceId,
    /// Most pending calls; more than 16,777,215 means 16,777,215. Memory follows use, but for a directory of 40 bytes
    /// per 4,096 of these.
    pub max_entries: u32,
    /// Most bytes, as declared by [`NewCall::bytes`], of all pending calls together; a TiB or more means a
    /// byte less than a TiB.
    pub max_bytes: u64,
}

/// What the user attached to a call: pairs of name and value.
pub type Metadata = Arc<[(String, String)]>;

/// A call about to wait.
#[derive(Clone, Debug, Default)]
pub struct NewCall {
    /// When it stops waiting.
    pub deadline: Tick,
    /// When it was made.
    pub created: Tick,
    /// A number of the caller's, such as the index of its route.
    pub route: u32,
    /// What it counts against [`TableConfig::max_bytes`] until it is gone.
    pub bytes: u32,
    /// Random bits for the id, 12 of them used: what makes a forged id fail.
    pub salt: u16,
    /// Kept beside the table, so it costs nothing to calls that have none.
    pub metadata: Option<Metadata>,
}

/// A call that was not taken, with its waiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Full<W> {
    /// The waiter, untouched.
    pub waiter: W,
    /// What stands in the way.
    pub limit: Limit,
}

/// Why a table takes no more calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Limit {
    /// [`TableConfig::max_entries`] calls are pending.
    #[error("the limit of pending calls is reached")]
    Entries,
    /// The call does not fit into [`TableConfig::max_bytes`].
    #[error("the limit of bytes of pending calls is reached")]
    Bytes,
    /// The table is closed.
    #[error("the table of pending calls is closed")]
    Closed,
}

/// What one reply means to a waiting call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<R> {
    /// The call goes on: more replies are to come.
    Keep,
    /// The call has ended with this.
    Finish(R),
}

/// What became of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<W> {
    /// It ended its call; wake this waiter.
    Finished(W),
    /// Its call took it and goes on.
    Kept,
    /// Its call had ended otherwise: timeout, cancel, failure or shutdown.
    Late,
    /// Its call had ended by a reply.
    Duplicate,
    /// It belongs to another instance.
    Foreign,
    /// It carries our instance, but an id that was never given out.
    Unknown,
}

/// What became of a call, seen by the one who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken<R> {
    /// It still waits.
    Waiting,
    /// It ended with this and has left the table.
    Done(R),
    /// It is not in the table.
    Gone,
}

/// A call whose deadline has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// As given by [`NewCall::route`].
    pub route: u32,
    /// As given by [`NewCall::created`].
    pub created: Tick,
    /// As given by [`NewCall::deadline`].
    pub deadline: Tick,
}

/// A pending call, as shown to an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCall {
    /// Its id.
    pub id: CorrelationId,
    /// As given by [`NewCall::route`].
    pub route: u32,
    /// As given by [`NewCall::created`].
    pub created: Tick,
    /// As given by [`NewCall::deadline`].
    pub deadline: Tick,
    /// As given by [`NewCall::bytes`].
    pub bytes: u32,
    /// As given by [`NewCall::metadata`].
    pub metadata: Option<Metadata>,
}
