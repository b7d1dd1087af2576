use std::collections::HashSet;

use antiphon_proto::{BadRule, GatherRule, Until, Verdict, Vote, VoteLimits, Votes};
use proptest::prelude::*;

fn rule() -> impl Strategy<Value = GatherRule> {
    (1_u32..6, proptest::option::of(0_u32..4), any::<bool>()).prop_map(
        |(min, above, at_minimum)| GatherRule {
            min,
            max: above.map(|above| min + above),
            until: if at_minimum {
                Until::Minimum
            } else {
                Until::Deadline
            },
        },
    )
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn each_responder_counts_once_in_any_order(rule in rule(), replies in prop::collection::vec(0_u8..8, 0..40)) {
        let mut votes = Votes::new(rule, VoteLimits::default());
        let mut voters = HashSet::new();
        for reply in replies {
            let open = votes.verdict() == Verdict::Open;
            let expected = match (voters.contains(&reply), open) {
                (true, _) => Vote::Duplicate,
                (false, true) => Vote::Counted,
                (false, false) => Vote::Surplus,
            };
            prop_assert_eq!(votes.vote(&format!("service-{reply}"), 10), expected);
            if expected == Vote::Counted {
                voters.insert(reply);
            }
        }
        prop_assert_eq!(usize::try_from(votes.counted()).unwrap(), voters.len());
        prop_assert_eq!(votes.is_satisfied(), voters.len() >= usize::try_from(rule.min).unwrap());
    }

    #[test]
    fn duplicates_and_order_do_not_change_the_count(
        rule in rule(),
        (order, other) in Just((0_u8..6).collect::<Vec<_>>())
            .prop_flat_map(|order| (Just(order.clone()).prop_shuffle(), Just([order.clone(), order].concat()).prop_shuffle())),
    ) {
        let count = |replies: Vec<u8>| {
            let mut votes = Votes::new(rule, VoteLimits::default());
            for reply in replies {
                votes.vote(&reply.to_string(), 1);
            }
            (votes.counted(), votes.verdict())
        };
        prop_assert_eq!(count(order), count(other));
    }

    #[test]
    fn limits_bound_what_is_held(replies in prop::collection::vec((0_u8..50, 0_usize..40), 0..100)) {
        let rule = GatherRule { min: 1, max: None, until: Until::Deadline };
        let mut votes = Votes::new(rule, VoteLimits { max_distinct: 5, max_bytes: 100 });
        let mut held = 0;
        for (responder, bytes) in replies {
            if votes.vote(&responder.to_string(), bytes) == Vote::Counted {
                held += bytes;
            }
        }
        prop_assert!(votes.counted() <= 5 && held <= 100);
    }
}

#[test]
fn rules_that_cannot_be_met_are_refused() {
    let rule = |min, max| GatherRule {
        min,
        max,
        until: Until::Minimum,
    };
    assert_eq!(rule(0, None).validate(None), Err(BadRule::ZeroMinimum));
    assert_eq!(
        rule(3, None).validate(Some(2)),
        Err(BadRule::MinimumAboveTargets { min: 3, targets: 2 })
    );
    assert_eq!(
        rule(3, Some(2)).validate(None),
        Err(BadRule::MaximumBelowMinimum { min: 3, max: 2 })
    );
    assert_eq!(rule(2, Some(2)).validate(Some(2)), Ok(()));
}
