//! The cluster under check.

use antiphon_kafka::{Admin, BrokerInfo, Error};

use super::{configs::Configs, runner::CheckRunner};

/// A cluster that has answered.
pub(super) struct Cluster {
    pub(super) admin: Admin,
    pub(super) brokers: Vec<BrokerInfo>,
    pub(super) embedded: bool,
}

impl Cluster {
    /// The settings of a topic.
    pub(super) fn topic(&self, topic: &str, runner: &CheckRunner) -> Result<Configs, Error> {
        let all = self.admin.describe_config(topic, runner.time_limit())?;
        Ok(all.into_iter().collect())
    }

    /// The settings of the broker with the smallest id.
    pub(super) fn broker(&self, runner: &CheckRunner) -> Result<(i32, Configs), Error> {
        let first = self
            .brokers
            .iter()
            .map(|broker| broker.id)
            .min()
            .unwrap_or(0);
        let all = self.admin.describe_broker(first, runner.time_limit())?;
        Ok((first, all.into_iter().collect()))
    }
}
