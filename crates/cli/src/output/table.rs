//! Text tables.

use std::io::{self, Write};

use comfy_table::{Table, presets};

/// Prints columns with titles, without borders.
pub(super) fn print(
    out: &mut dyn Write,
    titles: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(titles.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_titles() {
        let mut out = Vec::new();
        let rows = [["a", "1"], ["long", "2"]].map(|row| row.map(str::to_owned).to_vec());
        print(&mut out, &["name", "n"], rows).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "name  n\na     1\nlong  2\n"
        );
    }
}
