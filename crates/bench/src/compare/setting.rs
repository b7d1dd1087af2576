//! What load is compared, and on what Kafka.

use std::time::Duration;

use serde::Serialize;

/// Where a comparison runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kafka {
    /// The brokers that were named, or one node of our own.
    Plain,
    /// One node behind a proxy that delays what it says.
    Delayed,
    /// Three nodes; every record on all of them, acknowledged by two at least.
    ThreeBrokers,
}

/// One load.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Setting {
    /// `closed-loop`, or the name of a shape.
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) kafka: Kafka,
    /// Requests in flight, of all requesters together.
    pub(crate) in_flight: usize,
    pub(crate) payload: usize,
    pub(crate) partitions: i32,
    pub(crate) keyed: bool,
    pub(crate) handler_sleep: Duration,
    pub(crate) requesters: u32,
    /// Half of the rate that the reference reaches in a closed loop is offered, whatever comes back.
    pub(crate) open_loop: bool,
}

impl Setting {
    /// The closed loop that everybody is measured in.
    pub(crate) fn level(in_flight: usize, payload: usize, partitions: i32) -> Self {
        Self {
            name: "closed-loop",
            about: "closed loop",
            kafka: Kafka::Plain,
            in_flight,
            payload,
            partitions,
            keyed: false,
            handler_sleep: Duration::ZERO,
            requesters: 1,
            open_loop: false,
        }
    }

    /// The same load in a closed loop.
    pub(super) fn closed(&self) -> Self {
        Self {
            open_loop: false,
            ..self.clone()
        }
    }
}

/// Loads that differ from the levels in one thing each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    about: &'static str,
    in_flight: &'static [usize],
    change: fn(&mut Setting),
}

/// All there are.
pub(crate) const SHAPES: &[Shape] = &[
    shape("partitions-8", "8 request partitions", &[1_000], |s| {
        s.partitions = 8
    }),
    shape("partitions-64", "64 request partitions", &[1_000], |s| {
        s.partitions = 64
    }),
    shape("keyed", "1,000 keys on 8 partitions", &[1_000], |s| {
        s.keyed = true;
        s.partitions = 8;
    }),
    shape("payload-10", "payload of 10 B", &[1_000], |s| {
        s.payload = 10
    }),
    shape("payload-1k", "payload of 1 kB", &[1_000], |s| {
        s.payload = 1_000
    }),
    shape("payload-10k", "payload of 10 kB", &[1_000], |s| {
        s.payload = 10_000
    }),
    shape("payload-100k", "payload of 100 kB", &[100], |s| {
        s.payload = 100_000
    }),
    shape("handler-sleep", "handler that sleeps 1 ms", &[1_000], |s| {
        s.handler_sleep = Duration::from_millis(1);
    }),
    shape(
        "four-requesters",
        "four requesters on one reply partition",
        &[1_000],
        |s| {
            s.requesters = 4;
        },
    ),
    shape(
        "open-loop",
        "open loop at half of the raw loop's rate",
        &[1_000],
        |s| {
            s.open_loop = true;
        },
    ),
    shape(
        "delayed",
        "what brokers say comes 5 ms later",
        &[100, 1_000, 10_000],
        |s| {
            s.kafka = Kafka::Delayed;
        },
    ),
    shape(
        "three-brokers",
        "three brokers, three replicas, two must acknowledge",
        &[1, 100, 1_000, 10_000],
        |s| s.kafka = Kafka::ThreeBrokers,
    ),
];

const fn shape(
    name: &'static str,
    about: &'static str,
    in_flight: &'static [usize],
    change: fn(&mut Setting),
) -> Shape {
    Shape {
        name,
        about,
        in_flight,
        change,
    }
}

impl Shape {
    fn settings(&self) -> impl Iterator<Item = Setting> {
        self.in_flight.iter().map(|in_flight| {
            let mut setting = Setting::level(*in_flight, 100, 1);
            (setting.name, setting.about) = (self.name, self.about);
            (self.change)(&mut setting);
            setting
        })
    }
}

/// The loads of the shapes of these names, those of one Kafka together.
pub(crate) fn shapes(names: &[String]) -> Result<Vec<Setting>, String> {
    let wanted = |shape: &&Shape| names.iter().any(|name| name == "all" || name == shape.name);
    let known = |name: &&String| *name == "all" || SHAPES.iter().any(|shape| shape.name == *name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<_> = SHAPES.iter().map(|shape| shape.name).collect();
        return Err(format!(
            "no shape {unknown:?}: there are all, {}",
            all.join(", ")
        ));
    }
    let shapes = SHAPES.iter().filter(wanted);
    let mut settings: Vec<_> = shapes.flat_map(Shape::settings).collect();
    settings.sort_by_key(|setting| setting.kafka);
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shapes_are_found_and_those_of_one_kafka_are_together() {
        let all = shapes(&["all".into()]).unwrap_or_default();
        assert!(all.is_sorted_by_key(|setting| setting.kafka));
        for shape in SHAPES {
            let found = all.iter().filter(|setting| setting.name == shape.name);
            assert_eq!(found.count(), shape.in_flight.len(), "{}", shape.name);
        }
    }

    #[test]
    fn a_name_that_is_no_shape_is_refused_with_those_that_are() {
        let refused = shapes(&["keyed".into(), "round".into()]);
        let Err(reason) = refused else {
            panic!("{refused:?}")
        };
        assert!(reason.contains("\"round\"") && reason.contains("payload-10k"));
    }
}
