//! `antiphon topics`.

mod create;
mod delete;
mod describe;
mod desired;
mod lookup;

use super::admin;
use crate::{args::TopicsCommand, failure::Failure, output::Printer, settings::Settings};

/// Runs an operation on topics, up to the first that fails.
pub(super) async fn run(
    command: TopicsCommand,
    settings: Settings,
    printer: Printer,
) -> Result<(), Failure> {
    match command {
        TopicsCommand::Create(args) => {
            let desired = desired::all(&args, &settings);
            let admin = admin::connect(&settings.kafka).await?;
            admin::blocking(move || create::run(&admin, &desired, printer)).await?
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
