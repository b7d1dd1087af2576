//! `antiphon topics`.

mod create;
mod delete;
mod describe;
mod error;
mod wish;

use antiphon_kafka::{Admin, ErrorKind, PartitionInfo};

pub(crate) use self::{error::TopicsError, wish::Difference};
use super::admin::{self, LIMIT};
use crate::{args::TopicsCommand, failure::Failure, output::Printer, settings::Settings};

/// Works on topics until all are done or one can not be.
pub(super) async fn run(
    command: TopicsCommand,
    settings: Settings,
    printer: Printer,
) -> Result<(), Failure> {
    match command {
        TopicsCommand::Create(args) => {
            let wishes = wish::all(&args, &settings);
            let admin = admin::connect(&settings.kafka).await?;
            admin::blocking(move || create::run(&admin, &wishes, printer)).await?
        }
        TopicsCommand::Describe(args) => {
            let admin = admin::connect(&settings.kafka).await?;
            admin::blocking(move || describe::run(&admin, &args.topics, printer)).await?
        }
        TopicsCommand::Delete(args) => {
            delete::allowed(&args)?;
            let admin = admin::connect(&settings.kafka).await?;
            admin::blocking(move || delete::run(&admin, &args, printer)).await?
        }
    }
}

/// The partitions of a topic that has to exist.
fn partitions(admin: &Admin, topic: &str) -> Result<Vec<PartitionInfo>, TopicsError> {
    let found = admin.describe_topic(topic, LIMIT);
    let found = found.map_err(|error| TopicsError::refused("describe", topic, error))?;
    found.ok_or_else(|| TopicsError::Unknown(topic.to_owned()))
}

/// The settings of a topic; `None` from an embedded broker, which has none.
fn configs(
    admin: &Admin,
    topic: &str,
) -> Result<Option<Vec<antiphon_kafka::ConfigEntry>>, TopicsError> {
    match admin.config_entries(topic, LIMIT) {
        Ok(entries) => Ok(Some(entries)),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(TopicsError::refused("describe", topic, error)),
    }
}
