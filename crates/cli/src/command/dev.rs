//! `antiphon dev`.

use antiphon::{EmbeddedBroker, EmbeddedConfig};

use crate::{
    args::DevArgs,
    failure::Failure,
    output::{Printer, hint},
    signals::Signals,
};

/// Runs a broker until a signal comes.
pub(super) async fn run(args: &DevArgs, printer: Printer) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let broker = start()?;
    for topic in &args.topics {
        broker
            .create_topic(&topic.name, topic.partitions)
            .map_err(|source| Failure::Kafka {
                what: format!("can not create the topic {}", topic.name),
                source,
            })?;
    }
    let topics = args.topics.iter().map(|t| (t.name.clone(), t.partitions));
    printer.broker(&broker.bootstrap_servers(), &topics.collect::<Vec<_>>())?;
    if !printer.quiet {
        hint("everything is in memory, and gone when this ends; Ctrl-C ends it");
    }
    let signal = signals.next().await;
    tracing::info!(signal, "stopping the broker");
    Ok(())
}

/// A broker in this process.
pub(super) fn start() -> Result<EmbeddedBroker, Failure> {
    EmbeddedBroker::start(EmbeddedConfig::default()).map_err(|source| Failure::Kafka {
        what: "can not start a broker in this process".to_owned(),
        source,
    })
}
