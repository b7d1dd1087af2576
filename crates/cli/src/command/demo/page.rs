//! Text of the demonstration on standard output.

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

/// Width of tables if standard output is not a terminal.
const WIDTH: u16 = 100;

/// Writes titles, paragraphs and tables.
#[derive(Debug)]
pub(super) struct Page {
    sections: u32,
    quiet: bool,
}

impl Page {
    pub(super) fn new(quiet: bool) -> Self {
        Self { sections: 0, quiet }
    }

    /// Writes the title.
    pub(super) fn title(&mut self, text: &str) -> Result<(), Failure> {
        write(&format!("{TITLE}{text}{TITLE:#}\n\n"))
    }

    /// Begins a section.
    pub(super) fn section(&mut self, title: &str) -> Result<(), Failure> {
        self.sections += 1;
        let number = self.sections;
        write(&format!("{TITLE}{number}. {title}{TITLE:#}\n\n"))
    }

    /// Writes a paragraph.
    pub(super) fn paragraph(&mut self, text: &str) -> Result<(), Failure> {
        write(&format!("{text}\n\n"))
    }

    /// Writes names with their values, one per line.
    pub(super) fn facts(&mut self, facts: &[(&str, String)]) -> Result<(), Failure> {
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let lines = facts
            .iter()
            .map(|(name, value)| format!("  {NAME}{name:<width$}{NAME:#}  {value}\n"));
        write(&format!("{}\n", lines.collect::<String>()))
    }

    /// Writes a table. A line break in a cell starts a new line.
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

    /// Shows a spinner on a terminal.
    pub(super) fn waiting(&self, what: &'static str) -> ProgressBar {
        let spinner = self.on_stderr(ProgressBar::new_spinner());
        spinner.set_message(what);
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    }

    /// Shows a progress bar on a terminal.
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
            // indicatif hides it if standard error is not a terminal.
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
