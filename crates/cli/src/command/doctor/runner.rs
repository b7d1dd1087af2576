//! What all checks share: options, settings, time limits, and the channel for findings.

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

/// The context of all checks. Checks block.
pub(super) struct CheckRunner {
    pub(super) args: DoctorArgs,
    pub(super) settings: Settings,
    /// The properties of the clients that checks create.
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
        let mut properties = admin::configured(&settings.kafka);
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

    /// The bootstrap servers, one by one.
    pub(super) fn servers(&self) -> Vec<String> {
        let servers = self.properties.get(SERVERS).unwrap_or_default();
        let servers = servers.split(',').map(str::trim);
        servers
            .filter(|server| !server.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The properties of a client with a single bootstrap server.
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

    /// Time limit of the next question.
    pub(super) fn time_limit(&self) -> Duration {
        let left = self.end.saturating_duration_since(Instant::now());
        self.args.timeout.min(left)
    }

    /// Whether the time is up or the command was interrupted.
    pub(super) fn is_over(&self) -> bool {
        self.stopped.load(Ordering::Acquire) || Instant::now() >= self.end
    }

    /// Like `is_over`. If the time is up, reports that the check is skipped; an interrupt is reported
    /// once, for all checks.
    pub(super) fn skips(&self, check: &str) -> bool {
        let over = self.is_over();
        if over && !self.stopped.load(Ordering::Acquire) {
            let why = "not checked: the time limit was reached";
            self.report(Finding::warn(check, why, "raise --limit"));
        }
        over
    }

    /// Sends a finding. If the receiver is gone, the remaining checks stop.
    pub(super) fn report(&self, finding: Finding) {
        if self.findings.blocking_send(finding).is_err() {
            self.stopped.store(true, Ordering::Release);
        }
    }
}
