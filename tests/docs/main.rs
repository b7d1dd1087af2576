//! The documents are consistent: every link has a target, and the operations guide explains every metric and every
//! warning of the code.
//!
//! No test uses the network: a link to another site only has to be a URL.

mod house;
mod links;
mod markdown;
mod shown;
mod slug;
mod tree;

use std::{error::Error, fs, path::Path};

use house::House;
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

/// Crates whose files may not import each other in a circle. `kafka` is not among them: a consumer and
/// the events that it is handed with are one thing in several files.
const WITHOUT_CIRCLES: [&str; 5] = ["antiphon", "cli", "load", "macros", "proto"];

#[test]
fn no_circle_of_files_appears() -> Outcome {
    for name in WITHOUT_CIRCLES {
        let house = House::read(&root().join("crates").join(name).join("src"))?;
        let circles = house.circles();
        assert!(circles.is_empty(), "crate {name} has circles: {circles:?}");
    }
    Ok(())
}

/// `inner.rs` assembles the parts. A part that imports it back would know what owns it.
#[test]
fn only_handles_and_calls_import_what_assembles_the_parts() -> Outcome {
    let house = House::read(&root().join("crates/antiphon/src"))?;
    for (inner, above) in [
        (
            "client::inner",
            &[
                "client",
                "client::builder",
                "client::call",
                "client::request",
            ][..],
        ),
        ("service::inner", &["service", "service::builder"]),
    ] {
        let importers = house.importers(inner);
        assert!(!importers.is_empty(), "{inner} was not read");
        for module in importers {
            let room = module.split("::").take(2).collect::<Vec<_>>().join("::");
            assert!(above.contains(&room.as_str()), "{module} imports {inner}");
        }
    }
    Ok(())
}

#[test]
fn the_architecture_draws_the_house_as_it_is() -> Outcome {
    const ARCHITECTURE: &str = "docs/architecture.md";
    let document = fs::read_to_string(root().join(ARCHITECTURE))?;
    let house = House::read(&root().join("crates/antiphon/src"))?;
    for (folder, handle) in [("client", "Client"), ("service", "Service")] {
        let rooms = house.rooms(folder, handle);
        assert!(
            house::drawn(&document, folder) == rooms,
            "{ARCHITECTURE} draws other arrows in [{folder}] than these, which the imports make:\n{}",
            house::draw(&rooms)
        );
    }
    Ok(())
}
