//! CPU time by thread, as the kernel counts it.

use std::{collections::BTreeMap, fs};

use serde::{Deserialize, Serialize};

/// Nanoseconds of CPU by thread name; threads of one name are one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account(pub(crate) BTreeMap<String, u64>);

impl Account {
    /// What this process has used so far. Empty where there is no `/proc`.
    pub(crate) fn now() -> Self {
        Self::of("self")
    }

    /// What a process has used so far, by its id.
    pub(crate) fn of(process: &str) -> Self {
        let mut account = Self::default();
        for task in fs::read_dir(format!("/proc/{process}/task"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            let stat = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let ns: u64 = stat
                .split_whitespace()
                .next()
                .and_then(|ns| ns.parse().ok())
                .unwrap_or(0);
            *account.0.entry(kind(name.trim())).or_default() += ns;
        }
        account
    }

    pub(crate) fn since(&self, before: &Self) -> Self {
        let spent = self.0.iter().map(|(name, ns)| {
            let earlier = before.0.get(name).copied().unwrap_or(0);
            (name.clone(), ns.saturating_sub(earlier))
        });
        Self(spent.collect())
    }
}

impl Account {
    /// Nanoseconds of all threads together.
    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// librdkafka names its broker threads by address and number.
fn kind(name: &str) -> String {
    if name.starts_with("rdk:broker") {
        "rdk:broker".into()
    } else {
        name.into()
    }
}
