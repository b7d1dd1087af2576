//! The Antiphon request-reply protocol as values and state machines.
//!
//! This crate reads no clock, does not wait, spawn or log, and does not depend on Kafka: time and bytes are arguments,
//! decisions are results. Input from a peer is data: none of it makes this crate panic.
//!
//! | concern | start at |
//! |---|---|
//! | which call a reply belongs to | [`CorrelationId`], [`InstanceId`] |
//! | what the headers contain | [`RequestHead`], [`ReplyHead`], [`RequestFields`], [`ReplyFields`], [`header`] |
//! | how a request ended | [`Status`], [`Code`], [`Executed`] |
//! | how long a request may take | [`Deadline`] |
//! | which trace a request belongs to | [`TraceContext`] |
//! | where a reply may go | [`AllowList`] |
//! | the pending calls of a requester | [`Table`] |
//! | several replies to one call | [`GatherRule`], [`Votes`] |
//! | which offset may be committed | [`Watermark`] |
//! | which partition a key belongs to | [`partition_for_key`] |

mod address;
mod code;
mod deadline;
mod executed;
mod gather;
mod head;
mod id;
mod identity;
mod malformed;
mod murmur2;
mod packed;
mod recent;
mod reply;
mod reply_fields;
mod request;
mod request_fields;
mod status;
mod sync;
mod table;
mod trace_context;
mod watermark;

pub mod header;
#[doc(hidden)]
pub mod mutants;

pub use address::{
    AddressRefusal, AllowList, ReplyAddress, has_default_suffix, is_legal_topic_name,
};
pub use code::Code;
pub use deadline::Deadline;
pub use executed::Executed;
pub use gather::{BadRule, GatherRule, Until, Verdict, Vote, VoteLimits, Votes};
pub use head::{HeadLimits, peek_correlation_id};
pub use id::{CorrelationId, InstanceId};
pub use identity::{decode_identity, encode_identity};
pub use malformed::Malformed;
pub use murmur2::{murmur2, partition_for_key};
pub use packed::{MAX_PACKED, PackedFields, PackedWriter};
pub use recent::RecentFields;
pub use reply::ReplyHead;
pub use reply_fields::ReplyFields;
pub use request::{Refusal, RequestHead};
pub use request_fields::{Control, ReplyMode, RequestFields, is_operation_name};
pub use status::{MAX_STATUS_MESSAGE, Status};
pub use table::{
    Delivery, Expired, Full, Limit, Metadata, NewCall, PendingCall, Step, Table, TableConfig,
    Taken, Tick,
};
pub use trace_context::TraceContext;
pub use watermark::Watermark;
