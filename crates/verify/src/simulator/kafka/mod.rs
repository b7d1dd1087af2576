//! A model of Kafka, as it looks from behind the product's seam: brokers, and librdkafka in front of
//! them. One [`Cluster`] for all, one [`Node`] for each life of a process.
//!
//! It is exact about what may be seen (order, positions, who may commit what), and free about
//! *when*: every delay is drawn from the seed.

mod cluster;
mod feed;
mod group;
mod lane;
mod log;
mod member;
mod node;
mod publisher;
mod reader;
mod rebalance;
mod subscription;
#[cfg(test)]
mod tests;
mod watch;
mod weather;

pub(crate) use self::{
    cluster::Cluster,
    group::Protocol,
    log::{Body, Stored},
    node::{Node, NodeSettings},
    weather::Weather,
};
