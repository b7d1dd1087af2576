//! `antiphon dev`.

use antiphon::{EmbeddedBroker, EmbeddedConfig};

use crate::{
    args::DevArgs,
    failure::Failure,
    output::{Printer, hint},
    signals::Signals,
};

/// Runs an embedded broker until a signal arrives.
pub(super) async fn run(args: &DevArgs, printer: Printer) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let broker = start()?;
    for topic in &args.topics {
        broker
            .create_topic(&topic.name, topic.partitions)
            .map_err(|source| Failure::Kafka {
                what: format!("cannot create the topic {}", topic.name),
                source,
            })?;
    }
    let topics = args.topics.iter().map(|t| (t.name.clone(), t.partitions));
    printer.broker(&broker.bootstrap_servers(), &topics.collect::<Vec<_>>())?;
    if !printer.quiet {
        hint("all data is in memory and lost when the broker stops; press Ctrl-C to stop it");
    }
    let signal = signals.next().await;
    tracing::info!(signal, "stopping the embedded broker");
    Ok(())
}

/// Starts an embedded broker.
pub(super) fn start() -> Result<EmbeddedBroker, Failure> {
    EmbeddedBroker::start(EmbeddedConfig::default()).map_err(|source| Failure::Kafka {
        what: "cannot start the embedded broker".to_owned(),
        source,
    })
}
