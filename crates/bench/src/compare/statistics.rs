//! Medians and ratios over rounds.

use serde::Serialize;

/// The median, and between what it lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of numbers that are numbers; none of none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<_> = values.into_iter().filter(|v| v.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        Some(Self {
            median: median(&values)?,
            min: *values.first()?,
            max: *values.last()?,
        })
    }

    /// Of the ratios of each round, of those rounds that have both.
    pub(crate) fn of_ratios(
        rounds: impl IntoIterator<Item = (Option<f64>, Option<f64>)>,
    ) -> Option<Self> {
        let both = |(of, to): (Option<f64>, Option<f64>)| Some(of? / to?);
        Self::of(rounds.into_iter().filter_map(both))
    }
}

/// The middle of sorted values, or the mean of the two middles.
fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(*upper);
    }
    Some(f64::midpoint(*sorted.get(middle.checked_sub(1)?)?, *upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_the_mean_of_the_two_middles() {
        let median = |values: &[f64]| Spread::of(values.iter().copied()).map(|s| s.median);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn ratios_are_taken_within_a_round_before_the_median() {
        let rounds = [
            (Some(1.0), Some(2.0)),
            (Some(30.0), Some(10.0)),
            (Some(4.0), Some(4.0)),
        ];
        let spread = Spread::of_ratios(rounds);
        let expected = Spread {
            median: 1.0,
            min: 0.5,
            max: 3.0,
        };
        assert_eq!(spread, Some(expected));
    }

    #[test]
    fn a_round_that_lacks_one_of_both_does_not_count() {
        let rounds = [(None, Some(1.0)), (Some(1.0), None), (Some(1.0), Some(0.0))];
        assert_eq!(Spread::of_ratios(rounds), None);
    }
}
