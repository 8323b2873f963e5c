//! A table whose rows were measured in turns.

use std::fmt;

/// Each figure with its ratio to the first row's: the medians of all rounds. A ratio is of two
/// figures of the same round, so what changes the whole machine's speed does not change it.
pub struct Table {
    title: String,
    notes: Vec<String>,
    columns: Vec<&'static str>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    /// Of each round.
    figures: Vec<Vec<f64>>,
}

impl Table {
    /// Without rows.
    pub fn new(title: impl Into<String>, columns: &[&'static str]) -> Self {
        Self { title: title.into(), notes: Vec::new(), columns: columns.to_vec(), rows: Vec::new() }
    }

    /// A line below the title.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The figures of a row in one more round, one for each column, and says them as long as the
    /// table is not there.
    pub fn add(&mut self, name: &str, figures: Vec<f64>) {
        assert_eq!(figures.len(), self.columns.len(), "{name}");
        let told: Vec<_> = self
            .columns
            .iter()
            .zip(&figures)
            .map(|(column, figure)| format!("{column} {}", digits(*figure)))
            .collect();
        eprintln!("{}, {name}: {}", self.title, told.join(", "));
        let place = self.rows.iter().position(|row| row.name == name).unwrap_or(self.rows.len());
        if place == self.rows.len() {
            self.rows.push(Row { name: name.to_owned(), figures: Vec::new() });
        }
        self.rows[place].figures.push(figures);
    }
}

impl Row {
    fn median(&self, column: usize) -> f64 {
        median(self.figures.iter().map(|figures| figures[column]).collect())
    }

    fn ratio(&self, first: &Self, column: usize) -> f64 {
        let pairs = self.figures.iter().zip(&first.figures);
        median(pairs.map(|(own, first)| own[column] / first[column]).collect())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { title, notes, columns, rows } = self;
        writeln!(out, "{title}")?;
        notes.iter().try_for_each(|note| writeln!(out, "  {note}"))?;
        write!(out, "{:<NAME$}", "")?;
        columns.iter().try_for_each(|column| write!(out, "{column:>FIGURE$}"))?;
        for row in rows {
            write!(out, "\n{:<NAME$}", row.name)?;
            for column in 0..columns.len() {
                let (figure, ratio) = (row.median(column), row.ratio(&rows[0], column));
                let ratio = if ratio.is_finite() { format!("{ratio:.2}") } else { "-".to_owned() };
                write!(out, "{:>FIGURE$}", format!("{} {ratio:>6}", digits(figure)))?;
            }
        }
        Ok(())
    }
}

/// The middle one; of an even number the greater of two.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// At most three digits after the point, and about three that say something.
fn digits(figure: f64) -> String {
    match figure.abs() {
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        size if size >= 1.0 => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}

const NAME: usize = 44;
const FIGURE: usize = 20;
