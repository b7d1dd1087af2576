//! `antiphon completions` and `antiphon man`.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::{
    args::{Cli, ManArgs},
    failure::Failure,
    output::stdout,
};

/// Prints the completion script of a shell.
pub(super) fn run(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "antiphon", &mut script);
    stdout(|out| out.write_all(&script))
}

/// Prints the manual page, or writes all of them.
pub(super) fn man(args: &ManArgs) -> Result<(), Failure> {
    match &args.dir {
        Some(directory) => pages(directory),
        None => stdout(|out| {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            out.write_all(&page)
        }),
    }
}

fn pages(directory: &Path) -> Result<(), Failure> {
    clap_mangen::generate_to(Cli::command(), directory).map_err(|source| Failure::File {
        what: "write the manual pages to",
        path: directory.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_gets_completions_of_nested_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            generate(shell, &mut Cli::command(), "antiphon", &mut script);
            let script = String::from_utf8(script).unwrap();
            for word in ["request", "topics", "describe", "bootstrap-servers"] {
                assert!(script.contains(word), "{shell} has no {word}");
            }
        }
    }

    #[test]
    fn every_command_gets_a_page_with_its_example() {
        let folder = tempfile::tempdir().unwrap();
        pages(folder.path()).unwrap();
        for name in ["antiphon", "antiphon-request", "antiphon-topics-create"] {
            let page = std::fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
            assert!(page.contains(".TH"), "{name}: {page}");
        }
        let page = std::fs::read_to_string(folder.path().join("antiphon-request.1")).unwrap();
        assert!(page.contains("Example"), "{page}");
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let failure = pages(Path::new("/nowhere/at-all")).unwrap_err().to_string();
        assert!(failure.contains("/nowhere/at-all"), "{failure}");
    }
}
