//! What all checks have at hand: settings, a client, limits of time, and where findings go.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use antiphon_kafka::Properties;
use tokio::sync::mpsc;

use super::finding::Finding;
use crate::{
    args::DoctorArgs,
    command::admin::{self, SERVERS},
    settings::Settings,
};

/// Where everything is examined. Its questions block.
pub(super) struct CheckRunner {
    pub(super) args: DoctorArgs,
    pub(super) settings: Settings,
    /// For clients of the doctor's own.
    pub(super) properties: Properties,
    end: Instant,
    stopped: Arc<AtomicBool>,
    findings: mpsc::Sender<Finding>,
}

impl CheckRunner {
    pub(super) fn new(
        args: DoctorArgs,
        settings: Settings,
        stopped: Arc<AtomicBool>,
        findings: mpsc::Sender<Finding>,
    ) -> Self {
        let mut properties = admin::named(&settings.kafka);
        properties
            .set_default("client.id", "antiphon-doctor")
            .set_default("reconnect.backoff.ms", "50")
            .set_default("reconnect.backoff.max.ms", "500");
        Self {
            end: Instant::now() + args.limit,
            args,
            settings,
            properties,
            stopped,
            findings,
        }
    }

    /// The brokers that are named, one by one.
    pub(super) fn servers(&self) -> Vec<String> {
        let servers = self.properties.get(SERVERS).unwrap_or_default();
        let servers = servers.split(',').map(str::trim);
        servers
            .filter(|server| !server.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Properties of a client that begins with one server.
    pub(super) fn properties_for(&self, server: &str) -> Properties {
        let mut properties = self.properties.clone();
        properties.set(SERVERS, server);
        properties
    }

    /// The reply topic of this configuration.
    pub(super) fn reply_topic(&self) -> String {
        let named = self.settings.client.reply.topic.clone();
        named.unwrap_or_else(|| format!("{}.replies", self.settings.client_group))
    }

    /// How long the next question may take.
    pub(super) fn patience(&self) -> Duration {
        let left = self.end.saturating_duration_since(Instant::now());
        self.args.timeout.min(left)
    }

    /// Whether there is no time left for more.
    pub(super) fn is_over(&self) -> bool {
        self.stopped.load(Ordering::Acquire) || Instant::now() >= self.end
    }

    /// The same, and says so of what is left out; an interrupt is told once, for everything.
    pub(super) fn leaves_out(&self, check: &str) -> bool {
        let over = self.is_over();
        if over && !self.stopped.load(Ordering::Acquire) {
            let why = "not checked: there was no time left";
            self.say(Finding::warn(check, why, "give it more by --limit"));
        }
        over
    }

    /// Whoever reads the findings may have gone; then nobody misses this one.
    pub(super) fn say(&self, finding: Finding) {
        if self.findings.blocking_send(finding).is_err() {
            self.stopped.store(true, Ordering::Release);
        }
    }
}
