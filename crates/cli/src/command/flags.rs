//! Settings from the command line and from the environment.

use super::{doctor, requester, serve};
use crate::{
    args::{Cli, Command, Common},
    settings::Layer,
};

/// The options of a command that are settings.
pub(super) fn flags(cli: &Cli) -> Layer {
    let mut flags = Layer::command_line();
    common(&mut flags, &cli.common);
    match &cli.command {
        Command::Serve(args) => serve::flags(&mut flags, args),
        Command::Request(args) => requester::flags(&mut flags, &args.call),
        Command::Scatter(args) => requester::flags(&mut flags, &args.call),
        Command::Gather(args) => requester::flags(&mut flags, &args.call),
        Command::Bench(args) => requester::flags(&mut flags, &args.call),
        Command::Doctor(args) => doctor::flags(&mut flags, args),
        _ => {}
    }
    flags
}

/// The environment variables of this process.
pub(super) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        (text(name), text(value))
    })
}

fn common(flags: &mut Layer, common: &Common) {
    if let Some(servers) = servers(common) {
        let key = "kafka.bootstrap_servers";
        match common.servers_variable {
            Some(name) => flags.put_variable(name, key, servers),
            None => flags.put(key, servers),
        }
    }
    for (name, value) in &common.properties {
        flags.put(&format!("kafka.properties.{name}"), value.as_str());
    }
    if let Some(form) = common.output {
        // Its names are the same in a settings file.
        let name = serde_json::to_value(form).unwrap_or_default();
        flags.put("cli.output", name.as_str().unwrap_or_default());
    }
}

/// The brokers of -b or its variable. An empty variable counts as not set.
pub(super) fn servers(common: &Common) -> Option<&str> {
    let servers = common.bootstrap_servers.as_deref()?.trim();
    (!servers.is_empty()).then_some(servers)
}
