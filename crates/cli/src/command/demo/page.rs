//! The text of the demonstration, on standard output.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::failure::Failure;

const TITLE: Style = AnsiColor::Cyan.on_default().bold();
const NAME: Style = Style::new().bold();

/// Width of tables where the output is no terminal.
const WIDTH: u16 = 100;

/// Where the demonstration is written to.
#[derive(Debug)]
pub(super) struct Page {
    sections: u32,
    quiet: bool,
}

impl Page {
    pub(super) fn new(quiet: bool) -> Self {
        Self { sections: 0, quiet }
    }

    /// A line above everything.
    pub(super) fn title(&mut self, text: &str) -> Result<(), Failure> {
        write(&format!("{TITLE}{text}{TITLE:#}\n\n"))
    }

    /// Begins a section.
    pub(super) fn section(&mut self, title: &str) -> Result<(), Failure> {
        self.sections += 1;
        let number = self.sections;
        write(&format!("{TITLE}{number}. {title}{TITLE:#}\n\n"))
    }

    /// A paragraph.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Failure> {
        write(&format!("{text}\n\n"))
    }

    /// Names with their values, one a line.
    pub(super) fn facts(&mut self, facts: &[(&str, String)]) -> Result<(), Failure> {
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let lines = facts
            .iter()
            .map(|(name, value)| format!("  {NAME}{name:<width$}{NAME:#}  {value}\n"));
        write(&format!("{}\n", lines.collect::<String>()))
    }

    /// A table; one line of a cell per line of its text.
    pub(super) fn table(&mut self, header: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_BORDERS_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(header.to_vec())
            .add_rows(rows.to_vec());
        if !io::stdout().is_terminal() {
            table.set_width(WIDTH);
        }
        write(&format!("{table}\n\n"))
    }

    /// A sign of life while something takes time; only on a terminal.
    pub(super) fn waiting(&self, what: &'static str) -> ProgressBar {
        let spinner = self.on_stderr(ProgressBar::new_spinner());
        spinner.set_message(what);
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    }

    /// A progress bar; only on a terminal.
    pub(super) fn progress(&self, length: u64) -> ProgressBar {
        let bar = self.on_stderr(ProgressBar::new(length));
        let template = "{bar:40.cyan} {human_pos} of {human_len}  {per_sec}";
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    fn on_stderr(&self, bar: ProgressBar) -> ProgressBar {
        bar.set_draw_target(if self.quiet {
            ProgressDrawTarget::hidden()
        } else {
            // Hidden by itself where standard error is no terminal.
            ProgressDrawTarget::stderr()
        });
        bar
    }
}

fn write(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(Failure::Stdout)
}
