//! Brokers that are killed.

use antiphon_testbed::reason::Attempt;

use super::{Fault, evidence::is_deaf};
use crate::chaos::stage::Stage;

/// The leader of a partition is killed; another has to lead.
pub(super) struct KilledLeader {
    partition: usize,
    killed: Option<usize>,
}

impl KilledLeader {
    pub(super) fn new(partition: usize) -> Self {
        Self {
            partition,
            killed: None,
        }
    }

    /// Who leads, as long as somebody does.
    fn leader(&self, stage: &Stage<'_>) -> Attempt<Option<usize>> {
        let partitions = stage.place.partitions(&stage.topics().work)?;
        let wanted = partitions
            .iter()
            .find(|one| usize::try_from(one.id) == Ok(self.partition));
        let leader = wanted.and_then(|one| one.leader);
        Ok(leader.and_then(|id| usize::try_from(id).ok()))
    }
}

impl Fault for KilledLeader {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        let leader = self.leader(stage)?;
        let leader = leader.ok_or_else(|| format!("nobody leads partition {}", self.partition))?;
        stage.place.node(leader)?.kill()?;
        self.killed = Some(leader);
        Ok(())
    }

    fn evidence(&mut self, stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        // While leaders move, a question may fail.
        let now = self.leader(stage).unwrap_or(None);
        let moved = now.zip(self.killed).filter(|(now, killed)| now != killed);
        let partition = self.partition;
        Ok(moved.map(|(now, killed)| {
            format!("partition {partition} went from broker {killed} to {now}")
        }))
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        match self.killed {
            Some(killed) => stage.place.node(killed)?.start(),
            None => Ok(()),
        }
    }
}

/// All brokers but one are killed: nothing can be acknowledged.
pub(super) struct AllBut {
    left: usize,
}

impl AllBut {
    pub(super) fn new(left: usize) -> Self {
        Self { left }
    }
}

impl Fault for AllBut {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        for (id, node) in stage.place.nodes() {
            if id != self.left {
                node.kill()?;
            }
        }
        Ok(())
    }

    fn evidence(&mut self, stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        let others = || stage.place.nodes().filter(|(id, _)| *id != self.left);
        let gone = others().all(|(_, node)| node.pid().is_none() && is_deaf(&node.address()));
        let ids: Vec<_> = others().map(|(id, _)| id.to_string()).collect();
        Ok(gone.then(|| format!("nobody listens at brokers {}", ids.join(" and "))))
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        // One after the other would not do: a broker serves only when most of the controllers run.
        let started = std::thread::scope(|scope| {
            let nodes: Vec<_> = stage.place.nodes().collect();
            let starts: Vec<_> = nodes
                .iter()
                .map(|(_, node)| scope.spawn(|| node.start()))
                .collect();
            let ends = starts.into_iter().map(|start| start.join());
            ends.collect::<Vec<_>>()
        });
        started.into_iter().try_for_each(|end| {
            end.unwrap_or_else(|_| Err("a thread that started a broker died".to_owned()))
        })
    }
}
