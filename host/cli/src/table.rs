//! Aligned tables for people.

use std::fmt;

use super::output::{cut, printable};

/// Rows under headings. Displayed as aligned columns.
pub(crate) struct Table(Vec<Vec<String>>);

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self(vec![headings.iter().map(ToString::to_string).collect()])
    }

    /// Adds a row. Cells may hold untrusted text of any length: it is made printable and cut.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.push(cells.iter().map(|cell| cut(&printable(cell), WIDEST_CELL)).collect());
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.0.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        (0..columns).map(|column| width(column).unwrap_or(0)).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (number, row) in self.0.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            write!(out, "{}{}", if number == 0 { "" } else { "\n" }, line.trim_end())?;
        }
        Ok(())
    }
}

/// Enough for real names. `--json` shows the whole of a longer one.
const WIDEST_CELL: usize = 200;

/// A value that may be missing, as a cell.
pub(crate) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_have_no_trailing_spaces() {
        let mut table = Table::new(&["SLUG", "NAME"]);
        table.row(["acme".to_owned(), "Açaí".to_owned()]);
        table.row(["a-longer-one".to_owned(), or_dash(None::<u32>)]);

        assert_eq!(table.to_string(), "SLUG          NAME\nacme          Açaí\na-longer-one  -");
    }

    #[test]
    fn a_cell_stays_on_its_line() {
        let mut table = Table::new(&["NAME"]);
        table.row(["two\nlines".to_owned()]);

        assert_eq!(table.to_string().lines().count(), 2);
    }

    #[test]
    fn a_cell_of_any_length_is_cut() {
        let mut table = Table::new(&["NAME", "WABA ID"]);
        table.row(["x".to_owned(), "9".repeat(70_000)]);
        table.row(["y".to_owned(), "1".to_owned()]);

        let shown = table.to_string();

        assert!(shown.lines().all(|line| line.chars().count() < 250), "{shown}");
        assert!(shown.contains("9…"), "{shown}");
    }
}
