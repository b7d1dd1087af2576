//! Threads that run seeds, and the bar that says how far they are.

use std::{
    io,
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use antiphon_verify::simulator::{Profile, Trial, trial};
use indicatif::{ProgressBar, ProgressStyle};

/// Far more real time than a seed takes. One that takes longer spins.
const LIMIT: Duration = Duration::from_secs(120);

/// How often the threads are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A seed that does not end.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) seed: u64,
    pub(super) profile: Profile,
    pub(super) after: Duration,
}

/// What is to be run, and what runs.
struct Work {
    next: AtomicU64,
    end: u64,
    profile: Profile,
    twice: u64,
    running: Vec<Mutex<Option<(u64, Instant)>>>,
}

/// Runs all seeds; the trials come in the order of the seeds, with the time that they took.
pub(super) fn run(
    seeds: Range<u64>,
    profile: Profile,
    twice: u64,
    jobs: usize,
) -> io::Result<Result<(Vec<Trial>, Duration), Stopped>> {
    let begun = Instant::now();
    let count = seeds.end - seeds.start;
    // Left behind if a seed spins: a thread can not be ended.
    let work: &'static Work = Box::leak(Box::new(Work {
        next: AtomicU64::new(seeds.start),
        end: seeds.end,
        profile,
        twice,
        running: (0..jobs).map(|_| Mutex::default()).collect(),
    }));
    let (sender, trials) = channel();
    for job in 0..jobs {
        let sender = sender.clone();
        let name = format!("seeds-{job}");
        thread::Builder::new()
            .name(name)
            .spawn(move || work.run(job, &sender))?;
    }
    drop(sender);
    match gather(work, &trials, count)? {
        Ok(mut trials) => {
            trials.sort_by_key(|trial| trial.seed);
            Ok(Ok((trials, begun.elapsed())))
        }
        Err(stopped) => Ok(Err(stopped)),
    }
}

fn gather(
    work: &Work,
    results: &Receiver<io::Result<Trial>>,
    count: u64,
) -> io::Result<Result<Vec<Trial>, Stopped>> {
    let bar = bar(count);
    let (mut trials, mut wrong) = (Vec::new(), 0_u64);
    loop {
        match results.recv_timeout(LOOK) {
            Ok(trial) => {
                let trial = trial?;
                wrong += u64::from(!trial.wrong.is_empty());
                trials.push(trial);
                bar.inc(1);
                bar.set_message(format!("{wrong} wrong"));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if let Some(stopped) = work.stopped() {
            bar.finish_and_clear();
            return Ok(Err(stopped));
        }
    }
    bar.finish_and_clear();
    Ok(Ok(trials))
}

impl Work {
    fn run(&self, job: usize, sender: &Sender<io::Result<Trial>>) {
        let Some(running) = self.running.get(job) else {
            return;
        };
        loop {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= self.end {
                return;
            }
            *running.lock().unwrap_or_else(PoisonError::into_inner) = Some((seed, Instant::now()));
            let twice = self.twice > 0 && seed.is_multiple_of(self.twice);
            let sent = sender.send(trial(seed, self.profile, twice));
            *running.lock().unwrap_or_else(PoisonError::into_inner) = None;
            if sent.is_err() {
                return;
            }
        }
    }

    fn stopped(&self) -> Option<Stopped> {
        self.running.iter().find_map(|running| {
            let running = running.lock().unwrap_or_else(PoisonError::into_inner);
            let (seed, since) = (*running)?;
            let after = since.elapsed();
            (after >= LIMIT).then_some(Stopped {
                seed,
                profile: self.profile,
                after,
            })
        })
    }
}

fn bar(count: u64) -> ProgressBar {
    let bar = ProgressBar::new(count);
    let style = "{bar:40.cyan} {pos}/{len} seeds, {per_sec}, {eta} left  {msg}";
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
