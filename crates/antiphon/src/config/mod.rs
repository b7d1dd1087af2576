//! Settings as plain data, with their defaults and limits. Every struct refuses unknown keys.

mod client;
mod kafka;
mod service;

pub use self::{
    client::{ClientConfig, GatherConfig, Matching, ReplyConfig},
    kafka::{KafkaConfig, Profile},
    service::{FirstPoll, ServiceConfig},
};
