//! One partition, read without a group.

use std::{sync::Arc, time::Duration};

use antiphon::transport::{
    RecordSink, Start, Subscription, TransportError, TransportErrorKind as Kind,
};
use tokio::time::Instant;

use super::{
    feed::{self, Source},
    log::{Look, Stored},
    node::{Place, missing, never},
    subscription::{Handle, Strings},
    watch::Watch,
};
use crate::history::At;

/// Pause between two questions about the end of a partition that is not known yet.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Asks which offsets there are, and reads from `start`.
pub(super) async fn open(
    place: &Place,
    at: At,
    start: Start,
    sink: Box<dyn RecordSink>,
    timeout: Duration,
) -> Result<Arc<dyn Subscription>, TransportError> {
    let (low, high) = ends(place, &at, timeout).await?;
    let position = start.resolve(low, high).ok_or_else(|| {
        let error = TransportError::new(Kind::OffsetOutOfRange, "the offset is not there");
        error.at(Arc::clone(&at.topic), Some(at.partition))
    })?;
    let strings = Arc::<Strings>::default();
    let one = Assigned {
        place: place.clone(),
        watch: Watch::new(place, &at),
        strings: Arc::clone(&strings),
        at,
        position,
        gate: Gate::default(),
    };
    tokio::spawn(feed::run(place.clone(), Arc::clone(&strings), one, sink));
    Ok(Arc::new(Handle {
        strings,
        member: None,
    }))
}

async fn ends(place: &Place, at: &At, timeout: Duration) -> Result<(i64, i64), TransportError> {
    let until = Instant::now() + timeout;
    loop {
        place.cluster.way().await;
        let look = place
            .cluster
            .log(|log, now| (log.ends(at), log.look(at, 0, 1, now)));
        place.cluster.way().await;
        if !place.life.running().await {
            return never().await;
        }
        let late = Instant::now() >= until;
        match look {
            (Some(ends), look) if !matches!(look, Look::NoLeader) => return Ok(ends),
            (Some(_), _) if late => {
                let why = "the partition has no leader";
                let error = TransportError::new(Kind::TimedOut, why);
                return Err(error.at(Arc::clone(&at.topic), Some(at.partition)));
            }
            (None, _) if late => return Err(missing(at)),
            _ => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}

struct Assigned {
    place: Place,
    at: At,
    position: i64,
    gate: Gate,
    watch: Watch,
    strings: Arc<Strings>,
}

impl Source for Assigned {
    fn fetch(&mut self, room: usize) -> Result<Vec<Stored>, Duration> {
        if let Some(lost) = self.watch.look(self.position) {
            self.strings.tell(lost);
        }
        let look = self
            .place
            .cluster
            .log(|log, now| log.look(&self.at, self.position, room, now));
        let soonest = self.watch.next();
        let Look::Records(records) = look else {
            return Err(soonest);
        };
        let wait = self.gate.pass(&self.place, records.len() < room);
        if !wait.is_zero() {
            return Err(soonest.min(wait));
        }
        self.position += i64::try_from(records.len()).unwrap_or(0);
        Ok(records)
    }
}

/// Records that are there still have to be fetched: the delay of that.
#[derive(Debug, Default)]
pub(super) struct Gate {
    opens: Option<Duration>,
}

impl Gate {
    /// How long to wait for what is there. Nothing: it may be read; `last` says that it is all.
    pub(super) fn pass(&mut self, place: &Place, last: bool) -> Duration {
        let cluster = &place.cluster;
        let now = cluster.now();
        let opens = *self.opens.get_or_insert_with(|| now + cluster.draw_way());
        if now >= opens && last {
            self.opens = None;
        }
        opens.saturating_sub(now)
    }
}
