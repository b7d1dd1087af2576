//! `antiphon-verify check`: whether a run kept what Antiphon promises.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use antiphon_verify::{
    checker::{Conclusion, Report, check_directory},
    history,
};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

/// Checks the history of a run against what Antiphon promises.
///
/// Exits with 0 if all of it holds, with 1 if something does not, with 3 if only the brokers have
/// lost what they had acknowledged, and with 2 if the history can not be read.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// What the run left: `run.json`, and a file of events for each life of a process.
    directory: PathBuf,
    /// Form of the report.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// How often the bar is told.
const STEP: u64 = 1 << 20;

/// Runs the subcommand.
pub(crate) fn check(args: &CheckArgs) -> Result<ExitCode, String> {
    let files = history::files(&args.directory).map_err(|error| error.to_string())?;
    let sizes = files.iter().filter_map(|file| fs::metadata(file).ok());
    let bar = bar(sizes.map(|file| file.len()).sum());
    let mut read = 0;
    let checked = check_directory(&args.directory, |bytes| {
        let before = read / STEP;
        read += bytes as u64;
        if read / STEP > before {
            bar.set_position(read);
        }
    });
    bar.finish_and_clear();
    let report = checked.map_err(|error| error.to_string())?;
    show(&report, args.output)?;
    Ok(match report.conclusion() {
        Conclusion::Held => ExitCode::SUCCESS,
        Conclusion::Violated => ExitCode::from(1),
        Conclusion::KafkaLostAcked => ExitCode::from(3),
    })
}

fn show(report: &Report, output: Output) -> Result<(), String> {
    let text = match output {
        Output::Text => report.to_string(),
        Output::Json => serde_json::to_string(report).map_err(|error| error.to_string())?,
    };
    match writeln!(io::stdout(), "{text}") {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| error.to_string()),
    }
}

/// Hidden by itself where standard error is no terminal.
fn bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    match ProgressStyle::with_template("{bar:40.cyan} {bytes}/{total_bytes} {elapsed}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
