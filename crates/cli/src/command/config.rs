//! `antiphon config`.

use std::path::Path;

use super::flags::{environment, flags};
use crate::{
    args::{CheckArgs, Cli, ConfigCommand, ShowArgs},
    failure::Failure,
    form::Form,
    output::{Verdict, settings as print},
    settings::{Settings, Source, problems},
};

/// Shows or checks settings. Also returns the form in which to print a failure.
pub(super) fn run(cli: &Cli, command: &ConfigCommand) -> (Form, Result<(), Failure>) {
    let form = cli.common.output.unwrap_or_default();
    match command {
        ConfigCommand::Show(args) => show(cli, args, form),
        ConfigCommand::Check(args) => (form, check(cli, args, form)),
    }
}

fn show(cli: &Cli, args: &ShowArgs, form: Form) -> (Form, Result<(), Failure>) {
    let file = cli.common.config.as_deref();
    match Settings::explain(file, environment(), flags(cli)) {
        Ok((mut rows, form)) => {
            rows.retain(|row| !args.set || row.source != Source::Default);
            (form, print::rows(form, &rows))
        }
        Err(error) => (form, Err(error.into())),
    }
}

fn check(cli: &Cli, args: &CheckArgs, form: Form) -> Result<(), Failure> {
    let read_files = !args.without_secrets;
    if args.files.is_empty() {
        let file = cli.common.config.as_deref();
        Settings::check(file, environment(), flags(cli), read_files)?;
        let file = file.map(Path::display);
        let name = file.map_or("the settings".to_owned(), |file| file.to_string());
        return print::verdicts(form, &[Verdict::valid(name)]);
    }
    let verdicts = args.files.iter().map(|file| Verdict {
        name: file.display().to_string(),
        problems: problems(file, read_files),
    });
    let verdicts: Vec<_> = verdicts.collect();
    print::verdicts(form, &verdicts)?;
    let invalid = verdicts.iter().filter(|one| !one.is_valid()).count();
    match invalid {
        0 => Ok(()),
        invalid => Err(Failure::InvalidFiles {
            invalid,
            of: verdicts.len(),
        }),
    }
}
