//! A bar on standard error; only on a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::window::Window;
use crate::{output::thousands, signals::Signals};

/// How often it moves.
const STEP: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(length: Duration, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(millis(length)),
            match quiet {
                true => ProgressDrawTarget::hidden(),
                // Hidden by itself where standard error is no terminal.
                false => ProgressDrawTarget::stderr(),
            },
        );
        let style = ProgressStyle::with_template("{bar:40.cyan} {elapsed}  {msg}");
        Self(match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    /// Waits for an instant; false if a signal or the window's end comes first.
    pub(super) async fn until(&self, end: Instant, window: &Window, signals: &mut Signals) -> bool {
        let mut step = tokio::time::interval(STEP);
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(end.into()) => return !window.is_stopped(),
                () = window.stopped() => return false,
                _ = signals.next() => {
                    window.stop();
                    return false;
                }
                _ = step.tick() => self.show(window),
            }
        }
    }

    fn show(&self, window: &Window) {
        let replies = window.replies();
        if replies > 0 {
            tracing::debug!(replies, "replies come");
        }
        self.0.set_position(millis(window.begun().elapsed()));
        self.0
            .set_message(format!("{} replies", thousands(replies)));
    }

    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
