//! What is seen of a run while it goes on.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::child::Status;

/// How often the lines are drawn anew while nothing happens.
const DRAWN: Duration = Duration::from_millis(200);

/// Three lines on a terminal, and nothing elsewhere but one for each row.
#[derive(Debug)]
pub(super) struct Live {
    lines: MultiProgress,
    row: ProgressBar,
    calls: ProgressBar,
    fault: ProgressBar,
    rate: Mutex<Rate>,
}

/// Calls a second, measured anew each second.
#[derive(Debug)]
struct Rate {
    since: Instant,
    ended: u64,
    rate: u64,
}

impl Live {
    pub(super) fn new() -> Self {
        let lines = MultiProgress::new();
        let line = |template: &str| {
            let line = lines.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template(template) {
                line.set_style(style);
            }
            line
        };
        let live = Self {
            row: line("{spinner} {msg}  {elapsed}"),
            calls: line("  {msg}"),
            fault: line("  {msg}"),
            lines,
            rate: Mutex::new(Rate {
                since: Instant::now(),
                ended: 0,
                rate: 0,
            }),
        };
        live.row.enable_steady_tick(DRAWN);
        live
    }

    /// A row begins.
    pub(super) fn row(&self, title: String) {
        self.row.reset_elapsed();
        self.row.set_message(title);
        self.calls.set_message("");
    }

    /// What goes on.
    pub(super) fn phase(&self, what: impl Into<String>) {
        self.fault.set_message(what.into());
    }

    /// How the calls go.
    pub(super) fn show(&self, calls: &Status) {
        let rate = self.rate(calls.ended());
        self.calls.set_message(format!(
            "{rate}/s  {} in flight  {} ok  {} no  {} maybe  {} yes",
            calls.in_flight, calls.ok, calls.no, calls.maybe, calls.yes
        ));
    }

    /// Stands above the lines from now on; on stderr where there is no terminal.
    pub(super) fn say(&self, line: &str) {
        if self.lines.is_hidden() {
            eprintln!("{line}");
        } else if self.lines.println(line).is_err() {
            // There is nobody to see it.
        }
    }

    /// Nothing goes on any more.
    pub(super) fn clear(&self) {
        // What is left standing is only seen.
        let _ = self.lines.clear();
    }

    fn rate(&self, ended: u64) -> u64 {
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = rate.since.elapsed();
        if elapsed >= Duration::from_secs(1) {
            let ended_now = u128::from(ended.saturating_sub(rate.ended));
            let per_second = ended_now * 1_000 / elapsed.as_millis().max(1);
            *rate = Rate {
                since: Instant::now(),
                ended,
                rate: u64::try_from(per_second).unwrap_or(0),
            };
        }
        rate.rate
    }
}
