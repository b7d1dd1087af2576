use antiphon_proto::Watermark;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    /// Skips this number of offsets, then starts the next.
    Start(i64),
    Done(prop::sample::Index),
    DoneUnknown(u64),
    TakeCommit,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0_i64..5).prop_map(Op::Start),
        3 => any::<prop::sample::Index>().prop_map(Op::Done),
        1 => (1_000_u64..).prop_map(Op::DoneUnknown),
        1 => Just(Op::TakeCommit),
    ]
}

/// Every request ever started: sequence number, offset, and whether it is done.
#[derive(Default)]
struct Model {
    started: Vec<(u64, i64, bool)>,
}

impl Model {
    fn committable(&self) -> Option<i64> {
        self.started
            .iter()
            .take_while(|(_, _, done)| *done)
            .last()
            .map(|(_, offset, _)| offset + 1)
    }
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn a_commit_never_passes_an_unfinished_offset(ops in prop::collection::vec(op(), 0..120)) {
        let mut watermark = Watermark::new();
        let mut model = Model::default();
        let (mut offset, mut taken) = (0, None);
        for op in ops {
            match op {
                Op::Start(gap) => {
                    offset += gap + 1;
                    model.started.push((watermark.start(offset), offset, false));
                }
                Op::Done(index) if !model.started.is_empty() => {
                    let started = index.index(model.started.len());
                    let (sequence, _, done) = &mut model.started[started];
                    prop_assert_eq!(watermark.done(*sequence), !*done);
                    *done = true;
                }
                Op::Done(_) => {}
                Op::DoneUnknown(sequence) => prop_assert!(!watermark.done(sequence)),
                Op::TakeCommit => {
                    let expected = model.committable().filter(|commit| Some(*commit) != taken);
                    prop_assert_eq!(watermark.take_commit(), expected);
                    taken = expected.or(taken);
                }
            }
            prop_assert_eq!(watermark.committable(), model.committable());
            prop_assert_eq!(watermark.in_flight(), model.started.iter().filter(|(_, _, done)| !done).count());
            prop_assert!(watermark.span() >= watermark.in_flight());
        }
    }
}

#[test]
fn a_commit_is_taken_once_per_advance() {
    let mut watermark = Watermark::new();
    let (first, second) = (watermark.start(10), watermark.start(15));
    assert!(watermark.done(second));
    assert_eq!(watermark.take_commit(), None);
    assert!(watermark.done(first));
    assert!(!watermark.done(first));
    assert_eq!(watermark.take_commit(), Some(16));
    assert_eq!(watermark.take_commit(), None);
    assert_eq!((watermark.in_flight(), watermark.span()), (0, 0));
}

#[test]
fn a_commit_that_may_have_been_refused_can_be_taken_again() {
    let mut watermark = Watermark::new();
    watermark.offer_again();
    assert_eq!(watermark.take_commit(), None);
    let sequence = watermark.start(7);
    assert_eq!(watermark.newest(), Some(7));
    watermark.done(sequence);
    assert_eq!(watermark.take_commit(), Some(8));
    assert_eq!(watermark.take_commit(), None);
    watermark.offer_again();
    assert_eq!(watermark.take_commit(), Some(8));
}
