//! What a fault acts on: brokers, processes, and the history of what was done to them.

use std::{
    thread,
    time::{Duration, Instant},
};

use antiphon_testbed::reason::Attempt;

use super::{
    child::{Status, Topics},
    fleet::{Common, Member},
    live::Live,
    place::Place,
    rows::{REQUESTERS, RESPONDERS},
};
use crate::history::{Event, HistoryFile, Recorder as _, Role};

/// The rest between two looks at the processes.
const PAUSE: Duration = Duration::from_millis(100);

/// The number of the first responder; requesters have smaller ones.
const FIRST_RESPONDER: u16 = 11;

/// The number of the responder that comes and goes.
const CHURNER: u16 = 19;

/// One row as it runs.
pub(super) struct Stage<'a> {
    pub(super) place: &'a Place,
    pub(super) common: Common,
    pub(super) requesters: Vec<Member>,
    pub(super) responders: Vec<Member>,
    /// A further responder, which is there only while partitions are to move.
    pub(super) churner: Member,
    pub(super) live: &'a Live,
    history: HistoryFile,
}

impl<'a> Stage<'a> {
    /// Nobody works yet.
    pub(super) fn new(
        place: &'a Place,
        common: Common,
        history: HistoryFile,
        live: &'a Live,
    ) -> Self {
        let each = common.rate / u32::try_from(REQUESTERS).unwrap_or(1);
        let requester = |number| Member::new(&common, Role::Requester, number, "", each);
        let responder =
            |number: u16, service: &str| Member::new(&common, Role::Responder, number, service, 0);
        let Topics {
            workers, auditors, ..
        } = &common.topics;
        let last = RESPONDERS - 1;
        let service = |at: usize| if at == last { auditors } else { workers };
        Self {
            requesters: (1..).take(REQUESTERS).map(requester).collect(),
            responders: (FIRST_RESPONDER..)
                .zip(0..RESPONDERS)
                .map(|(number, at)| responder(number, service(at)))
                .collect(),
            churner: responder(CHURNER, workers),
            place,
            common,
            live,
            history,
        }
    }

    /// Writes down what the nemesis did.
    pub(super) fn record(&self, event: Event) {
        self.history.record(event);
    }

    /// Microseconds since the run began.
    pub(super) fn now(&self) -> u64 {
        HistoryFile::moment().saturating_sub(self.common.began)
    }

    pub(super) fn topics(&self) -> &Topics {
        &self.common.topics
    }

    /// All processes of a role.
    pub(super) fn of(&mut self, role: Role) -> &mut Vec<Member> {
        match role {
            Role::Requester => &mut self.requesters,
            _ => &mut self.responders,
        }
    }

    /// One process of a role.
    pub(super) fn member(&mut self, role: Role, at: usize) -> Attempt<&mut Member> {
        let missing = || format!("there is no {role:?} {}", at + 1);
        self.of(role).get_mut(at).ok_or_else(missing)
    }

    /// All processes.
    pub(super) fn members(&mut self) -> impl Iterator<Item = &mut Member> {
        let both = self.responders.iter_mut().chain(&mut self.requesters);
        both.chain(std::iter::once(&mut self.churner))
    }

    /// What all requesters did so far, and have in flight.
    pub(super) fn calls(&self) -> Status {
        let totals = self.requesters.iter().map(Member::total);
        totals.fold(Status::default(), Status::plus)
    }

    /// Looks at all processes. An error: one of them has ended by itself.
    pub(super) fn look(&mut self) -> Attempt<()> {
        let looked = self.members().map(Member::look).collect::<Vec<_>>();
        self.live.show(&self.calls());
        looked.into_iter().collect()
    }

    /// Lets time pass, and looks at all processes meanwhile.
    pub(super) fn wait(&mut self, duration: Duration) -> Attempt<()> {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            self.look()?;
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}
