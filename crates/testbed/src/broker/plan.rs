//! What a node is told about itself and its cluster.

use std::process;
use std::time::SystemTime;

use super::jars::{Heap, SMALL};
use super::ports::Ports;
use crate::reason::Attempt;

/// One node of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// From 1 on; the place in `controllers` and one more.
    pub(super) id: usize,
    pub(super) ports: Ports,
    /// The controllers' ports of all nodes.
    pub(super) controllers: Vec<u16>,
    pub(super) cluster_id: String,
    pub(super) proxied: Option<Proxied>,
    pub(super) heap: Heap,
    /// Settings besides those that every node has.
    pub(super) settings: Vec<(String, String)>,
}

/// A second listener, whose clients come through a proxy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proxied {
    /// Where the node listens.
    pub(super) listen: u16,
    /// Where clients are told to connect.
    pub(super) advertised: u16,
}

impl Plan {
    /// A node that is a cluster.
    pub(super) fn alone() -> Attempt<Self> {
        let ports = Ports::free()?;
        Ok(Self {
            id: 1,
            ports,
            controllers: vec![ports.controller],
            cluster_id: cluster_id(),
            proxied: None,
            heap: SMALL,
            settings: Vec::new(),
        })
    }
}

/// A cluster id no other cluster has: 22 characters that decode, as base64, to the 16 bytes Kafka wants.
pub(super) fn cluster_id() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let micros = now.unwrap_or_default().as_micros();
    format!("{:A>21}A", format!("{}{micros}", process::id() % 10_000))
}
