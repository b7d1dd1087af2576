//! Rounds: in each, every contender runs once.

use std::time::Duration;

use super::{
    contender::{Contender, REFERENCE},
    measure::{Timing, measure},
    measured::Runs,
    place::{Address, Places},
    report::Comparison,
    setting::Setting,
};

/// What each contender gets before the first run on a Kafka, so that nobody pays for a cold broker.
const FIRST: Duration = Duration::from_secs(3);

pub(super) struct Rounds {
    places: Places,
    /// The Kafka that was warmed up last.
    warm: Option<Address>,
    timing: Timing,
    rounds: usize,
}

impl Rounds {
    pub(super) fn new(given: Option<String>, timing: Timing, rounds: usize) -> Self {
        Self {
            places: Places::new(given),
            warm: None,
            timing,
            rounds,
        }
    }

    /// A run that fails is noted, and the others go on: what was measured for an hour must not be lost.
    pub(super) fn run(
        &mut self,
        setting: Setting,
        contenders: &[Contender],
    ) -> Result<Comparison, String> {
        let address = self.places.at(setting.kafka)?;
        self.warm_up(&address, contenders);
        let mut runs: Vec<(Contender, Runs)> =
            contenders.iter().map(|one| (*one, Vec::new())).collect();
        let (mut rates, mut failures) = (Vec::new(), Vec::new());
        for round in 1..=self.rounds {
            let rate = match self.offered(&address, &setting) {
                Ok(rate) => rate,
                Err(reason) => {
                    failures.push(format!("round {round}, the rate to offer: {reason}"));
                    continue;
                }
            };
            rates.extend(rate);
            let whose = runs.len();
            for turn in 0..whose {
                // Everybody is first once, so that what a run leaves behind hits all.
                let (contender, reached) = &mut runs[(turn + round - 1) % whose];
                let run = measure(&address, &setting, *contender, self.timing, rate);
                let said = match &run {
                    Ok(run) => format!("{:.0}/s, p50 {:.2} ms", run.rate, run.p50_us / 1e3),
                    Err(reason) => format!("failed: {reason}"),
                };
                let (name, total) = (contender.name(), self.rounds);
                eprintln!(
                    "{}, {} in flight, round {round} of {total}, {name}: {said}",
                    setting.name, setting.in_flight
                );
                if let Err(reason) = &run {
                    failures.push(format!("round {round}, {name}: {reason}"));
                }
                reached.push(run.ok());
            }
        }
        Ok(Comparison::new(setting, &rates, runs, failures))
    }

    fn warm_up(&mut self, address: &Address, contenders: &[Contender]) {
        if self.warm.as_ref() == Some(address) {
            return;
        }
        let timing = Timing {
            warmup: Duration::ZERO,
            duration: self.timing.duration.min(FIRST),
        };
        let setting = Setting::level(100, 100, 1);
        for contender in contenders {
            // What fails here fails again where it is noted.
            let _ = measure(address, &setting, *contender, timing, None);
        }
        self.warm = Some(address.clone());
    }

    /// Half of what the reference reaches in a closed loop.
    fn offered(&self, address: &Address, setting: &Setting) -> Result<Option<f64>, String> {
        if !setting.open_loop {
            return Ok(None);
        }
        let closed = measure(address, &setting.closed(), REFERENCE, self.timing, None)?;
        Ok(Some(closed.rate / 2.0))
    }
}
