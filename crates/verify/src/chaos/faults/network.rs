//! What the proxies do.

use antiphon_testbed::proxy::{Answers, Counts, Impairment, PRODUCE, Proxy, Way};
use std::time::Duration;

use antiphon_testbed::reason::Attempt;

use super::Fault;
use crate::{chaos::stage::Stage, history::Role};

/// A narrow line has an effect when messages waited for it so long altogether, in microseconds.
const WAITED: u64 = 500_000;

/// Connections are impaired, at one broker or at all.
pub(super) struct Impaired {
    node: Option<usize>,
    impairment: Impairment,
    before: u64,
}

impl Impaired {
    pub(super) fn everywhere(impairment: Impairment) -> Self {
        Self {
            node: None,
            impairment,
            before: 0,
        }
    }

    pub(super) fn hole(node: usize, way: Way, whom: Option<Role>) -> Self {
        Self {
            node: Some(node),
            ..Self::everywhere(Impairment {
                hole: Some(way),
                // Processes name their clients after themselves.
                client: whom.map(|role| role.word().to_owned()),
                ..Impairment::default()
            })
        }
    }

    pub(super) fn lose_acks(share: f64) -> Self {
        Self::answers(Answers::Drop {
            api_key: PRODUCE,
            share,
        })
    }

    pub(super) fn hold(api_key: i16, milliseconds: u64) -> Self {
        Self::answers(Answers::Hold {
            api_key,
            by: Duration::from_millis(milliseconds),
        })
    }

    fn answers(answers: Answers) -> Self {
        Self::everywhere(Impairment {
            answers: Some(answers),
            ..Impairment::default()
        })
    }

    fn proxies<'a>(&self, stage: &'a Stage<'_>) -> impl Iterator<Item = &'a Proxy> {
        let node = self.node;
        let all = (1..).zip(stage.place.proxies());
        let concerned = all.filter(move |(id, _)| node.is_none_or(|node| node == *id));
        concerned.map(|(_, proxy)| proxy)
    }

    /// How often the proxies did what they are told to do.
    fn count(&self, stage: &Stage<'_>) -> u64 {
        let of = |counts: &Counts| match (&self.impairment.answers, self.impairment.hole) {
            (Some(Answers::Drop { .. }), _) => Counts::of(&counts.dropped),
            (Some(Answers::Hold { .. }), _) => Counts::of(&counts.held),
            (None, Some(_)) => Counts::of(&counts.held_at_hole),
            (None, None) => Counts::of(&counts.throttled) / WAITED,
        };
        self.proxies(stage)
            .map(|proxy| of(&proxy.rules().counts))
            .sum()
    }

    fn words(&self, count: u64) -> String {
        match (&self.impairment.answers, self.impairment.hole) {
            (Some(Answers::Drop { .. }), _) => format!("{count} acknowledgements were lost"),
            (Some(Answers::Hold { .. }), _) => format!("{count} answers were held"),
            (None, Some(_)) => format!("{count} messages wait"),
            (None, None) => "messages waited for half a second and more".to_owned(),
        }
    }
}

impl Fault for Impaired {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        self.before = self.count(stage);
        for proxy in self.proxies(stage) {
            proxy.rules().set(self.impairment.clone());
        }
        Ok(())
    }

    fn evidence(&mut self, stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        let count = self.count(stage).saturating_sub(self.before);
        Ok((count > 0).then(|| self.words(count)))
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        for proxy in self.proxies(stage) {
            proxy.rules().set(Impairment::default());
        }
        Ok(())
    }
}
