//! The result of a run.

use std::{sync::Arc, time::Duration};

use antiphon_load::{Tally, Window};

use super::outcome::Kind;

/// What a run has measured.
pub(super) struct Measured {
    pub(super) tally: Tally<Kind>,
    pub(super) window: Arc<Window>,
    /// CPU time of this process in the window; `None` if the system does not report it.
    pub(super) cpu: Option<Duration>,
}
