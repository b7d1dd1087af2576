//! Looks after a partition that is read without a group, as the product's transport does.

use std::{sync::Arc, time::Duration};

use antiphon::transport::{TransportError, TransportErrorKind as Kind};

use super::{
    log::Look,
    node::{Place, missing},
};
use crate::history::At;

/// How often the partition is compared with the position.
const CHECK: Duration = Duration::from_secs(5);

/// How soon that is done again while the topic is missed.
const CHECK_AGAIN: Duration = Duration::from_millis(250);

/// How long a topic is missed before it counts as gone.
const DOUBT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Watch {
    place: Place,
    at: At,
    next: Duration,
    missing_since: Option<Duration>,
    /// Nothing is said after that.
    lost: bool,
}

impl Watch {
    pub(super) fn new(place: &Place, at: &At) -> Self {
        Self {
            place: place.clone(),
            at: at.clone(),
            next: place.cluster.now() + CHECK,
            missing_since: None,
            lost: false,
        }
    }

    /// When to look again.
    pub(super) fn next(&self) -> Duration {
        if self.lost {
            return Duration::MAX;
        }
        self.next.saturating_sub(self.place.cluster.now())
    }

    /// Why the reader gets nothing any more, when that is known.
    pub(super) fn look(&mut self, position: i64) -> Option<TransportError> {
        if self.lost {
            return None;
        }
        let now = self.place.cluster.now();
        let look = |log: &super::log::Log, now| log.look(&self.at, position, 1, now);
        let found = self.place.cluster.log(look);
        let lost = match found {
            // The fetch itself says so.
            Look::Expired(first) => Some(self.moved(format!(
                "the partition begins at {first}, after the position {position}"
            ))),
            Look::PastEnd if now >= self.next => {
                Some(self.moved(format!("the partition ends before the position {position}")))
            }
            Look::Missing => self.missed(now),
            Look::NoLeader => None,
            Look::PastEnd | Look::Records(_) | Look::Nothing => {
                self.missing_since = None;
                None
            }
        };
        if now >= self.next {
            self.next = now + CHECK;
        }
        self.lost = lost.is_some();
        lost
    }

    fn missed(&mut self, now: Duration) -> Option<TransportError> {
        let since = *self.missing_since.get_or_insert(now);
        self.next = self.next.min(now + CHECK_AGAIN);
        (now.saturating_sub(since) >= DOUBT).then(|| missing(&self.at))
    }

    fn moved(&self, why: String) -> TransportError {
        TransportError::new(Kind::OffsetOutOfRange, why)
            .at(Arc::clone(&self.at.topic), Some(self.at.partition))
    }
}
