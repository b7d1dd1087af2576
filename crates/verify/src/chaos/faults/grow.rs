//! Request topics that get more partitions.

use antiphon_testbed::reason::{Attempt, Because as _};

use super::Fault;
use crate::chaos::{place::ANSWER, stage::Stage};

/// Nothing takes them away again.
pub(super) struct Grow {
    partitions: u32,
}

impl Grow {
    pub(super) fn new(partitions: u32) -> Self {
        Self { partitions }
    }
}

impl Fault for Grow {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        let admin = stage.place.admin();
        let mut topics = stage.topics().requests().into_iter();
        topics.try_for_each(|topic| {
            let grown = admin.create_partitions(topic, self.partitions, ANSWER);
            grown.because(topic)
        })
    }

    fn evidence(&mut self, stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        for topic in stage.topics().requests() {
            let led = stage.place.partitions(topic)?;
            let led = led.iter().filter(|one| one.leader.is_some()).count();
            if u32::try_from(led) != Ok(self.partitions) {
                return Ok(None);
            }
        }
        Ok(Some(format!(
            "{} partitions of each have leaders",
            self.partitions
        )))
    }

    fn end(&mut self, _stage: &mut Stage<'_>) -> Attempt<()> {
        Ok(())
    }
}
