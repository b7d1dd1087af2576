//! What the nemesis writes down.

use std::sync::Arc;

use super::{Moment, State};
use crate::history::Event;

impl State {
    pub(super) fn take_nemesis(&mut self, event: &Event, now: Moment) {
        match event {
            Event::Killed {
                process,
                incarnation,
            } => self.misfortunes.kill(process, *incarnation, now.at),
            Event::Paused { process, since } => self.misfortunes.pause(process, *since, now.at),
            Event::FaultStart { fault, kind, .. } => {
                self.totals.faults += 1;
                let fault = self.fault(*fault);
                fault.kind = Some(Arc::clone(kind));
                fault.started.get_or_insert(now.at);
            }
            Event::FaultEffect { fault, .. } => self.fault(*fault).took_effect = true,
            Event::TopicGone { name } => {
                self.gone.insert(Arc::clone(name));
            }
            Event::Healed => self.healed = self.healed.max(Some(now.at)),
            _ => {}
        }
    }
}
