//! A progress bar on standard error; only on a terminal.

use std::time::Duration;

use antiphon_load::{Call, Running};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, interval, sleep_until};

use crate::{output::thousands, signals::Signals};

/// How often the bar moves.
const STEP: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(length: Duration, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(millis(length)),
            match quiet {
                true => ProgressDrawTarget::hidden(),
                // indicatif hides it where standard error is no terminal.
                false => ProgressDrawTarget::stderr(),
            },
        );
        let style = ProgressStyle::with_template("{bar:40.cyan} {elapsed}  {msg}");
        Self(match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    /// Waits for an instant; false if a signal or the end of the load comes first.
    pub(super) async fn until<C: Call>(
        &self,
        end: Instant,
        running: &Running<C>,
        signals: &mut Signals,
    ) -> bool {
        let window = running.window();
        let mut step = interval(STEP);
        loop {
            tokio::select! {
                () = sleep_until(end) => return !window.is_stopped(),
                () = window.stopped() => return false,
                _ = signals.next() => {
                    window.stop();
                    return false;
                }
                _ = step.tick() => self.show(running),
            }
        }
    }

    fn show<C: Call>(&self, running: &Running<C>) {
        let replies = running.succeeded();
        if replies > 0 {
            tracing::debug!(replies, "replies come");
        }
        self.0
            .set_position(millis(running.window().begun().elapsed()));
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
