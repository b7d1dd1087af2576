//! Sets of offsets.

use std::collections::BTreeMap;

/// Offsets, most of which follow one another: first of a run, and the one after its last.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans(BTreeMap<i64, i64>);

impl Spans {
    pub(super) fn insert(&mut self, offset: i64) {
        let after = offset.saturating_add(1);
        let before = self.0.range_mut(..=offset).next_back();
        let begins = match before {
            Some((_, end)) if *end > offset => return,
            Some((begin, end)) if *end == offset => {
                *end = after;
                *begin
            }
            _ => {
                self.0.insert(offset, after);
                offset
            }
        };
        if let Some(end) = self.0.remove(&after) {
            self.0.insert(begins, end);
        }
    }

    /// The offsets below `end` that are not in `others`, as runs.
    pub(super) fn without<'a>(
        &'a self,
        others: &'a Self,
        end: i64,
    ) -> impl Iterator<Item = (i64, i64)> + 'a {
        let own = self.0.range(..end);
        own.flat_map(move |(from, to)| others.gaps(*from, (*to).min(end)))
    }

    /// The runs of `from..to` that are not in it.
    fn gaps(&self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut gaps = Vec::new();
        let mut at = match self.0.range(..=from).next_back() {
            Some((_, end)) => from.max(*end),
            None => from,
        };
        for (begin, end) in self.0.range(from..to) {
            if at < *begin {
                gaps.push((at, *begin));
            }
            at = at.max(*end);
        }
        if at < to {
            gaps.push((at, to));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn spans_are_sets(own in prop::collection::vec(-20_i64..20, 0..40),
                          others in prop::collection::vec(-20_i64..20, 0..40),
                          end in -25_i64..25) {
            let spans = |offsets: &[i64]| {
                let mut spans = Spans::default();
                offsets.iter().for_each(|offset| spans.insert(*offset));
                spans
            };
            let missing: BTreeSet<i64> = spans(&own)
                .without(&spans(&others), end)
                .flat_map(|(from, to)| from..to)
                .collect();
            let expected: BTreeSet<i64> = own.iter().copied()
                .filter(|offset| *offset < end && !others.contains(offset))
                .collect();
            prop_assert_eq!(missing, expected);
        }
    }

    #[test]
    fn the_last_offset_there_is_does_no_harm() {
        let mut spans = Spans::default();
        spans.insert(i64::MAX);
        spans.insert(i64::MIN);
        assert_eq!(spans.without(&Spans::default(), 0).count(), 1);
    }
}
