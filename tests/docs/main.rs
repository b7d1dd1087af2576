//! The documents are consistent: every link has a target, and the operations guide explains every metric and every
//! warning of the code.
//!
//! No test uses the network: a link to another site only has to be a URL.

mod links;
mod markdown;
mod shown;
mod slug;
mod tree;

use std::{error::Error, fs, path::Path};

use links::Site;

/// The document that explains the metrics and the log lines.
const OPERATIONS: &str = "docs/operations.md";

type Outcome = Result<(), Box<dyn Error>>;

fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

#[test]
fn every_link_leads_somewhere() -> Outcome {
    let site = Site::read(root())?;
    for known in ["README.md", OPERATIONS, "docs/guide/requester.md"] {
        assert!(site.has(known), "{known} was not read");
    }
    let broken = site.broken();
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
    Ok(())
}

#[test]
fn the_tables_of_crates_have_every_member_of_the_workspace() -> Outcome {
    let members = tree::members(&fs::read_to_string(root().join("Cargo.toml"))?)?;
    assert!(
        members.contains("crates/antiphon"),
        "the members were not read"
    );
    for (document, up) in [("README.md", ""), ("docs/architecture.md", "../")] {
        let text = fs::read_to_string(root().join(document))?;
        let has_row = |member: &&String| text.contains(&format!("`]({up}{member}) | "));
        let missing: Vec<_> = members.iter().filter(|one| !has_row(one)).collect();
        assert!(missing.is_empty(), "{document} has no row for {missing:?}");
    }
    Ok(())
}

#[test]
fn the_metrics_of_the_code_are_those_of_the_operations_guide() -> Outcome {
    let recorded = shown::in_sources(root(), shown::metrics)?;
    let explained = shown::explained_metrics(&fs::read_to_string(root().join(OPERATIONS))?);
    assert!(
        recorded.contains("antiphon_requests_total"),
        "the sources were not read"
    );
    let silent: Vec<_> = recorded.difference(&explained).collect();
    let invented: Vec<_> = explained.difference(&recorded).collect();
    assert!(
        silent.is_empty() && invented.is_empty(),
        "{OPERATIONS} does not explain {silent:?}, and explains what no code records: {invented:?}"
    );
    Ok(())
}

#[test]
fn the_operations_guide_explains_every_warning_and_error_of_the_log() -> Outcome {
    let guide = fs::read_to_string(root().join(OPERATIONS))?;
    let logged = shown::in_sources(root(), shown::complaints)?;
    assert!(
        logged.contains("a handler panicked"),
        "the sources were not read"
    );
    let silent: Vec<_> = logged
        .iter()
        .filter(|line| !guide.contains(*line))
        .collect();
    assert!(
        silent.is_empty(),
        "{OPERATIONS} does not explain {silent:?}"
    );
    Ok(())
}
