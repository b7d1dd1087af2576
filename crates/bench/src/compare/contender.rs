//! Who is compared.

use clap::ValueEnum;
use serde::{Serialize, Serializer};

/// One way to ask and answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Contender {
    /// The raw loop on its own headers, five produce requests in flight: what ratios are to.
    #[value(name = "raw-own-5")]
    RawOwn5,
    /// The same with one produce request in flight.
    #[value(name = "raw-own-1")]
    RawOwn1,
    /// The raw loop on Antiphon's headers, five produce requests in flight.
    #[value(name = "raw-antiphon-5")]
    RawAntiphon5,
    /// The same with one produce request in flight.
    #[value(name = "raw-antiphon-1")]
    RawAntiphon1,
    /// rust-rdkafka's FutureProducer and StreamConsumer, and a map of oneshot channels.
    #[value(name = "rdkafka")]
    Rdkafka,
    /// The least that is shaped like a framework, on raw librdkafka and Antiphon's headers.
    #[value(name = "bare")]
    Bare,
    /// Antiphon.
    #[value(name = "antiphon")]
    Antiphon,
    /// The same with all calls in one task and a handler that does not wait, as the raw loop has it.
    #[value(name = "antiphon-lean")]
    AntiphonLean,
    /// Antiphon with its profile for slow acknowledgements.
    #[value(name = "antiphon-latency")]
    AntiphonLatency,
    /// Antiphon with its profile for many partitions.
    #[value(name = "antiphon-throughput")]
    AntiphonThroughput,
    /// Antiphon with its handlers started on the runtime.
    #[value(name = "antiphon-pump")]
    AntiphonPump,
}

/// What ratios are to, unless they are to the best raw loop.
pub(crate) const REFERENCE: Contender = Contender::RawOwn5;

/// Who runs the levels, unless somebody is named.
pub(crate) const OF_LEVELS: &[Contender] = &[
    Contender::RawOwn5,
    Contender::RawOwn1,
    Contender::RawAntiphon5,
    Contender::RawAntiphon1,
    Contender::Rdkafka,
    Contender::Bare,
    Contender::Antiphon,
    Contender::AntiphonLean,
    Contender::AntiphonPump,
];

/// Who runs the shapes, unless somebody is named.
pub(crate) const OF_SHAPES: &[Contender] =
    &[Contender::RawOwn5, Contender::RawOwn1, Contender::Antiphon];

impl Contender {
    /// As it is named on the command line and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RawOwn5 => "raw-own-5",
            Self::RawOwn1 => "raw-own-1",
            Self::RawAntiphon5 => "raw-antiphon-5",
            Self::RawAntiphon1 => "raw-antiphon-1",
            Self::Rdkafka => "rdkafka",
            Self::Bare => "bare",
            Self::Antiphon => "antiphon",
            Self::AntiphonLean => "antiphon-lean",
            Self::AntiphonLatency => "antiphon-latency",
            Self::AntiphonThroughput => "antiphon-throughput",
            Self::AntiphonPump => "antiphon-pump",
        }
    }

    /// As people read it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::RawOwn5 => "raw, own wire, 5",
            Self::RawOwn1 => "raw, own wire, 1",
            Self::RawAntiphon5 => "raw, our wire, 5",
            Self::RawAntiphon1 => "raw, our wire, 1",
            Self::Rdkafka => "rust-rdkafka",
            Self::Bare => "bare framework",
            Self::Antiphon => "Antiphon",
            Self::AntiphonLean => "Antiphon, lean",
            Self::AntiphonLatency => "Antiphon, latency",
            Self::AntiphonThroughput => "Antiphon, throughput",
            Self::AntiphonPump => "Antiphon, pump",
        }
    }

    pub(crate) fn is_raw(self) -> bool {
        matches!(
            self,
            Self::RawOwn5 | Self::RawOwn1 | Self::RawAntiphon5 | Self::RawAntiphon1
        )
    }

    /// The subcommands of this program that are its requester and its responder.
    pub(super) fn commands(self) -> (&'static str, &'static str) {
        match self {
            Self::Rdkafka => ("rdkafka-requester", "rdkafka-responder"),
            Self::Bare => ("bare-requester", "bare-responder"),
            raw if raw.is_raw() => ("raw-requester", "raw-responder"),
            _ => ("requester", "responder"),
        }
    }

    /// Arguments of both.
    pub(super) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::RawOwn5 => &["--wire", "own", "--max-in-flight", "5"],
            Self::RawOwn1 => &["--wire", "own", "--max-in-flight", "1"],
            Self::RawAntiphon5 => &["--wire", "antiphon", "--max-in-flight", "5"],
            Self::RawAntiphon1 => &["--wire", "antiphon", "--max-in-flight", "1"],
            Self::Rdkafka => &["--max-in-flight", "5"],
            Self::Bare => &["--max-in-flight", "1"],
            Self::Antiphon => &[],
            Self::AntiphonLean => &["--one-task", "--sync-handler"],
            Self::AntiphonLatency => &["--profile", "latency"],
            Self::AntiphonThroughput => &["--profile", "throughput"],
            Self::AntiphonPump => &["--pump"],
        }
    }
}

impl Serialize for Contender {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for one in Contender::value_variants() {
            let value = one.to_possible_value();
            assert_eq!(value.as_ref().map(|v| v.get_name()), Some(one.name()));
        }
    }
}
