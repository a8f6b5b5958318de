//! What came of it all: a row for each network, a column for each thing it is asked to do.

use std::{collections::BTreeMap, fmt::Write as _};

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As promised.
    Passed,
    /// The network has no such thing; why.
    NotOffered(String),
    /// Not as promised; what happened instead.
    Failed(String),
}

/// One case that was played.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) network: &'static str,
    pub(crate) column: &'static str,
    pub(crate) case: String,
    pub(crate) verdict: Verdict,
}

impl Cell {
    /// Its name in one line without spaces: `mastodon/text/cut_after_at_commit`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}/{}", self.network, self.column, self.case.replace(' ', "_"))
    }
}

/// The rows under each other, then why cells are empty, then what failed.
pub(crate) fn print(networks: &[&'static str], columns: &[&'static str], cells: &[Cell]) -> String {
    let of = |network: &str, column: &str| {
        cells.iter().filter(|cell| cell.network == network && cell.column == column).collect::<Vec<_>>()
    };
    let width = networks.iter().map(|name| name.len()).max().unwrap_or(0).max("network".len());
    let widths: Vec<_> = columns
        .iter()
        .map(|column| {
            networks.iter().map(|name| counted(&of(name, column)).chars().count()).max().unwrap_or(0).max(column.len())
        })
        .collect();
    let mut out = format!("{:width$}", "network");
    for (column, width) in columns.iter().zip(&widths) {
        out.push_str(&format!("  {column:>width$}"));
    }
    for network in networks {
        out.push_str(&format!("\n{network:width$}"));
        for (column, width) in columns.iter().zip(&widths) {
            out.push_str(&format!("  {:>width$}", counted(&of(network, column))));
        }
    }
    out.push_str("\n\n–: the network does not offer it\n");
    for network in networks {
        let mut whys: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| cell.network == *network) {
            if let Verdict::NotOffered(why) = &cell.verdict {
                let whole =
                    of(network, cell.column).iter().all(|other| matches!(other.verdict, Verdict::NotOffered(_)));
                let what = if whole { cell.column.to_owned() } else { format!("{}: {}", cell.column, cell.case) };
                let those = whys.entry(why).or_default();
                if !those.contains(&what) {
                    those.push(what);
                }
            }
        }
        for (why, what) in whys {
            let (count, first) = (what.len(), what.into_iter().take(3).collect::<Vec<_>>().join(", "));
            let more = if count > 3 { format!(" and {} more", count - 3) } else { String::new() };
            writeln!(out, "  {network:width$}  {why} ({first}{more})").expect("a string takes everything");
        }
    }
    out
}

/// `12` where all passed, `11/12` where not all did, `–` where nothing is offered.
fn counted(cells: &[&Cell]) -> String {
    let count = |wanted: fn(&Verdict) -> bool| cells.iter().filter(|cell| wanted(&cell.verdict)).count();
    let (passed, failed) =
        (count(|verdict| *verdict == Verdict::Passed), count(|verdict| matches!(verdict, Verdict::Failed(_))));
    match (passed, failed) {
        (0, 0) => "–".to_owned(),
        (passed, 0) => passed.to_string(),
        (passed, failed) => format!("{passed}/{} ✗", passed + failed),
    }
}
