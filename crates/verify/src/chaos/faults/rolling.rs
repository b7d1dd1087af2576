//! Everything is restarted in the orderly way, one after the other.

use antiphon_testbed::reason::Attempt;

use super::Fault;
use crate::{chaos::stage::Stage, history::Role};

/// All of it happens before it has begun.
#[derive(Default)]
pub(super) struct Rolling {
    processes: usize,
    brokers: usize,
}

impl Rolling {
    fn restart_all(&mut self, stage: &mut Stage<'_>, role: Role) -> Attempt<()> {
        for at in 0..stage.of(role).len() {
            let member = stage.member(role, at)?;
            member.drain()?;
            member.start()?;
            member.until_ready()?;
            self.processes += 1;
            stage.look()?;
        }
        Ok(())
    }
}

impl Fault for Rolling {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        self.restart_all(stage, Role::Responder)?;
        self.restart_all(stage, Role::Requester)?;
        for (_, node) in stage.place.nodes() {
            node.stop()?;
            node.start()?;
            self.brokers += 1;
        }
        stage.look()
    }

    fn evidence(&mut self, _stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        let (processes, brokers) = (self.processes, self.brokers);
        Ok(Some(format!(
            "{processes} processes drained, {brokers} brokers were stopped, and all work again"
        )))
    }

    fn end(&mut self, _stage: &mut Stage<'_>) -> Attempt<()> {
        Ok(())
    }
}
