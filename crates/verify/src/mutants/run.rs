//! One job with one seeded bug, bounded in time and in what it may say.

use std::{
    fs::File,
    io::{Read, Seek},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use antiphon_proto::mutants::VARIABLE;

use super::{Family, Job, MutantsError, output};

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It found nothing.
    Quiet,
    /// It found something.
    Caught(Caught),
}

/// What a job found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// The job.
    pub job: String,
    /// The test, the seed, or that it did not end.
    pub how: String,
}

/// How often is looked whether a job has ended.
const STEP: Duration = Duration::from_millis(10);

/// A job that says more than this is stopped as one that does not end.
const MOST_OUTPUT: u64 = 256 << 20;

/// A run of a job, and what it had said by its end.
pub(super) struct Ran {
    pub(super) ended: Ended,
    pub(super) output: String,
    pub(super) took: Duration,
}

impl Job {
    /// Runs it; `usual` is what it says when no bug is seeded.
    pub(super) fn run(
        &self,
        mutant: Option<&str>,
        limit: Duration,
        usual: &str,
    ) -> Result<Ran, MutantsError> {
        let begun = Instant::now();
        let io =
            |error| MutantsError::io(format!("{}, {}", self.name, self.program.display()), &error);
        let mut said = tempfile::tempfile().map_err(io)?;
        let mut child = self.start(mutant, &said).map_err(io)?;
        let status = wait(&mut child, &said, begun + limit).map_err(io)?;
        let mut text = Vec::new();
        said.rewind().map_err(io)?;
        said.read_to_end(&mut text).map_err(io)?;
        let output = String::from_utf8_lossy(&text).into_owned();
        let how = match status {
            None => Some(format!(
                "does not end{}",
                output::unfinished(&output, usual)
            )),
            Some(status) if status.success() => None,
            Some(status) => Some(self.judge(status, &output)?),
        };
        let caught = |how| Caught {
            job: self.name.clone(),
            how,
        };
        Ok(Ran {
            ended: how.map_or(Ended::Quiet, |how| Ended::Caught(caught(how))),
            output,
            took: begun.elapsed(),
        })
    }

    fn start(&self, mutant: Option<&str>, said: &File) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.directory)
            .env_remove(VARIABLE)
            // The same cases each time, no time spent on smaller ones, and no file of them.
            .env("PROPTEST_RNG_SEED", "1")
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said.try_clone()?);
        if let Some(mutant) = mutant {
            command.env(VARIABLE, mutant);
        }
        command.spawn()
    }

    fn judge(&self, status: ExitStatus, output: &str) -> Result<String, MutantsError> {
        match status.code() {
            Some(code) if self.finds.contains(&code) => Ok(match self.family {
                Family::Simulation => output::seed(output),
                Family::Tests => output::failed_tests(output),
            }),
            // A signal: it aborted.
            None => Ok(format!("dies: {status}")),
            Some(_) => {
                let mut lines = output.lines();
                let error = lines.find(|line| line.starts_with("error"));
                let said = error.or_else(|| output.lines().last());
                Err(MutantsError::new(format!(
                    "{} can not be run: {status}: {}",
                    self.name,
                    said.unwrap_or("it said nothing")
                )))
            }
        }
    }
}

/// `None`: it was stopped, since it did not end.
fn wait(child: &mut Child, said: &File, end: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end || said.metadata()?.len() > MOST_OUTPUT {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(STEP);
    }
}
