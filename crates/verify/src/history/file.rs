//! Histories on disk: `run.json`, and a file `NAME.INCARNATION.jsonl` for each life of a process.
//!
//! The first line of such a file says whose it is, each further line is one event. A line is
//! written with one call, so that a process which is killed leaves whole lines, but perhaps for the
//! last.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::{
    event::{Entry, Event, ProcessId},
    recorder::Recorder,
    run::Run,
};

/// The history of one life of a process, as it grows.
#[derive(Debug)]
pub struct HistoryFile {
    file: Mutex<File>,
    began: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    at: u64,
    event: &'a Event,
}

#[derive(Deserialize)]
struct OwnedLine {
    at: u64,
    event: Event,
}

impl HistoryFile {
    /// Begins a history in `directory`; `began` is the [`moment`](Self::moment) at which the run
    /// began, the same for all of its processes.
    ///
    /// # Errors
    ///
    /// The file exists, or can not be written.
    pub fn create(directory: &Path, process: &ProcessId, began: u64) -> io::Result<Self> {
        let name = format!("{}.{}.jsonl", process.name, process.incarnation);
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(directory.join(name))?;
        write_line(&mut file, process)?;
        Ok(Self {
            file: Mutex::new(file),
            began,
        })
    }

    /// Microseconds on the clock that all processes of this machine share.
    pub fn moment() -> u64 {
        let now = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        seconds * 1_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000
    }
}

impl Recorder for HistoryFile {
    /// A process whose acts are not on record must not go on acting: it aborts.
    fn record(&self, event: Event) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked at under the lock, so that the lines of a file are in the order of their times.
        let at = Self::moment().saturating_sub(self.began);
        if let Err(error) = write_line(&mut file, &Line { at, event: &event }) {
            eprintln!("the history can not be written: {error}");
            std::process::abort();
        }
    }
}

fn write_line(file: &mut File, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    file.write_all(&line)
}

/// A history that can not be read.
#[derive(Debug)]
pub struct HistoryError {
    file: PathBuf,
    line: usize,
    detail: String,
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        write!(f, ": {}", self.detail)
    }
}

impl std::error::Error for HistoryError {}

/// Reads what a run left in `directory`: what it was, and each event of each process, process by
/// process. A last line without its end is left out: its process was killed while it wrote.
///
/// # Errors
///
/// `run.json` or a history is missing or can not be understood.
pub fn read_directory(directory: &Path, mut each: impl FnMut(Entry)) -> Result<Run, HistoryError> {
    let run = read_run(directory)?;
    for path in files(directory)? {
        read_file(&path, |entry, _| each(entry))?;
    }
    Ok(run)
}

/// Reads what a run was told to do.
///
/// # Errors
///
/// `run.json` is missing or can not be understood.
pub fn read_run(directory: &Path) -> Result<Run, HistoryError> {
    let path = directory.join("run.json");
    let text = fs::read(&path).map_err(|error| failed(&path, 0, &error))?;
    serde_json::from_slice(&text).map_err(|error| failed(&path, 0, &error))
}

/// The histories in `directory`, in the order of their names.
///
/// # Errors
///
/// The directory can not be read.
pub fn files(directory: &Path) -> Result<Vec<PathBuf>, HistoryError> {
    let mut files = Vec::new();
    let listed = fs::read_dir(directory).map_err(|error| failed(directory, 0, &error))?;
    for one in listed {
        let path = one.map_err(|error| failed(directory, 0, &error))?.path();
        if path.extension().is_some_and(|kind| kind == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads one history. `each` gets the events and how many bytes the line of each has. A last line
/// without its end is left out.
///
/// # Errors
///
/// The history can not be read, or a line of it can not be understood.
pub fn read_file(path: &Path, mut each: impl FnMut(Entry, usize)) -> Result<(), HistoryError> {
    let file = File::open(path).map_err(|error| failed(path, 0, &error))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut text = Vec::new();
    let mut process: Option<Arc<ProcessId>> = None;
    for number in 1.. {
        text.clear();
        let read = reader.read_until(b'\n', &mut text);
        if read.map_err(|error| failed(path, number, &error))? == 0 || text.last() != Some(&b'\n') {
            return Ok(());
        }
        match &process {
            None => {
                let whose = serde_json::from_slice(&text);
                process = Some(Arc::new(
                    whose.map_err(|error| failed(path, number, &error))?,
                ));
            }
            Some(process) => {
                let line: OwnedLine =
                    serde_json::from_slice(&text).map_err(|error| failed(path, number, &error))?;
                let entry = Entry {
                    at: line.at,
                    process: Arc::clone(process),
                    event: line.event,
                };
                each(entry, text.len());
            }
        }
    }
    Ok(())
}

fn failed(file: &Path, line: usize, error: &dyn fmt::Display) -> HistoryError {
    HistoryError {
        file: file.to_owned(),
        line,
        detail: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{CallId, Certainty, Delivery, Event, Outcome, Role};

    fn process() -> ProcessId {
        ProcessId {
            name: "requester-1".into(),
            number: 1,
            incarnation: 2,
            role: Role::Requester,
        }
    }

    fn run() -> Run {
        Run {
            seed: 1,
            name: "none".into(),
            simulated: true,
            key: 2,
            allowed_topics: vec!["work".into()],
            request_topics: vec![("work".into(), "workers".into())],
            delivery: Delivery::AtLeastOnce,
            slack: 250_000,
            clock_skew: 5_000_000,
            memory_limit: None,
            min_ok: 0,
            min_in_flight: 0,
            min_ok_at_end: 0,
        }
    }

    fn ended() -> Event {
        Event::Complete {
            call: CallId::new(1, 2, 3),
            outcome: Outcome::Error {
                kind: "timed_out".into(),
                executed: Certainty::Maybe,
                code: None,
            },
        }
    }

    fn written(directory: &Path) -> Vec<Entry> {
        let mut entries = Vec::new();
        let read = read_directory(directory, |entry| entries.push(entry)).unwrap();
        assert_eq!(read, run());
        entries
    }

    fn begin(directory: &Path) -> HistoryFile {
        fs::write(
            directory.join("run.json"),
            serde_json::to_vec(&run()).unwrap(),
        )
        .unwrap();
        HistoryFile::create(directory, &process(), HistoryFile::moment()).unwrap()
    }

    #[test]
    fn what_was_recorded_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let history = begin(directory.path());
        history.record(Event::Ready);
        history.record(ended());
        let entries = written(directory.path());
        let events: Vec<Event> = entries.iter().map(|entry| entry.event.clone()).collect();
        assert_eq!(events, [Event::Ready, ended()]);
        assert_eq!(*entries[0].process, process());
        assert!(entries[0].at <= entries[1].at);
    }

    #[test]
    fn a_line_that_was_cut_by_a_kill_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let history = begin(directory.path());
        history.record(ended());
        history
            .file
            .lock()
            .unwrap()
            .write_all(b"{\"at\":7,\"ev")
            .unwrap();
        assert_eq!(written(directory.path()).len(), 1);
    }

    #[test]
    fn a_line_that_makes_no_sense_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let history = begin(directory.path());
        history
            .file
            .lock()
            .unwrap()
            .write_all(b"{\"at\":7}\n")
            .unwrap();
        let error = read_directory(directory.path(), |_| ()).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("requester-1.2.jsonl, line 2"), "{said}");
    }
}
