//! What a reader gets, and what it is told.

use antiphon::transport::{Record, RecordSink, Start};

use super::*;

/// Notes what was handed over, and the faults.
#[derive(Clone, Debug, Default)]
struct Reader(Arc<Mutex<(Vec<i64>, Vec<Kind>)>>);

impl RecordSink for Reader {
    fn demand(&mut self) -> usize {
        usize::MAX
    }

    fn records(&mut self, batch: &mut dyn Iterator<Item = Record<'_>>) {
        self.0
            .lock()
            .unwrap()
            .0
            .extend(batch.map(|record| record.offset));
    }

    fn tick(&mut self, _: bool) -> Duration {
        20 * MS
    }

    fn fault(&mut self, error: TransportError) {
        self.0.lock().unwrap().1.push(error.kind());
    }
}

impl Reader {
    fn seen(&self) -> (Vec<i64>, Vec<Kind>) {
        self.0.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_from_the_end_gets_all_that_is_stored_after_it_was_positioned() {
    let process = process(true);
    let publisher = process.publisher();
    send(&publisher, 1).unwrap();
    wait(SECOND).await;
    let reader = Reader::default();
    let opened = process
        .node
        .read("t", 0, Start::End, Box::new(reader.clone()), SECOND);
    let _subscription = opened.await.unwrap();
    (2..5).for_each(|token| send(&publisher, token).unwrap());
    wait(SECOND).await;
    assert_eq!(reader.seen(), (vec![1, 2, 3], Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_reader_learns_that_its_topic_is_gone_after_two_seconds_of_doubt() {
    let process = process(true);
    let reader = Reader::default();
    let opened = process
        .node
        .read("t", 0, Start::End, Box::new(reader.clone()), SECOND);
    let _subscription = opened.await.unwrap();
    process.cluster.delete("t");
    wait(1_900 * MS).await;
    assert_eq!(reader.seen().1, []);
    wait(SECOND).await;
    assert_eq!(reader.seen().1, [Kind::UnknownTopic]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_whose_position_is_gone_is_told_so() {
    let process = process(true);
    let publisher = process.publisher();
    let reader = Reader::default();
    let opened = process
        .node
        .read("t", 0, Start::End, Box::new(reader.clone()), SECOND);
    let _subscription = opened.await.unwrap();
    send(&publisher, 1).unwrap();
    wait(SECOND).await;
    process.cluster.delete("t");
    process.cluster.create("t", 1);
    wait(6 * SECOND).await;
    assert_eq!(reader.seen(), (vec![0], vec![Kind::OffsetOutOfRange]));
}

#[tokio::test(start_paused = true)]
async fn a_reader_begins_at_the_start_that_it_was_given() {
    let cases = [
        (Start::Beginning, vec![1, 2, 3]),
        (Start::Offset(1), vec![1, 2, 3]),
        (Start::Offset(3), vec![3]),
        (Start::End, vec![3]),
    ];
    for (start, expected) in cases {
        let process = process(true);
        let publisher = process.publisher();
        (1..4).for_each(|token| send(&publisher, token).unwrap());
        wait(SECOND).await;
        process.cluster.expire(&at(0), 1);
        let reader = Reader::default();
        let sink = Box::new(reader.clone());
        let _subscription = process
            .node
            .read("t", 0, start, sink, SECOND)
            .await
            .unwrap();
        send(&publisher, 4).unwrap();
        wait(SECOND).await;
        assert_eq!(reader.seen(), (expected, Vec::new()), "{start:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_is_refused_an_offset_that_the_partition_does_not_hold() {
    let process = process(true);
    let publisher = process.publisher();
    (1..4).for_each(|token| send(&publisher, token).unwrap());
    wait(SECOND).await;
    process.cluster.expire(&at(0), 1);
    for offset in [0, 4] {
        let sink = Box::new(Reader::default());
        let read = process
            .node
            .read("t", 0, Start::Offset(offset), sink, SECOND);
        assert_eq!(read.await.unwrap_err().kind(), Kind::OffsetOutOfRange);
    }
}
