//! The commands.

mod admin;
mod answers;
mod ask;
mod bench;
mod completions;
mod config;
mod demo;
mod dev;
mod doctor;
mod exec;
mod gather;
mod request;
mod scatter;
mod serve;
mod topics;

use std::time::Duration;

use antiphon::config::KafkaConfig;

pub(crate) use self::topics::{Difference, TopicsError};
use crate::{
    args::{Cli, Command, Common},
    failure::Failure,
    output::{Form, Printer},
    settings::{Layer, Settings, SettingsError},
    signals::Signals,
};

/// Runs a command that has to work whatever the settings are. `None`: it is none of these.
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

fn flags(cli: &Cli) -> Layer {
    let mut flags = Layer::command_line();
    common(&mut flags, &cli.common);
    match &cli.command {
        Command::Serve(args) => serve::flags(&mut flags, args),
        Command::Request(args) => ask::flags(&mut flags, &args.call),
        Command::Scatter(args) => ask::flags(&mut flags, &args.call),
        Command::Gather(args) => ask::flags(&mut flags, &args.call),
        Command::Bench(args) => ask::flags(&mut flags, &args.call),
        Command::Doctor(args) => doctor::flags(&mut flags, args),
        _ => {}
    }
    flags
}

fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        (text(name), text(value))
    })
}

fn common(flags: &mut Layer, common: &Common) {
    if let Some(servers) = servers(common) {
        let path = ["kafka", "bootstrap_servers"];
        match common.servers_variable {
            Some(name) => flags.put_variable(name, &path, servers),
            None => flags.put(&path, servers),
        }
    }
    for (name, value) in &common.properties {
        flags.put(&["kafka", "properties", name], value.as_str());
    }
    if let Some(form) = common.output {
        // Its names are those of the settings file.
        let name = serde_json::to_value(form).unwrap_or_default();
        flags.put(&["cli", "output"], name.as_str().unwrap_or_default());
    }
}

/// The brokers of the command line; an empty variable counts as none.
fn servers(common: &Common) -> Option<&str> {
    let servers = common.bootstrap_servers.as_deref()?.trim();
    (!servers.is_empty()).then_some(servers)
}

/// How long threads may take to stop after the command has ended.
const SHUTDOWN: Duration = Duration::from_millis(300);

/// Runs a command to its end.
pub(crate) fn run(cli: Cli, settings: Settings) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::System {
            what: "can not start the runtime",
            source,
        })?;
    let printer = Printer {
        form: settings.cli.output,
        verbose: cli.common.verbose > 0,
        quiet: cli.common.quiet,
    };
    let done = runtime.block_on(dispatch(cli, settings, printer));
    // Tasks are dropped here, and with them the programs of `serve --exec` that still run.
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
        // They have run already: see `offline`.
        Command::Config(_) | Command::Completions(_) | Command::Man(_) => Ok(()),
    }
}

/// The demonstration writes only to brokers that were named for it: by option or its variable.
fn demo_brokers(common: &Common, settings: &Settings) -> Option<KafkaConfig> {
    servers(common).map(|_| settings.kafka.clone())
}

fn catch_signals() -> Result<Signals, Failure> {
    Signals::catch().map_err(|source| Failure::System {
        what: "can not wait for signals",
        source,
    })
}
