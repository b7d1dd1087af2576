//! The loops, in paused time: what they do is exact to the millisecond of tokio's timers.

#![allow(clippy::unwrap_used, reason = "in a test it is an assertion")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_load::{Call, Counted, Failed, Load, Source, Tally, Then, Turn, series};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

const SECOND: Duration = Duration::from_secs(1);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A call that takes as long as its number says, and remembers when it began.
#[derive(Clone)]
struct Timed {
    took: fn(u64) -> u64,
    begun: Instant,
    starts: Arc<Mutex<Vec<(Turn, Duration)>>>,
    in_flight: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Timed {
    fn new(took: fn(u64) -> u64) -> Self {
        Self {
            took,
            begun: Instant::now(),
            starts: Arc::default(),
            in_flight: Arc::default(),
            most: Arc::default(),
        }
    }

    fn starts(&self) -> Vec<u128> {
        let starts = self.starts.lock().unwrap();
        starts.iter().map(|(_, after)| after.as_millis()).collect()
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    async fn make(&self, number: u64) {
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        sleep(millis((self.took)(number))).await;
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Call for Timed {
    type Kind = ();

    async fn call(&self, turn: Turn) -> Result<(), Failed<()>> {
        let start = (turn, self.begun.elapsed());
        self.starts.lock().unwrap().push(start);
        self.make(turn.number).await;
        Ok(())
    }
}

async fn run<C: Call>(load: Load, call: C) -> Tally<C::Kind> {
    let mut running = load.start(call).unwrap();
    running.ended().await.unwrap();
    running.finish().await.unwrap()
}

/// Microseconds, with the three digits of the histogram.
fn about(micros: u64, millis: u64) -> bool {
    (millis * 1_000..=millis * 1_000 + millis).contains(&micros)
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_kept() {
    let call = Timed::new(|_| 3);
    let tally = run(Load::paced(200.0, 10).measure(SECOND), call.clone()).await;
    let due: Vec<_> = (0..200).map(|number| number * 5).collect();
    assert_eq!(call.starts(), due);
    assert_eq!((tally.requests(), tally.latencies.len()), (200, 200));
    assert_eq!((tally.late, tally.not_started), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_does_not_delay_the_next() {
    let call = Timed::new(|number| if number == 1 { 900 } else { 1 });
    let load = Load::paced(10.0, 2).measure(SECOND);
    let tally = run(load, call.clone()).await;
    let due: Vec<_> = (0..10).map(|number| number * 100).collect();
    assert_eq!(call.starts(), due);
    assert!(about(tally.latencies.max(), 900));
    assert_eq!((tally.late, tally.unfinished), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn latency_counts_from_when_a_call_was_due() {
    // One place, a first call of 300 ms, and one due every 100 ms: the next two are late.
    let call = Timed::new(|number| if number == 0 { 300 } else { 10 });
    let load = Load::paced(10.0, 1).measure(millis(500));
    let tally = run(load, call.clone()).await;
    assert_eq!(call.starts(), [0, 300, 310, 320, 400]);
    let latencies = tally.latencies.iter_recorded();
    let latencies: Vec<_> = latencies.map(|step| step.value_iterated_to()).collect();
    let expected = [10, 30, 120, 210, 300];
    let exact = |(micros, millis): (&u64, &u64)| about(*micros, *millis);
    assert!(latencies.iter().zip(&expected).all(exact), "{latencies:?}");
    assert_eq!((latencies.len(), tally.late), (expected.len(), 3));
}

#[tokio::test(start_paused = true)]
async fn a_warm_up_is_not_measured() {
    let load = || Load::closed(2).warmup(SECOND).measure(SECOND);
    // 100 calls of 10 ms a place; the warm-up's take longer.
    let took = |number| if number < 4 { 500 } else { 10 };
    let tally = run(load(), Timed::new(took)).await;
    assert_eq!((tally.requests(), tally.latencies.len()), (200, 200));
    assert!(about(tally.latencies.max(), 10));
    let tally = run(load().tasks(1), Timed::new(took)).await;
    assert_eq!(tally.requests(), 200);
    // What an open loop could not start in its warm-up does not delay what is measured.
    let load = Load::paced(100.0, 1).warmup(SECOND).measure(SECOND);
    let call = Timed::new(|number| if number == 0 { 990 } else { 5 });
    let tally = run(load, call.clone()).await;
    assert_eq!(call.starts()[..3], [0, 990, 995]);
    assert_eq!((tally.requests(), tally.late), (100, 0));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_load_and_calls_in_flight_are_reported() {
    for load in [
        Load::closed(3),
        Load::closed(3).tasks(1),
        Load::paced(4.0, 3),
    ] {
        // The first three take all places for good.
        let call = Timed::new(|_| 60_000);
        let mut running = load.measure(SECOND).start(call.clone()).unwrap();
        let ended = tokio::time::timeout(2 * SECOND, running.ended()).await;
        assert!(ended.is_err(), "calls are in flight");
        assert!(!running.window().is_stopped());
        let tally = running.finish().await.unwrap();
        assert_eq!((tally.requests(), tally.unfinished), (3, 3));
        assert_eq!((call.starts().len(), call.most()), (3, 3));
        assert!(tally.not_started <= 1, "{tally:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_room_before_the_end_is_counted() {
    let call = Timed::new(|_| 400);
    let load = Load::paced(10.0, 1).measure(SECOND);
    let tally = run(load, call.clone()).await;
    // Starts at 0, 400 and 800; ten were due.
    assert_eq!(call.starts(), [0, 400, 800]);
    assert_eq!((tally.requests(), tally.not_started, tally.late), (3, 7, 2));
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_in_flight_than_may_be() {
    let took = |number| 20 + number % 7;
    for load in [
        Load::closed(5),
        Load::closed(5).tasks(2),
        Load::paced(2_000.0, 5),
    ] {
        let call = Timed::new(took);
        let tally = run(load.measure(SECOND), call.clone()).await;
        assert_eq!(call.most(), 5);
        assert!((200..=250).contains(&tally.requests()), "{tally:?}");
        assert_eq!(tally.unfinished, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_count_ends_the_load_and_numbers_are_given_once() {
    for load in [
        Load::closed(4),
        Load::closed(4).tasks(3),
        Load::closed(4).tasks(1),
        Load::paced(1_000.0, 4),
    ] {
        let call = Timed::new(|number| 1 + number % 3);
        let load = load.calls(10).measure(60 * SECOND);
        let closed = !format!("{load:?}").contains("Paced");
        assert_eq!(run(load, call.clone()).await.requests(), 10);
        let starts = call.starts.lock().unwrap();
        let mut numbers: Vec<_> = starts.iter().map(|(turn, _)| turn.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        let all_in_bound = starts.iter().all(|(turn, _)| turn.place < 4);
        assert_eq!(all_in_bound, closed);
    }
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_by_kind_and_may_pause_or_stop_a_load() {
    let call = |turn: Turn| async move {
        sleep(millis(1)).await;
        let (kind, then) = match turn.number {
            0..9 => ("busy", Then::Pause),
            9 => ("slow", Then::Continue),
            _ => ("closed", Then::Stop),
        };
        Err(Failed { kind, then })
    };
    let begun = Instant::now();
    let mut running = Load::closed(1)
        .pause(millis(99))
        .measure(60 * SECOND)
        .start(call)
        .unwrap();
    running.ended().await.unwrap();
    assert_eq!(begun.elapsed(), millis(902));
    assert!(running.window().is_stopped() && running.succeeded() == 0);
    let tally = running.finish().await.unwrap();
    let failures: Vec<_> = tally.failures.into_iter().collect();
    assert_eq!(failures, [("busy", 9), ("closed", 1), ("slow", 1)]);
    assert!(tally.latencies.is_empty());
}

#[tokio::test(start_paused = true)]
async fn calls_can_count_by_when_they_end_between_two_words() {
    let load = Load::closed(2).counted(Counted::Ended);
    let running = load.start(Timed::new(|_| 300)).unwrap();
    sleep(millis(500)).await;
    running.window().open();
    assert_eq!(running.succeeded(), 2);
    // Ends at 600, 900, 1,200 and 1,500.
    sleep(millis(1_050)).await;
    running.window().stop();
    let tally = running.finish().await.unwrap();
    assert_eq!((tally.latencies.len(), tally.unfinished), (8, 2));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panics_is_an_error_of_the_load() {
    for load in [Load::closed(2), Load::paced(10.0, 2)] {
        let call = |turn: Turn| async move {
            sleep(millis(1)).await;
            assert_ne!(turn.number, 1, "this call breaks off");
            Ok::<_, Failed<()>>(())
        };
        let mut running = load.measure(SECOND).start(call).unwrap();
        assert!(running.ended().await.unwrap_err().is_panic());
    }
}

#[tokio::test]
async fn a_thread_keeps_a_rate_in_real_time() {
    let call = |_| async {
        sleep(millis(1)).await;
        Ok::<_, Failed<()>>(())
    };
    let load = Load::paced(1_000.0, 100).precise().measure(millis(200));
    let tally = run(load, call).await;
    assert_eq!(tally.requests() + tally.not_started, 200);
    assert!(tally.latencies.min() >= 1_000);
}

/// Calls with pauses of 10 ms.
struct Spaced {
    left: u64,
    call: Timed,
}

impl Source for Spaced {
    fn pause(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        Some(millis(10))
    }

    fn call(&mut self) -> impl Future<Output = ()> + Send + 'static {
        let call = self.call.clone();
        async move {
            let turn = Turn {
                number: 0,
                place: 0,
            };
            assert!(call.call(turn).await.is_ok());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_series_ends_with_its_source_and_waits_for_its_calls() {
    let call = Timed::new(|_| 25);
    let mut source = Spaced {
        left: 6,
        call: call.clone(),
    };
    series(&mut source, 2, &CancellationToken::new()).await;
    // The pause begins when the call before has started, and only then is room waited for.
    assert_eq!(call.starts(), [10, 20, 35, 45, 60, 70]);
    assert_eq!(call.begun.elapsed(), millis(95));
    assert_eq!(call.most(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_pause_of_a_series() {
    let call = Timed::new(|_| 100);
    let mut source = Spaced {
        left: u64::MAX,
        call: call.clone(),
    };
    let stop = CancellationToken::new();
    let stopping = async {
        sleep(millis(25)).await;
        stop.cancel();
    };
    tokio::join!(series(&mut source, 9, &stop), stopping);
    assert_eq!(call.starts(), [10, 20]);
    assert_eq!(call.begun.elapsed(), millis(120));
}
