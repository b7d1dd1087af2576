//! Settings and their problems.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::{causes::causes, json, stdout::stdout, table, text::printable};
use crate::{
    failure::Failure,
    form::Form,
    settings::{Row, SettingsError},
};

/// The result of checking a file.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// What was checked: a file, or all settings.
    pub(crate) name: String,
    /// What is wrong.
    pub(crate) problems: Vec<SettingsError>,
}

impl Verdict {
    /// A file without problems.
    pub(crate) fn valid(name: String) -> Self {
        let problems = Vec::new();
        Self { name, problems }
    }

    /// Whether there are no problems.
    pub(crate) fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }
}

#[derive(Serialize)]
struct RowLine<'a> {
    r#type: &'static str,
    key: &'a str,
    value: &'a Value,
    hidden: bool,
    layer: &'static str,
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_file: Option<String>,
}

#[derive(Serialize)]
struct VerdictLine<'a> {
    r#type: &'static str,
    file: &'a str,
    valid: bool,
    problems: Vec<String>,
}

/// Prints values in effect, each with its source.
pub(crate) fn rows(form: Form, rows: &[Row]) -> Result<(), Failure> {
    stdout(|out| match form {
        Form::Text => {
            let lines = rows
                .iter()
                .map(|row| vec![row.key.clone(), shown(row), row.source.to_string()]);
            table::print(out, &["setting", "value", "from"], lines)
        }
        Form::Json => rows
            .iter()
            .try_for_each(|row| json::print(out, &row_line(row))),
        Form::Raw => rows
            .iter()
            .try_for_each(|row| writeln!(out, "{}={}", row.key, shown(row))),
    })
}

/// Prints the results of checks.
pub(crate) fn verdicts(form: Form, verdicts: &[Verdict]) -> Result<(), Failure> {
    stdout(|out| verdicts.iter().try_for_each(|one| verdict(out, form, one)))
}

fn verdict(out: &mut dyn Write, form: Form, verdict: &Verdict) -> io::Result<()> {
    let problems = verdict.problems.iter().map(|problem| {
        let causes = causes(problem).into_iter();
        let all = std::iter::once(problem.to_string()).chain(causes);
        all.collect::<Vec<_>>().join(": ")
    });
    if form == Form::Json {
        let line = VerdictLine {
            r#type: "checked",
            file: &verdict.name,
            valid: verdict.is_valid(),
            problems: problems.collect(),
        };
        return json::print(out, &line);
    }
    if verdict.is_valid() {
        return writeln!(out, "{}: valid", verdict.name);
    }
    writeln!(out, "{}: not valid", verdict.name)?;
    for problem in problems {
        writeln!(out, "  {}", printable(problem.as_bytes()))?;
    }
    Ok(())
}

fn row_line(row: &Row) -> RowLine<'_> {
    RowLine {
        r#type: "setting",
        key: &row.key,
        value: &row.value,
        hidden: row.hidden,
        layer: row.source.layer(),
        name: row.source.name(),
        value_file: row.value_file.as_ref().map(|p| p.display().to_string()),
    }
}

fn shown(row: &Row) -> String {
    if let Some(file) = &row.value_file {
        return format!("[in file {}]", file.display());
    }
    let text = match &row.value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items = items.iter().map(|item| item.as_str().unwrap_or_default());
            items.collect::<Vec<_>>().join(", ")
        }
        value => value.to_string(),
    };
    printable(text.as_bytes())
}
