//! The active controller is killed. Clients are not told who it is, so the brokers' logs are asked.

use std::fs;

use antiphon_testbed::reason::Attempt;

use super::Fault;
use crate::chaos::{place::Place, stage::Stage};

/// What every controller prints when there is a new one.
const NEW: &str = "In the new epoch ";
const LEADER: &str = ", the leader is ";

/// An epoch, and which node leads in it.
type Reign = (u64, usize);

#[derive(Default)]
pub(super) struct KilledController {
    killed: Option<Reign>,
}

impl Fault for KilledController {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        let reign = latest(stage.place).ok_or("no broker's log names a controller")?;
        stage.place.node(reign.1)?.kill()?;
        self.killed = Some(reign);
        Ok(())
    }

    fn evidence(&mut self, stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        let both = self.killed.zip(latest(stage.place));
        let changed = both.filter(|(before, now)| now.0 > before.0 && now.1 != before.1);
        Ok(changed.map(|(before, now)| {
            format!(
                "broker {} was the controller, since epoch {} broker {} is",
                before.1, now.0, now.1
            )
        }))
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        match self.killed {
            Some((_, killed)) => stage.place.node(killed)?.start(),
            None => Ok(()),
        }
    }
}

/// The latest that any broker has heard of.
fn latest(place: &Place) -> Option<Reign> {
    let logs = place
        .nodes()
        .filter_map(|(_, node)| fs::read(node.log_path()).ok());
    logs.filter_map(|log| reigns(&String::from_utf8_lossy(&log)).max())
        .max()
}

fn reigns(log: &str) -> impl Iterator<Item = Reign> {
    log.lines().filter_map(|line| {
        let (_, rest) = line.split_once(NEW)?;
        let (epoch, rest) = rest.split_once(LEADER)?;
        let node: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some((epoch.parse().ok()?, node.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_controller_is_the_one_that_reigns() {
        let log = "12:00:00 INFO [QuorumController id=1] In the new epoch 2, the leader is 3.\n\
                   12:00:01 INFO [QuorumController id=1] In the new epoch 3, the leader is (none).\n\
                   12:00:01 INFO [QuorumController id=1] In the new epoch 4, the leader is 1.\n\
                   12:00:02 INFO something else";
        assert_eq!(reigns(log).max(), Some((4, 1)));
    }
}
