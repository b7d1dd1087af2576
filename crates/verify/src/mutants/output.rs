//! What jobs say: tests as the standard harness does, simulations with the seed that failed.

/// At most so many are named.
const NAMED: usize = 2;

/// `test NAME ... FAILED`, of those that failed.
pub(super) fn failed_tests(output: &str) -> String {
    let failed = ended(output).filter(|(_, result)| result.starts_with("FAILED"));
    let failed: Vec<_> = failed.map(|(name, _)| name).collect();
    match named(&failed) {
        text if text.is_empty() => "fails".to_owned(),
        text => text,
    }
}

/// Of the tests that usually end, those that have not.
pub(super) fn unfinished(output: &str, usual: &str) -> String {
    let done: Vec<_> = ended(output).map(|(name, _)| name).collect();
    let missing: Vec<_> = ended(usual)
        .map(|(name, _)| name)
        .filter(|name| !done.contains(name))
        .collect();
    match named(&missing) {
        text if text.is_empty() => text,
        text => format!(": {text}"),
    }
}

/// The seed that a simulation failed with.
pub(super) fn seed(output: &str) -> String {
    let after = output.split_once("seed ").map(|(_, after)| after);
    let digits = after.map(|after| after.split(|c: char| !c.is_ascii_digit()).next());
    match digits.flatten() {
        Some(seed) if !seed.is_empty() => format!("seed {seed}"),
        _ => "fails".to_owned(),
    }
}

/// Tests that have ended, and how.
fn ended(output: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("test "));
    lines.filter_map(|line| line.split_once(" ... "))
}

fn named(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: &str = "running 4 tests\ntest a ... ok\ntest b::c ... ok\ntest d ... ok\ntest e - should panic ... ok\n";

    #[test]
    fn failed_tests_are_named_but_not_all() {
        assert_eq!(
            failed_tests("test a ... ok\ntest b::c ... FAILED\n"),
            "b::c"
        );
        let many = USUAL.replace("ok", "FAILED");
        assert_eq!(failed_tests(&many), "a, b::c and 2 more");
        assert_eq!(failed_tests("thread panicked"), "fails");
    }

    #[test]
    fn tests_that_did_not_end_are_those_that_usually_do() {
        assert_eq!(
            unfinished(
                "test a ... ok\ntest d ... FAILED\ntest e - should panic ... ok",
                USUAL
            ),
            ": b::c"
        );
        assert_eq!(unfinished("", ""), "");
    }

    #[test]
    fn the_seed_is_read_where_one_is_named() {
        assert_eq!(
            seed("profile calm\nseed 17: a reply reached another call\n"),
            "seed 17"
        );
        assert_eq!(seed("seed of all evil"), "fails");
        assert_eq!(seed(""), "fails");
    }
}
