//! Partitions that move all the time.

use std::time::{Duration, Instant};

use antiphon_testbed::reason::Attempt;

use super::Fault;
use crate::chaos::stage::Stage;

/// How long the further responder stays, once it has partitions.
const STAYS: Duration = Duration::from_secs(2);

/// A further responder joins, gets partitions, leaves, and joins again.
#[derive(Default)]
pub(super) struct Churn {
    since: Option<Instant>,
    leaves: bool,
    stays: u32,
}

impl Churn {
    /// What is due now.
    fn go_on(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        let churner = &mut stage.churner;
        if !churner.lives() {
            // It was told to leave, and has.
            self.leaves = false;
            self.since = None;
            return churner.start();
        }
        if self.leaves {
            return Ok(());
        }
        match self.since {
            None if churner.is_ready() => {
                self.since = Some(Instant::now());
                self.stays += 1;
                Ok(())
            }
            Some(since) if since.elapsed() > STAYS => {
                self.leaves = true;
                churner.drain().map(drop)
            }
            _ => Ok(()),
        }
    }
}

impl Fault for Churn {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        self.go_on(stage)
    }

    fn evidence(&mut self, stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        self.go_on(stage)?;
        let name = &stage.churner.process.name;
        let stays = self.stays;
        Ok((stays > 0).then(|| format!("{name} had partitions {stays} times")))
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        let churner = &mut stage.churner;
        if churner.lives() {
            churner.until_ready()?;
            churner.drain()?;
        }
        Ok(())
    }
}
