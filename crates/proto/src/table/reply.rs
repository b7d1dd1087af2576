use super::slot::{Ended, Sight, Slot, State};
use super::{Delivery, Step, Table};
use crate::sync::lock;
use crate::{CorrelationId, mutant};

impl<W, R> Table<W, R> {
    /// Brings a reply to the call with this id; `f` runs only if that call waits, and says whether it has ended.
    pub fn handle_reply(
        &self,
        id: CorrelationId,
        f: impl FnOnce(&mut W) -> Step<R>,
    ) -> Delivery<W> {
        if !id.is_ours(self.instance) {
            return Delivery::Foreign;
        }
        let Some(cell) = self.segments.get(id.slot()) else {
            return Delivery::Unknown;
        };
        let mut slot = lock(cell.slot);
        match slot.sight(id) {
            Sight::NeverIssued => return Delivery::Unknown,
            Sight::Older => return Delivery::Late,
            Sight::Current => {}
        }
        let State::Waiting { waiter, .. } = &mut slot.state else {
            return too_late(&slot);
        };
        let Step::Finish(result) = f(waiter) else {
            return Delivery::Kept;
        };
        cell.deadline.clear();
        slot.finish(result, Ended::ByReply)
            .map_or(Delivery::Kept, Delivery::Finished)
    }

    /// Ends a waiting call otherwise than by a reply, such as when its request could not be sent. `None` if it does not
    /// wait; else wake the waiter.
    pub fn finish(&self, id: CorrelationId, result: R) -> Option<W> {
        let (cell, mut slot) = self.locked(id)?;
        let waiter = slot.finish(result, Ended::Otherwise)?;
        cell.deadline.clear();
        Some(waiter)
    }
}

impl<W, R> Table<W, R> {
    /// As [`finish`](Self::finish), for the call that [`CorrelationId::token`] names. A token is given to nobody but the
    /// sender of the request, so it carries no salt.
    pub fn fail_token(&self, token: u64, f: impl FnOnce(&mut W) -> R) -> Option<W> {
        let [high, low] = [token >> 32, token & u64::from(u32::MAX)];
        let cell = self.segments.get(u32::try_from(low).ok()?)?;
        let mut slot = lock(cell.slot);
        if u64::from(slot.generation()) != high && !mutant!("token_by_slot_only") {
            return None;
        }
        let State::Waiting { waiter, .. } = &mut slot.state else {
            return None;
        };
        let result = f(waiter);
        let waiter = slot.finish(result, Ended::Otherwise)?;
        cell.deadline.clear();
        Some(waiter)
    }
}

fn too_late<W, R>(slot: &Slot<W, R>) -> Delivery<W> {
    if slot.ended() == Ended::ByReply {
        Delivery::Duplicate
    } else {
        Delivery::Late
    }
}
