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

    pub(crate) fn add(&mut self, other: &Self) {
        for (name, ns) in &other.0 {
            *self.0.entry(name.clone()).or_default() += ns;
        }
    }

    /// Nanoseconds by what the threads are for.
    pub(crate) fn groups(&self) -> BTreeMap<&'static str, u64> {
        let mut groups = BTreeMap::new();
        for (name, ns) in &self.0 {
            *groups.entry(group(name)).or_default() += ns;
        }
        groups
    }
}

/// librdkafka names its broker threads by number.
fn kind(name: &str) -> String {
    if name.starts_with("rdk:broker") {
        "rdk:broker".into()
    } else {
        name.into()
    }
}

/// What a thread is for. The kernel cuts names after 15 bytes.
fn group(name: &str) -> &'static str {
    match name {
        "tokio-rt-worker" => "tokio workers",
        "antiphon-reply" | "antiphon-reques" | "bench-receive" => "receive thread",
        "antiphon-events" | "bench-reports" | "producer pollin" => "reports and events",
        "bench-pace" | "load-pace" => "open-loop sender",
        "rdk:broker" => "librdkafka brokers",
        "rdk:main" => "librdkafka main",
        "antiphon-bench" => "main",
        _ => "others",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(of: &[(&str, u64)]) -> Account {
        Account(of.iter().map(|(name, ns)| ((*name).into(), *ns)).collect())
    }

    #[test]
    fn threads_are_grouped_by_what_they_do() {
        let all = account(&[("rdk:broker", 1), ("antiphon-reques", 2), ("unheard-of", 4)]);
        let groups = all.groups();
        assert_eq!(groups["librdkafka brokers"], 1);
        assert_eq!(groups["receive thread"], 2);
        assert_eq!(groups["others"], 4);
        assert_eq!(all.total(), groups.values().sum::<u64>());
    }

    #[test]
    fn a_thread_that_is_new_counts_from_nothing() {
        let after = account(&[("a", 5), ("b", 7)]);
        assert_eq!(after.since(&account(&[("a", 3)])).total(), 9);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_used_something() {
        let before = Account::now();
        let mut sum = 0_u64;
        while Account::now().since(&before).total() == 0 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(Account::now().total() > 0);
    }
}
