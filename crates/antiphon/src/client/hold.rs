//! How a call holds on to its client: one that is awaited where the client is borrows it, and
//! counts no reference; one that lives on its own owns its share.

use std::{borrow::Borrow, sync::Arc};

use super::{core::Core, target::Target};

/// A client that stays for as long as this is held.
pub(crate) trait Hold: Clone + Send + Sync {
    /// A request topic of it.
    type Target: Borrow<Arc<Target>> + Send + Sync;

    fn core(&self) -> &Arc<Core>;

    /// A topic that is known to exist.
    fn target(&self, name: &str) -> Option<Self::Target>;

    fn target_at(&self, index: u32) -> Option<Self::Target>;
}

impl<'a> Hold for &'a Arc<Core> {
    type Target = &'a Arc<Target>;

    fn core(&self) -> &Arc<Core> {
        self
    }

    fn target(&self, name: &str) -> Option<&'a Arc<Target>> {
        let core: &'a Core = self;
        core.targets.get(name)
    }

    fn target_at(&self, index: u32) -> Option<&'a Arc<Target>> {
        let core: &'a Core = self;
        core.targets.at(index)
    }
}

impl Hold for Arc<Core> {
    type Target = Arc<Target>;

    fn core(&self) -> &Arc<Core> {
        self
    }

    fn target(&self, name: &str) -> Option<Arc<Target>> {
        self.targets.get(name).map(Arc::clone)
    }

    fn target_at(&self, index: u32) -> Option<Arc<Target>> {
        self.targets.at(index).map(Arc::clone)
    }
}
