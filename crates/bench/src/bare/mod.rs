//! The least that the shape of a framework costs on raw librdkafka: a task for each call, a handler for each request.
//!
//! Antiphon's headers and none of its promises: no timeouts, no limits, no refusals, nothing sent again, nothing
//! watched. What lies between the raw loop and this is the shape; what lies between this and Antiphon is Antiphon.

mod requester;
mod responder;
mod slots;
mod watermark;
mod wire;

pub(crate) use self::{requester::request, responder::respond};
