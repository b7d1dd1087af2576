//! One partition is read without a group, from each start.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use antiphon::transport::kafka::{KafkaConfig, KafkaTransport};
use antiphon::transport::{
    LastOffsets, Record, RecordSink, Start, Transport as _, TransportError, TransportErrorKind,
};
use libtest_mimic::Failed;

use crate::support::reason::{Attempt, Because as _};
use crate::support::rig::{Hostile, LIMIT, block_on};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually_async;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "reading::begins_at_each_start_and_goes_on_with_what_is_appended",
        needs: Needs::Both,
        run: |env| block_on(each_start(env)),
    },
    Case {
        name: "reading::an_offset_that_the_partition_does_not_hold_is_refused",
        needs: Needs::Both,
        run: |env| block_on(out_of_range(env)),
    },
];

/// Notes the offsets that were handed over.
#[derive(Clone, Debug, Default)]
struct Offsets(Arc<Mutex<Vec<i64>>>);

impl Offsets {
    fn seen(&self) -> Vec<i64> {
        self.0.lock().map(|seen| seen.clone()).unwrap_or_default()
    }
}

impl RecordSink for Offsets {
    fn demand(&mut self) -> usize {
        usize::MAX
    }

    fn records(&mut self, batch: &mut dyn Iterator<Item = Record<'_>>) {
        if let Ok(mut seen) = self.0.lock() {
            seen.extend(batch.map(|record| record.offset));
        }
    }

    fn tick(&mut self, _: bool) -> Duration {
        Duration::from_millis(20)
    }

    fn fault(&mut self, _: TransportError) {}
}

/// A topic with the offsets 0, 1 and 2, and a connection.
async fn prepared(env: &Env) -> Attempt<(String, Hostile, KafkaTransport)> {
    let topic = env.create_topic("reading", 1)?;
    let records = Hostile::new(env.bootstrap_servers())?;
    for _ in 0..3 {
        append(&records, &topic)?;
    }
    let config = KafkaConfig::new(env.bootstrap_servers());
    let transport = KafkaTransport::connect(&config)
        .await
        .because("connecting")?;
    Ok((topic, records, transport))
}

fn append(records: &Hostile, topic: &str) -> Attempt<()> {
    records.send::<&str>(topic, 0, None, Some(b"x"), &[])?;
    records.flush()
}

async fn each_start(env: &Env) -> Result<(), Failed> {
    let (topic, records, transport) = prepared(env).await?;
    let starts = [
        (Start::Beginning, 0),
        (Start::Offset(0), 0),
        (Start::Offset(2), 2),
        (Start::Offset(3), 3),
        (Start::End, 3),
    ];
    let mut readers = Vec::new();
    // Each reader is opened before the record with the offset 3 is appended.
    for (start, first) in starts {
        let sink = Offsets::default();
        let reading = transport.read(&topic, 0, start, Box::new(sink.clone()), LIMIT);
        let subscription = reading.await.because(format!("reading from {start:?}"))?;
        readers.push((start, first, sink, subscription));
    }
    append(&records, &topic)?;
    for (start, first, sink, subscription) in readers {
        let expected: Vec<i64> = (first..4).collect();
        let what = format!("a reader from {start:?} has read {expected:?}");
        eventually_async(&what, LIMIT, || async {
            (sink.seen() == expected).then_some(())
        })
        .await?;
        subscription.close(LastOffsets::none(), LIMIT).await;
    }
    Ok(())
}

async fn out_of_range(env: &Env) -> Result<(), Failed> {
    let (topic, _records, transport) = prepared(env).await?;
    for offset in [-1, 4] {
        let sink = Box::new(Offsets::default());
        let read = transport.read(&topic, 0, Start::Offset(offset), sink, LIMIT);
        let kind = read.await.map(drop).map_err(|error| error.kind());
        ensure(
            kind == Err(TransportErrorKind::OffsetOutOfRange),
            format!("reading from {offset}: {kind:?}"),
        )?;
    }
    Ok(())
}
