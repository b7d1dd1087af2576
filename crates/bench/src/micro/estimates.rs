//! What criterion found out, read from the files that it leaves.

use std::{fs, path::Path};

use serde::Deserialize;

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// The median of a benchmark, which is named `group/function/parameter`.
pub(super) fn median_ns(folder: &Path, bench: &str) -> Result<f64, String> {
    let file = folder.join(bench).join("new").join("estimates.json");
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let estimates: Estimates =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(estimates.median.point_estimate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_read_and_a_missing_file_is_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let new = folder.path().join("table/insert/1/new");
        fs::create_dir_all(&new)?;
        let json = r#"{"mean":{"point_estimate":9.0},"median":{"point_estimate":21.5}}"#;
        fs::write(new.join("estimates.json"), json)?;
        assert_eq!(median_ns(folder.path(), "table/insert/1")?, 21.5);
        let missing = median_ns(folder.path(), "table/take/1");
        assert!(missing.is_err_and(|reason| reason.contains("take")));
        Ok(())
    }
}
