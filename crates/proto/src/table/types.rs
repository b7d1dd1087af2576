use std::sync::Arc;

use super::Tick;
use crate::{CorrelationId, InstanceId};

/// Owner and limits of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableConfig {
    /// The instance that all ids of this table carry.
    pub instance: InstanceId,
    /// Most calls in the table; values above 16,777,215 mean 16,777,215. Memory grows with the calls in use, except for
    /// a directory of 40 bytes per 4,096 of these.
    pub max_entries: u32,
    /// Most bytes, as declared by [`NewCall::bytes`], of all calls together; values of a TiB or more mean one byte less
    /// than a TiB.
    pub max_bytes: u64,
}

/// Pairs of name and value that the user attached to a call.
pub type Metadata = Arc<[(String, String)]>;

/// A call to put into the table.
#[derive(Clone, Debug, Default)]
pub struct NewCall {
    /// The call times out at this tick.
    pub deadline: Tick,
    /// When the caller made the call.
    pub created: Tick,
    /// A number of the caller's choice, such as the index of a route.
    pub route: u32,
    /// Bytes that count against [`TableConfig::max_bytes`] until the call has left the table.
    pub bytes: u32,
    /// Random bits for the id, of which 12 are used: a forged id without them does not match.
    pub salt: u16,
    /// Kept beside the table, so that a call without metadata does not pay for it.
    pub metadata: Option<Metadata>,
}

/// A call that the table refused, with its waiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Full<W> {
    /// The waiter, unchanged.
    pub waiter: W,
    /// The limit that was reached.
    pub limit: Limit,
}

/// Why a table refuses a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Limit {
    /// The table holds [`TableConfig::max_entries`] calls.
    #[error("the limit of pending calls is reached")]
    Entries,
    /// The call does not fit into [`TableConfig::max_bytes`].
    #[error("the limit of bytes of pending calls is reached")]
    Bytes,
    /// The table is closed.
    #[error("the table of pending calls is closed")]
    Closed,
}

/// What a waiting call makes of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<R> {
    /// The call waits for more replies.
    Keep,
    /// The call ends with this result.
    Finish(R),
}

/// Outcome of [`Table::handle_reply`](crate::Table::handle_reply).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<W> {
    /// The reply ended its call; wake this waiter.
    Finished(W),
    /// The call took the reply and waits for more.
    Kept,
    /// The call had ended without a reply: timeout, cancel, failure or shutdown.
    Late,
    /// The call had ended by an earlier reply.
    Duplicate,
    /// The id carries another instance.
    Foreign,
    /// The id carries this instance, but the table never gave it out.
    Unknown,
}

/// Outcome of [`Table::poll`](crate::Table::poll).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken<R> {
    /// The call still waits.
    Waiting,
    /// The call ended with this result and has left the table.
    Done(R),
    /// The call is not in the table.
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
    /// The call's id.
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
