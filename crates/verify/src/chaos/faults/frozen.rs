//! Brokers and processes that are stopped, and run on later as if nothing had been.

use std::time::Duration;

use antiphon_testbed::{reason::Attempt, wait::eventually};

use super::{Fault, evidence::state};
use crate::{
    chaos::stage::Stage,
    history::{Event, Role},
};

/// How long the kernel may take to stop a process.
const LIMIT: Duration = Duration::from_secs(5);

/// A broker is stopped.
pub(super) struct FrozenBroker {
    node: usize,
}

impl FrozenBroker {
    pub(super) fn new(node: usize) -> Self {
        Self { node }
    }
}

impl Fault for FrozenBroker {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        stage.place.node(self.node)?.signal("STOP")
    }

    fn evidence(&mut self, stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        let pid = stage.place.node(self.node)?.pid();
        let stopped = pid.filter(|pid| state(*pid) == Some('T'));
        Ok(stopped.map(|pid| format!("the kernel says that process {pid} is stopped")))
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        stage.place.node(self.node)?.signal("CONT")
    }
}

/// A process is stopped.
pub(super) struct FrozenMember {
    role: Role,
    at: usize,
    since: u64,
    pid: Option<u32>,
}

impl FrozenMember {
    pub(super) fn new(role: Role, at: usize) -> Self {
        Self {
            role,
            at,
            since: 0,
            pid: None,
        }
    }
}

impl Fault for FrozenMember {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        self.since = stage.now();
        let member = stage.member(self.role, self.at)?;
        let pid = member.pid()?;
        member.signal("STOP")?;
        self.pid = Some(pid);
        let stopped = || (state(pid) == Some('T')).then_some(());
        eventually("a process is stopped", LIMIT, stopped)
    }

    fn evidence(&mut self, _stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        let stopped = self.pid.filter(|pid| state(*pid) == Some('T'));
        Ok(stopped.map(|pid| format!("the kernel says that process {pid} is stopped")))
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        let member = stage.member(self.role, self.at)?;
        member.signal("CONT")?;
        let process = member.process.name.clone();
        stage.record(Event::Paused {
            process,
            since: self.since,
        });
        Ok(())
    }
}
