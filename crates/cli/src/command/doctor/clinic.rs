//! What all checks have at hand: settings, a client, limits of time, and where findings go.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use antiphon_kafka::{Admin, BrokerInfo, Error, Properties};
use tokio::sync::mpsc;

use super::finding::Finding;
use crate::{
    args::DoctorArgs,
    command::admin::{self, SERVERS},
    settings::Settings,
};

/// Settings of a topic or broker, by name.
pub(super) type Configs = BTreeMap<String, String>;

/// Where everything is examined. Its questions block.
pub(super) struct Clinic {
    pub(super) args: DoctorArgs,
    pub(super) settings: Settings,
    /// For clients of the doctor's own.
    pub(super) properties: Properties,
    end: Instant,
    stopped: Arc<AtomicBool>,
    findings: mpsc::Sender<Finding>,
}

/// A cluster that answers.
pub(super) struct Cluster {
    pub(super) admin: Admin,
    pub(super) brokers: Vec<BrokerInfo>,
    pub(super) embedded: bool,
}

impl Clinic {
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

impl Cluster {
    /// The settings of a topic.
    pub(super) fn topic(&self, topic: &str, clinic: &Clinic) -> Result<Configs, Error> {
        let all = self.admin.describe_config(topic, clinic.patience())?;
        Ok(all.into_iter().collect())
    }

    /// The settings of the broker with the smallest number.
    pub(super) fn broker(&self, clinic: &Clinic) -> Result<(i32, Configs), Error> {
        let first = self
            .brokers
            .iter()
            .map(|broker| broker.id)
            .min()
            .unwrap_or(0);
        let all = self.admin.describe_broker(first, clinic.patience())?;
        Ok((first, all.into_iter().collect()))
    }
}

/// A setting that is a number.
pub(super) fn number(configs: &Configs, name: &str) -> Option<i64> {
    configs.get(name)?.trim().parse().ok()
}

/// A setting that is text; empty where the broker does not tell.
pub(super) fn text<'a>(configs: &'a Configs, name: &str) -> &'a str {
    configs.get(name).map_or("", String::as_str)
}

/// `1 broker`, `3 brokers`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{many}")
}

/// Milliseconds of Kafka for people; -1 stands for no limit.
pub(super) fn span(millis: i64) -> String {
    match u64::try_from(millis) {
        Ok(millis) => humantime::format_duration(Duration::from_millis(millis)).to_string(),
        Err(_) => "no limit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_are_meant() {
        let configs: Configs = [("a", "17"), ("b", "-1"), ("c", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        assert_eq!(number(&configs, "a"), Some(17));
        assert_eq!(number(&configs, "c"), None);
        assert_eq!(number(&configs, "d"), None);
        assert_eq!(text(&configs, "d"), "");
        assert_eq!(number(&configs, "b").map(span).as_deref(), Some("no limit"));
        assert_eq!(span(3_600_000), "1h");
        assert_eq!(counted(1, "broker"), "1 broker");
        assert_eq!(counted(0, "broker"), "0 brokers");
    }
}
