//! `antiphon-verify chaos`: faults on real brokers.

use std::{fs, path::PathBuf, process::ExitCode};

use antiphon_verify::chaos::{ChaosOptions, Row, plan, report, requester, responder, rows, run};

/// The load of a row, in seconds, where nothing is said.
const SECONDS: u64 = 300;

/// The same of a row of the selection for every change.
const SHORT: u64 = 60;

/// The shortest that has a fault and a recovery.
const SHORTEST: u64 = 40;

/// Runs rows of the fault matrix on three brokers.
#[derive(clap::Args, Debug)]
pub(crate) struct ChaosArgs {
    /// Rows to run, for example F02; all, if none is named
    #[arg(value_name = "ROW")]
    rows: Vec<String>,
    /// Only the rows that are run for every change, a minute each
    #[arg(long, conflicts_with = "rows")]
    short: bool,
    /// Shows the rows there are, and runs nothing
    #[arg(long)]
    list: bool,
    /// Shows which faults there would be, when and to whom, and runs nothing
    #[arg(long, conflicts_with = "list")]
    plan: bool,
    /// Seconds of load of each row; 300, or 60 with --short
    #[arg(long, value_parser = clap::value_parser!(u64).range(SHORTEST..))]
    seconds: Option<u64>,
    /// What everything random is made from; a random one, if none is given
    #[arg(long)]
    seed: Option<u64>,
    /// Calls a second, of all requesters together
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(3..=10_000))]
    rate: u32,
    /// A property of all requesters and responders, as librdkafka names it: would another setting do better?
    #[arg(short = 'X', long = "property", value_name = "NAME=VALUE", value_parser = property)]
    properties: Vec<(String, String)>,
    /// Keeps all histories, and the reports, in this directory
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Writes the report as a page that needs nothing else to be shown
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// What a process of a run is told when it starts.
#[derive(clap::Args, Debug)]
pub(crate) struct JobArgs {
    /// As JSON
    #[arg(long)]
    job: String,
}

impl JobArgs {
    pub(crate) fn request(&self) -> Result<ExitCode, String> {
        requester(&self.job).map(|()| ExitCode::SUCCESS)
    }

    pub(crate) fn respond(&self) -> Result<ExitCode, String> {
        responder(&self.job).map(|()| ExitCode::SUCCESS)
    }
}

pub(crate) fn chaos(args: &ChaosArgs) -> Result<ExitCode, String> {
    if args.list {
        for row in rows() {
            let mark = if row.short { "  (short)" } else { "" };
            println!("{}  {}{mark}", row.code, row.title);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let options = ChaosOptions {
        rows: chosen(args)?,
        seconds: args
            .seconds
            .unwrap_or(if args.short { SHORT } else { SECONDS }),
        seed: args.seed.unwrap_or_else(rand::random),
        rate: args.rate,
        properties: args.properties.clone(),
        keep: args.keep.clone(),
    };
    eprintln!("seed {}", options.seed);
    if args.plan {
        for row in &options.rows {
            println!("{}  {}", row.code, row.title);
            for line in plan(row, options.seed, options.seconds) {
                println!("  {line}");
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let report = run(&options)?;
    let (text, page) = (report::text(&report), report::page(&report));
    print!("{text}");
    let in_kept = |name: &str| args.keep.as_ref().map(|directory| directory.join(name));
    let files = [
        (in_kept("report.md"), &text),
        (in_kept("report.html"), &page),
        (args.html.clone(), &page),
    ];
    for (file, content) in files {
        if let Some(file) = file {
            fs::write(&file, content)
                .map_err(|error| format!("writing {}: {error}", file.display()))?;
        }
    }
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn property(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=');
    let (name, value) = parts.ok_or_else(|| format!("{text} has no `=`"))?;
    Ok((name.to_owned(), value.to_owned()))
}

fn chosen(args: &ChaosArgs) -> Result<Vec<&'static Row>, String> {
    if args.rows.is_empty() {
        return Ok(rows()
            .iter()
            .filter(|row| row.short || !args.short)
            .collect());
    }
    let find = |name: &String| {
        let found = rows()
            .iter()
            .find(|row| row.code.eq_ignore_ascii_case(name));
        found.ok_or_else(|| format!("there is no row {name}; --list shows those there are"))
    };
    args.rows.iter().map(find).collect()
}
