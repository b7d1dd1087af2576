//! The cache of jars: one folder per Kafka version, either complete or absent.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{VERSION, fetch};
use crate::reason::{Attempt, Because as _};

/// The folder with the jars, fetched first if it is not there.
pub(super) fn jars() -> Attempt<PathBuf> {
    let cache = cache_directory()?;
    let jars = cache.join(format!("kafka-{VERSION}"));
    if !jars.is_dir() {
        fill(&cache, &jars)?;
    }
    Ok(jars)
}

/// `$ANTIPHON_TEST_CACHE`, else `$XDG_CACHE_HOME/antiphon`, else `~/.cache/antiphon`.
fn cache_directory() -> Attempt<PathBuf> {
    let directory = |variable| {
        env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    directory("ANTIPHON_TEST_CACHE")
        .or_else(|| Some(directory("XDG_CACHE_HOME")?.join("antiphon")))
        .or_else(|| Some(directory("HOME")?.join(".cache").join("antiphon")))
        .ok_or_else(|| "no place for Kafka's jars: set ANTIPHON_TEST_CACHE".to_owned())
}

/// Fetches into a folder beside the final one and renames it, so that a run that was broken off leaves nothing that
/// looks complete. A second test run waits at the lock and then finds the work done.
fn fill(cache: &Path, jars: &Path) -> Attempt<()> {
    fs::create_dir_all(cache).because(cache.display())?;
    let lock_file = cache.join(format!("kafka-{VERSION}.lock"));
    let lock = File::create(&lock_file).because(lock_file.display())?;
    lock.lock().because(lock_file.display())?;
    if jars.is_dir() {
        return Ok(());
    }
    let work = tempfile::Builder::new()
        .prefix("fetching-")
        .tempdir_in(cache)
        .because(cache.display())?;
    let fetched = fetch::fetch(work.path())?;
    fs::rename(&fetched, jars).because(jars.display())
}
