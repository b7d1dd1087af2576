//! What runs the reader of replies.

use serde::{Deserialize, Serialize};

/// What reads replies, matches them with the calls that wait, and ends the calls whose time is up.
/// No user code runs in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matching {
    /// A task of the tokio runtime on which the client connected: the least work for a reply, as
    /// its caller goes on where it was matched. But as long as all workers of that runtime are
    /// blocked by what should not block, or nobody drives a `current_thread` runtime, no reply is
    /// matched and no call times out, not even for callers on other runtimes; and when it is shut
    /// down, all calls end as [`ReplyPathLost`](crate::RequestErrorKind::ReplyPathLost).
    #[default]
    Runtime,
    /// A thread of its own, which no runtime can hold up, at the cost of one more switch of
    /// threads.
    Thread,
}
