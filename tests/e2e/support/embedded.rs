//! The broker inside this process, shared by every `embedded::` test.

use super::reason::Attempt;

/// A running embedded broker.
#[derive(Debug)]
pub(crate) struct Embedded {
    bootstrap_servers: String,
}

impl Embedded {
    /// Starts one. To be filled in with `antiphon_kafka::EmbeddedBroker`.
    pub(crate) fn start() -> Attempt<Self> {
        Err("the embedded broker is not wired into the tests yet".to_owned())
    }

    /// Where clients connect.
    pub(crate) fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }
}
