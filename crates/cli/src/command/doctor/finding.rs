//! Results of checks.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::output::{Show, counted, printable};

/// The status of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// No problem.
    Ok,
    /// It works, but not well or not for long; or the check could not be completed.
    Warn,
    /// It does not work.
    Fail,
    /// Not checked, for a reason that is not a problem.
    Skip,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: String,
    pub(super) status: Status,
    pub(super) detail: String,
    pub(super) remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, detail, None)
    }

    pub(super) fn skip(check: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Skip, detail, None)
    }

    pub(super) fn warn(
        check: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(check, Status::Warn, detail, Some(remedy.into()))
    }

    pub(super) fn fail(
        check: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(check, Status::Fail, detail, Some(remedy.into()))
    }

    fn new(
        check: impl Into<String>,
        status: Status,
        detail: impl Into<String>,
        remedy: Option<String>,
    ) -> Self {
        Self {
            check: check.into(),
            status,
            detail: detail.into(),
            remedy,
        }
    }
}

impl Show for Finding {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let (style, status) = match self.status {
            Status::Ok => (AnsiColor::Green.on_default(), "ok  "),
            Status::Warn => (AnsiColor::Yellow.on_default().bold(), "warn"),
            Status::Fail => (AnsiColor::Red.on_default().bold(), "fail"),
            Status::Skip => (Style::new().dimmed(), "skip"),
        };
        // Names and errors come from brokers and may contain control characters.
        let detail = printable(self.detail.as_bytes());
        writeln!(out, "{style}{status}{style:#}  {}: {detail}", self.check)?;
        match &self.remedy {
            Some(remedy) => writeln!(out, "      {}", printable(remedy.as_bytes())),
            None => Ok(()),
        }
    }
}

/// All findings. Serialises to an array.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn count(&self, status: Status) -> usize {
        let all = self.0.iter();
        all.filter(|finding| finding.status == status).count()
    }

    /// Whether no check failed; if `strict`, also without warnings.
    pub(super) fn are_good(&self, strict: bool) -> bool {
        self.count(Status::Fail) == 0 && !(strict && self.count(Status::Warn) > 0)
    }
}

/// The summary line. Each finding has been printed before.
impl Show for Findings {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let count = |status| self.count(status);
        writeln!(
            out,
            "\n{} ok, {}, {}, {} not checked",
            count(Status::Ok),
            counted(count(Status::Warn), "warning"),
            counted(count(Status::Fail), "failure"),
            count(Status::Skip)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_counts_only_where_it_is_asked_for() {
        let mut all = Findings(vec![Finding::ok("a", "b"), Finding::skip("c", "d")]);
        assert!(all.are_good(true));
        all.0.push(Finding::warn("e", "f", "g"));
        assert!(all.are_good(false) && !all.are_good(true));
        all.0.push(Finding::fail("h", "i", "j"));
        assert!(!all.are_good(false));
    }

    #[test]
    fn json_is_an_array_of_four_fields() {
        let all = Findings(vec![Finding::ok("a", "b"), Finding::fail("c", "d", "e")]);
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(
            json,
            r#"[{"check":"a","status":"ok","detail":"b","remedy":null},{"check":"c","status":"fail","detail":"d","remedy":"e"}]"#
        );
    }

    #[test]
    fn nothing_that_a_broker_says_moves_the_cursor() {
        let mut out = Vec::new();
        let finding = Finding::fail("a", "\x1b[2J", "b");
        finding.text(&mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("\\u{1b}[2J"));
    }
}
