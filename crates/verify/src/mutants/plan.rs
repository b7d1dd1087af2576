//! Which jobs are run on a seeded bug, in which order, and for how long.

use std::time::Duration;

use antiphon_proto::mutants::Mutant;

use super::{
    Family, Job, MutantsError,
    run::{Caught, Ended},
};

/// A job takes so many times its usual time before it counts as one that does not end, but never
/// less than this.
const PATIENCE: u32 = 5;
const LEAST: Duration = Duration::from_secs(20);

/// Jobs that find nothing where no bug is seeded, the cheapest first.
#[derive(Debug)]
pub struct Plan {
    jobs: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    job: Job,
    /// Without a bug.
    took: Duration,
    said: String,
    limit: Duration,
}

/// What became of one seeded bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The bug.
    pub mutant: Mutant,
    /// What each job that was run came to, in the order of the runs.
    pub runs: Vec<(Family, Ended)>,
    /// The families of the jobs that were not run, since it had been found.
    pub skipped: Vec<Family>,
}

impl Plan {
    /// Runs each job without a bug, to see that it finds nothing then, and how long it takes.
    ///
    /// # Errors
    ///
    /// A job finds something, or can not be run.
    pub fn new(
        jobs: Vec<Job>,
        limit: Duration,
        show: &mut dyn FnMut(&str),
    ) -> Result<Self, MutantsError> {
        let mut planned = Vec::new();
        for job in jobs {
            show(&format!("no bug: {}", job.name));
            let ran = job.run(None, limit, "")?;
            if let Ended::Caught(Caught { how, .. }) = ran.ended {
                return Err(MutantsError::new(format!(
                    "{} finds something where no bug is seeded, so nothing it finds means anything: {how}",
                    job.name
                )));
            }
            planned.push(Planned {
                job,
                took: ran.took,
                said: ran.output,
                limit: (ran.took * PATIENCE).max(LEAST).min(limit),
            });
        }
        planned.sort_by_key(|planned| planned.took);
        Ok(Self { jobs: planned })
    }

    /// How many jobs there are.
    pub fn jobs(&self) -> usize {
        self.jobs.len()
    }

    /// Runs jobs until one finds the bug; with `all_families` until one of each family has.
    ///
    /// # Errors
    ///
    /// A job can not be run.
    pub fn try_out(
        &self,
        mutant: Mutant,
        all_families: bool,
        show: &mut dyn FnMut(&str),
    ) -> Result<Trial, MutantsError> {
        let mut trial = Trial {
            mutant,
            runs: Vec::new(),
            skipped: Vec::new(),
        };
        for planned in &self.jobs {
            let job = &planned.job;
            let settled = if all_families {
                trial.caught_by(job.family).is_some()
            } else {
                trial.is_caught()
            };
            if settled {
                trial.skipped.push(job.family);
                continue;
            }
            show(&format!("{}: {}", mutant.name, job.name));
            let ran = job.run(Some(mutant.name), planned.limit, &planned.said)?;
            trial.runs.push((job.family, ran.ended));
        }
        Ok(trial)
    }
}

impl Trial {
    /// Something found it.
    pub fn is_caught(&self) -> bool {
        Family::ALL
            .iter()
            .any(|family| self.caught_by(*family).is_some())
    }

    /// What of this family found it.
    pub fn caught_by(&self, family: Family) -> Option<&Caught> {
        self.of(family).find_map(|ended| match ended {
            Ended::Caught(caught) => Some(caught),
            Ended::Quiet => None,
        })
    }

    /// All jobs of this family were run, and none found it.
    pub fn survives(&self, family: Family) -> bool {
        let complete = self.of(family).next().is_some() && !self.skipped.contains(&family);
        complete && self.caught_by(family).is_none()
    }

    fn of(&self, family: Family) -> impl Iterator<Item = &Ended> {
        let runs = self.runs.iter().filter(move |(of, _)| *of == family);
        runs.map(|(_, ended)| ended)
    }
}
