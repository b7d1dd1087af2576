//! What happens when: a pure function of the row and the seed.

use std::{hash::Hasher as _, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use siphasher::sip::SipHasher13;

use super::{act::Act, rows::Row};

/// How long a run goes on before its first fault.
const WARM_UP: Duration = Duration::from_secs(6);

/// A fault and its time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// Since the load began.
    pub(crate) begins: Duration,
    /// How long it lasts. What it takes to begin and to end comes on top, and moves what follows.
    pub(crate) lasts: Duration,
    /// What happens.
    pub(crate) act: Act,
}

/// The faults of a run in which they may go on for `faulty`. At least one, unless the row has none.
pub(crate) fn schedule(row: &Row, seed: u64, faulty: Duration) -> Vec<Step> {
    let Some(faults) = &row.faults else {
        return Vec::new();
    };
    let mut random = SmallRng::seed_from_u64(of_row(row.code, seed));
    let mut steps = Vec::new();
    let mut begins = WARM_UP;
    for count in 0..faults.at_most {
        let lasts = Duration::from_millis(random.random_range(faults.on.clone()));
        if !steps.is_empty() && begins + lasts > faulty {
            break;
        }
        steps.push(Step {
            begins,
            lasts,
            act: (faults.draw)(count, &mut random),
        });
        begins += lasts + Duration::from_millis(random.random_range(faults.off.clone()));
    }
    steps
}

/// Rows of one run are told apart; the seed of a run is the same for all.
pub(crate) fn of_row(code: &str, seed: u64) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(seed, 0);
    hasher.write(code.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::rows::rows;

    const LONG: Duration = Duration::from_secs(280);

    #[test]
    fn a_schedule_depends_on_nothing_but_row_and_seed() {
        for row in rows() {
            assert_eq!(
                schedule(row, 7, LONG),
                schedule(row, 7, LONG),
                "{}",
                row.code
            );
        }
    }

    #[test]
    fn another_seed_is_another_schedule() {
        let other =
            |row: &&Row| row.faults.is_some() && schedule(row, 1, LONG) != schedule(row, 2, LONG);
        let with_faults = rows().iter().filter(|row| row.faults.is_some()).count();
        assert_eq!(rows().iter().filter(other).count(), with_faults);
    }

    #[test]
    fn faults_come_one_after_the_other_and_leave_time_to_heal() {
        for row in rows() {
            let steps = schedule(row, 3, LONG);
            assert_eq!(steps.is_empty(), row.faults.is_none(), "{}", row.code);
            for pair in steps.windows(2) {
                assert!(
                    pair[0].begins + pair[0].lasts < pair[1].begins,
                    "{}",
                    row.code
                );
            }
            for step in &steps {
                assert!(step.begins >= WARM_UP && step.begins + step.lasts <= LONG);
            }
        }
    }

    #[test]
    fn a_short_run_has_one_fault_at_least() {
        for row in rows().iter().filter(|row| row.faults.is_some()) {
            assert_eq!(schedule(row, 3, Duration::ZERO).len(), 1, "{}", row.code);
        }
    }
}
