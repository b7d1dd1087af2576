//! The files and the crates of the repository.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use regex::Regex;

/// Directories of build output and of git, which hold no sources.
const NOT_OURS: &[&str] = &["target", ".git"];

/// All files below `root` whose names end in `.extension`.
pub(crate) fn files(root: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let path = entry.path();
            let skipped = NOT_OURS.iter().any(|name| entry.file_name() == *name);
            if entry.file_type()?.is_dir() && !skipped {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The paths of the members of a workspace, from its `Cargo.toml`.
pub(crate) fn members(manifest: &str) -> Result<BTreeSet<String>, regex::Error> {
    let list = Regex::new(r"(?m)^members = \[([^\]]*)\]")?;
    let path = Regex::new(r#""([^"]+)""#)?;
    let list = list.captures(manifest).map_or("", |found| {
        found.get(1).map_or("", |members| members.as_str())
    });
    let paths = path.captures_iter(list);
    Ok(paths.map(|found| found[1].to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_and_default_members_are_not() {
        let manifest =
            "[workspace]\nmembers = [\n  \"a\",\n  \"b/c\",\n]\ndefault-members = [\"d\"]\n";
        let expected = ["a", "b/c"].map(str::to_owned).into();
        assert_eq!(members(manifest).unwrap(), expected);
    }
}
