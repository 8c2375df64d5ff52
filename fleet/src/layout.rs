//! How tables look.

use std::fmt;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// What stands where nothing is known.
pub(crate) const UNKNOWN: &str = "-";
/// Between two columns.
const GAP: usize = 2;

/// What a state means at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Green,
    Red,
    Yellow,
}

impl Colour {
    const fn code(self) -> &'static str {
        match self {
            Colour::Green => "\u{1b}[32m",
            Colour::Red => "\u{1b}[31m",
            Colour::Yellow => "\u{1b}[33m",
        }
    }
}

/// Returns the lines of a table, its header first, without blanks at their ends. Columns whose indexes are in
/// `numbers` are aligned to the right.
pub(crate) fn lines<const N: usize>(header: [&str; N], rows: &[[String; N]], numbers: &[usize]) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, u16::try_from(GAP).expect("it is 2")));
    }
    for index in numbers {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Where a column begins in every line. The columns before it hold ASCII, so that characters are bytes.
pub(crate) fn start<const N: usize>(header: [&str; N], rows: &[[String; N]], column: usize) -> usize {
    let width = |index: usize| {
        let cells = rows.iter().map(|row| row[index].len());
        cells.chain([header[index].len()]).max().unwrap_or(0)
    };
    (0..column).map(|index| width(index) + GAP).sum()
}

/// A line with the text at `start` in a colour. Lines are coloured once they are laid out: the layout would count the
/// codes as text.
pub(crate) struct Coloured<'a> {
    pub(crate) line: &'a str,
    pub(crate) start: usize,
    pub(crate) text: &'a str,
    pub(crate) colour: Colour,
}

impl fmt::Display for Coloured<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PLAIN: &str = "\u{1b}[0m";
        let (before, rest) = self.line.split_at(self.start);
        let (text, after) = rest.split_at(self.text.len());
        write!(f, "{before}{}{text}{PLAIN}{after}", self.colour.code())
    }
}
