//! Reading one partition without a group, from each start.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::transport::{
    Record, RecordSink, Start, Subscription, TransportError, TransportErrorKind,
    memory::MemoryBroker,
};
use bytes::Bytes;

/// Notes the offsets that were handed over.
#[derive(Clone, Debug, Default)]
struct Offsets(Arc<Mutex<Vec<i64>>>);

impl RecordSink for Offsets {
    fn demand(&mut self) -> usize {
        usize::MAX
    }

    fn records(&mut self, batch: &mut dyn Iterator<Item = Record<'_>>) {
        let mut offsets = self.0.lock().unwrap();
        offsets.extend(batch.map(|record| record.offset));
    }

    fn tick(&mut self, _: bool) -> Duration {
        Duration::from_millis(20)
    }

    fn fault(&mut self, error: TransportError) {
        panic!("{error}");
    }
}

/// A topic `t` with the offsets 0, 1 and 2.
fn broker() -> MemoryBroker {
    let broker = MemoryBroker::new();
    broker.create_topic("t", 1);
    for _ in 0..3 {
        append(&broker);
    }
    broker
}

fn append(broker: &MemoryBroker) {
    assert!(broker.append("t", 0, None, Some(Bytes::new()), Vec::new()));
}

async fn read(
    broker: &MemoryBroker,
    start: Start,
    sink: &Offsets,
) -> Result<Arc<dyn Subscription>, TransportError> {
    let transport = broker.transport();
    let sink = Box::new(sink.clone());
    let reading = transport.read("t", 0, start, sink, Duration::from_secs(1));
    reading.await
}

#[tokio::test(start_paused = true)]
async fn a_reader_begins_where_it_was_told_to_and_goes_on_with_what_is_appended() {
    let cases = [
        (Start::Beginning, vec![0, 1, 2, 3]),
        (Start::Offset(0), vec![0, 1, 2, 3]),
        (Start::Offset(2), vec![2, 3]),
        (Start::Offset(3), vec![3]),
        (Start::End, vec![3]),
    ];
    for (start, expected) in cases {
        let (broker, sink) = (broker(), Offsets::default());
        let _subscription = read(&broker, start, &sink).await.unwrap();
        append(&broker);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(*sink.0.lock().unwrap(), expected, "{start:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_offset_that_the_partition_does_not_hold_is_refused() {
    let broker = broker();
    for offset in [-1, 4] {
        let read = read(&broker, Start::Offset(offset), &Offsets::default()).await;
        let error = read.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::OffsetOutOfRange);
        assert!(error.to_string().contains('t'), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_does_not_exist_cannot_be_read_from_any_start() {
    let broker = MemoryBroker::new();
    for start in [Start::Beginning, Start::Offset(0), Start::End] {
        let error = read(&broker, start, &Offsets::default()).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::UnknownTopic);
    }
}
