//! Processes that are killed, from outside or at a certain step.

use std::{os::unix::process::ExitStatusExt as _, process::ExitStatus, time::Duration};

use antiphon_testbed::reason::Attempt;

use super::Fault;
use crate::{
    chaos::{child::Order, stage::Stage},
    history::{Event, Role},
};

/// How long a process may take to come to the step at which it is to die.
const TRAP: Duration = Duration::from_secs(30);

/// A process is dead until the end of the fault.
pub(super) struct Killed {
    role: Role,
    at: usize,
    /// What makes it kill itself; none: it is killed at once.
    trap: Option<Order>,
    ended: Option<ExitStatus>,
}

impl Killed {
    pub(super) fn new(role: Role, at: usize, trap: Option<Order>) -> Self {
        Self {
            role,
            at,
            trap,
            ended: None,
        }
    }
}

impl Fault for Killed {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        let member = stage.member(self.role, self.at)?;
        let ended = match &self.trap {
            None => member.kill()?,
            Some(order) => {
                // It may be dead before it could confirm that.
                member.tell(order)?;
                member.until_ended(TRAP)?
            }
        };
        self.ended = Some(ended);
        let process = member.process.clone();
        stage.record(Event::Killed {
            process: process.name,
            incarnation: process.incarnation,
        });
        Ok(())
    }

    fn evidence(&mut self, _stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        let signal = self.ended.and_then(|ended| ended.signal());
        Ok(signal.map(|signal| format!("it ended by signal {signal}")))
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        let member = stage.member(self.role, self.at)?;
        member.start()?;
        member.until_ready()
    }
}
