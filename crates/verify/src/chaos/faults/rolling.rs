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

impl Fault for Rolling {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        for role in [Role::Responder, Role::Requester] {
            self.processes += restart_all(stage, role)?;
        }
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

/// Drains and starts all processes of a role, one after the other; how many there are.
fn restart_all(stage: &mut Stage<'_>, role: Role) -> Attempt<usize> {
    let count = stage.of(role).len();
    for at in 0..count {
        let member = stage.member(role, at)?;
        member.drain()?;
        member.start()?;
        member.until_ready()?;
        stage.look()?;
    }
    Ok(count)
}
