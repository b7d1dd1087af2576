//! The commands.

mod admin;
mod bench;
mod completions;
mod config;
mod demo;
mod dev;
mod doctor;
mod exec;
mod flags;
mod gather;
mod request;
mod requester;
mod responder;
mod scatter;
mod serve;
mod topics;

use std::time::Duration;

use antiphon::config::KafkaConfig;

use self::flags::{environment, flags, servers};
use crate::{
    args::{Cli, Command, Common},
    failure::Failure,
    form::Form,
    output::Printer,
    settings::{Settings, SettingsError},
};

/// Runs a command that must work even if the settings are not valid. `None` for other commands.
pub(crate) fn offline(cli: &Cli) -> Option<(Form, Result<(), Failure>)> {
    let form = cli.common.output.unwrap_or_default();
    match &cli.command {
        Command::Config(command) => Some(config::run(cli, command)),
        Command::Completions(args) => Some((form, completions::run(args.shell))),
        Command::Man(args) => Some((form, completions::man(args))),
        _ => None,
    }
}

/// The settings of a command: file, environment, command line.
pub(crate) fn settings(cli: &Cli) -> Result<Settings, SettingsError> {
    Settings::load(cli.common.config.as_deref(), environment(), flags(cli))
}

/// Time limit for threads to stop after the command has ended.
const SHUTDOWN: Duration = Duration::from_millis(300);

/// Runs a command to its end.
pub(crate) fn run(cli: Cli, settings: Settings) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::System {
            what: "cannot start the runtime",
            source,
        })?;
    let printer = Printer {
        form: settings.cli.output,
        verbose: cli.common.verbose > 0,
        quiet: cli.common.quiet,
    };
    let done = runtime.block_on(dispatch(cli, settings, printer));
    // Drops all tasks, which kills the commands of `serve --exec` that still run.
    runtime.shutdown_timeout(SHUTDOWN);
    done
}

async fn dispatch(cli: Cli, settings: Settings, printer: Printer) -> Result<(), Failure> {
    match cli.command {
        Command::Demo(args) => {
            let kafka = demo_brokers(&cli.common, &settings);
            demo::run(&args, kafka, printer).await
        }
        Command::Dev(args) => dev::run(&args, printer).await,
        Command::Serve(args) => serve::run(args, settings, printer).await,
        Command::Request(args) => request::run(args, settings, printer).await,
        Command::Scatter(args) => scatter::run(args, settings, printer).await,
        Command::Gather(args) => gather::run(args, settings, printer).await,
        Command::Bench(args) => bench::run(args, settings, printer).await,
        Command::Doctor(args) => doctor::run(args, settings, printer).await,
        Command::Topics(command) => topics::run(command, settings, printer).await,
        // `offline` has run these.
        Command::Config(_) | Command::Completions(_) | Command::Man(_) => Ok(()),
    }
}

/// The demonstration writes only to brokers that -b or its variable names.
fn demo_brokers(common: &Common, settings: &Settings) -> Option<KafkaConfig> {
    servers(common).map(|_| settings.kafka.clone())
}
