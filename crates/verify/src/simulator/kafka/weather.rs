//! What goes wrong between a client and the brokers at the moment, and how often.

use std::time::Duration;

use crate::simulator::dice::Dice;

/// Probabilities are between 0 and 1; delays are the most of what is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Weather {
    /// One way to a broker or back.
    pub(crate) latency: Duration,
    /// How often a way takes up to this instead.
    pub(crate) stall: (f64, Duration),
    /// A produce request is refused for good, and not stored.
    pub(crate) refuse: f64,
    /// It is refused for now, not stored, and tried again.
    pub(crate) retry: f64,
    /// It is lost on its way.
    pub(crate) request_lost: f64,
    /// It is stored, and the answer is lost.
    pub(crate) answer_lost: f64,
    /// It comes to a broker after its sender has given the connection up.
    pub(crate) late: f64,
    /// Nothing was heard of a request: the producer gives up instead of trying again.
    pub(crate) give_up: f64,
    /// The local queue is full when a record is handed over.
    pub(crate) queue_full: f64,
}

impl Weather {
    /// Nothing goes wrong, and all is quick.
    pub(crate) fn fair() -> Self {
        Self {
            latency: Duration::from_millis(2),
            stall: (0.0, Duration::ZERO),
            refuse: 0.0,
            retry: 0.0,
            request_lost: 0.0,
            answer_lost: 0.0,
            late: 0.0,
            give_up: 0.0,
            queue_full: 0.0,
        }
    }

    /// How long the next way takes.
    pub(crate) fn way(&self, dice: &mut Dice) -> Duration {
        let (often, most) = self.stall;
        let most = if dice.happens(often) {
            most
        } else {
            self.latency
        };
        dice.up_to(most)
    }

    /// What becomes of a produce request that has reached a partition's leader.
    pub(super) fn fate(&self, dice: &mut Dice) -> Fate {
        let fates = [
            (self.refuse, Fate::Refused),
            (self.retry, Fate::Retried),
            (self.request_lost, Fate::RequestLost),
            (self.answer_lost, Fate::AnswerLost),
            (self.late, Fate::Late),
        ];
        for (often, fate) in fates {
            if dice.happens(often) {
                return fate;
            }
        }
        Fate::Stored
    }
}

/// What becomes of a produce request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stored,
    Refused,
    Retried,
    RequestLost,
    AnswerLost,
    Late,
}
