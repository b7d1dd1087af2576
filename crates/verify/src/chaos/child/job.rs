//! What a process of a run is told to do when it starts.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::history::ProcessId;

/// One life of one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Where its history goes.
    pub(crate) directory: PathBuf,
    /// Who it is.
    pub(crate) process: ProcessId,
    /// When the run began.
    pub(crate) began: u64,
    /// Its brokers.
    pub(crate) servers: String,
    /// Properties of its clients, as librdkafka names them.
    pub(crate) properties: Vec<(String, String)>,
    /// What everything random in it is made from.
    pub(crate) seed: u64,
    /// What makes replies' tags.
    pub(crate) key: u64,
    /// Calls a second, of a requester.
    pub(crate) rate: u32,
    /// The service, of a responder.
    pub(crate) service: String,
    /// Request topics that it answers, of a responder.
    pub(crate) serves: Vec<String>,
    /// Topics of the run.
    pub(crate) topics: Topics,
}

/// Topics and services of one row. No other row has used them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Topics {
    /// Plain requests, and scatters.
    pub(crate) work: String,
    /// The same.
    pub(crate) side: String,
    /// Gathers: two services answer there.
    pub(crate) panel: String,
    /// The requesters' group; it names the reply topic.
    pub(crate) clients: String,
    /// Replies.
    pub(crate) replies: String,
    /// Written to by nobody.
    pub(crate) canary: String,
    /// Serves all topics.
    pub(crate) workers: String,
    /// Serves the panel, too.
    pub(crate) auditors: String,
}

impl Topics {
    /// Names that begin with `prefix`.
    pub(crate) fn new(prefix: &str) -> Self {
        let named = |what: &str| format!("{prefix}.{what}");
        let clients = named("web");
        Self {
            work: named("work"),
            side: named("side"),
            panel: named("panel"),
            replies: format!("{clients}.replies"),
            clients,
            canary: named("canary"),
            workers: named("workers"),
            auditors: named("auditors"),
        }
    }

    /// The request topics.
    pub(crate) fn requests(&self) -> [&str; 3] {
        [&self.work, &self.side, &self.panel]
    }

    /// All topics, and whether they are written to.
    pub(crate) fn all(&self) -> Vec<&str> {
        let mut all = Vec::from(self.requests());
        all.extend([self.replies.as_str(), self.canary.as_str()]);
        all
    }

    /// Who reads which request topic.
    pub(crate) fn groups(&self) -> [(&str, &str); 4] {
        [
            (&self.work, &self.workers),
            (&self.side, &self.workers),
            (&self.panel, &self.workers),
            (&self.panel, &self.auditors),
        ]
    }
}
