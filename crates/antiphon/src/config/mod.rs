//! Settings as plain data, with their defaults and limits. Every struct refuses unknown keys.

mod client;
mod service;

pub use self::{
    client::{ClientConfig, GatherConfig, ReplyConfig},
    service::{FirstPoll, ServiceConfig},
};
pub use crate::transport::{
    Matching,
    kafka::{KafkaConfig, Profile},
};
