//! Hands what a consumer has fetched to the core, batch by batch.

use std::{sync::Arc, time::Duration};

use antiphon::transport::RecordSink;
use tokio::time::{Instant, sleep_until};

use super::{log::Stored, node::Place, subscription::Strings};

/// Most records of one batch.
const BATCH: u32 = 128;

/// What a consumer reads.
pub(super) trait Source: Send {
    /// Up to `room` records, in order per partition; else when to look again at the latest, though
    /// nothing should happen.
    fn fetch(&mut self, room: usize) -> Result<Vec<Stored>, Duration>;
}

/// Runs until it is stopped, or its process is dead.
pub(super) async fn run(
    place: Place,
    strings: Arc<Strings>,
    mut source: impl Source,
    mut sink: Box<dyn RecordSink>,
) {
    sink.tick(true);
    loop {
        let changed = place.cluster.changed().notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if !place.life.running().await || strings.stop.is_cancelled() {
            return;
        }
        for fault in strings.take_faults() {
            sink.fault(fault);
        }
        let fetched = fetch(&place, &mut source, &mut *sink);
        // What was handed over may have been the last that the process did.
        if place.life.is_dead() {
            return;
        }
        match fetched {
            Ok(()) => {
                sink.tick(false);
                tokio::task::yield_now().await;
            }
            Err(look) => {
                let wait = sink.tick(true).min(look).max(LEAST);
                tokio::select! {
                    biased;
                    () = strings.stop.cancelled() => return,
                    () = place.life.dead() => return,
                    () = changed => {}
                    () = strings.resumed.notified() => {}
                    () = sleep_until(Instant::now() + wait) => {}
                }
            }
        }
    }
}

/// The runtime's timers know no shorter time.
const LEAST: Duration = Duration::from_millis(1);

fn fetch(
    place: &Place,
    source: &mut impl Source,
    sink: &mut dyn RecordSink,
) -> Result<(), Duration> {
    let most = place.cluster.draw(|dice, _| dice.below(1..BATCH + 1)) as usize;
    let room = sink.demand().min(most);
    if room == 0 {
        return Err(Duration::MAX);
    }
    let records = source.fetch(room)?;
    sink.records(&mut records.iter().map(Stored::view));
    Ok(())
}
