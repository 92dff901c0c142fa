//! Lists that are too long for one request: a bounded read, of which a page shows those that match, and where to go on.

use lychgate_core::settings::history_words::{counted, grouped};
use lychgate_edge::json::Incoming;

/// How many members, groups or events one page reads at most while it looks for those that match. DynamoDB answers a query
/// with a megabyte at most: as long as they have less than 2 KB on average, it is one query.
pub(crate) const READ_MAX: u32 = 500;
/// How many members or events one file of an export holds at most.
pub(crate) const EXPORT_ROWS_MAX: u32 = 1_000;
/// How many a page shows.
pub(crate) const PAGE: usize = 50;
/// What is read for a page of everybody: one more tells whether there is another page.
const PAGE_READ: u32 = 51;
/// The most characters of a search.
pub(crate) const SEARCH_CHARS_MAX: usize = 100;
/// The most bytes of one part of an export; an answer of a Lambda function may have 6 MB.
pub(crate) const EXPORT_BYTES_MAX: usize = 4_000_000;
/// Spreadsheets take a file for UTF-8 when it begins with this.
pub(crate) const BYTE_ORDER_MARK: &str = "\u{feff}";
/// As a cursor: before everything. A list that begins here is looked through instead of asked for by key.
pub(crate) const BEGINNING: &str = "00000000-0000-0000-0000-000000000000";

/// What one request found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Walked<T> {
    /// What matched, at most a page of it.
    pub(crate) items: Vec<T>,
    /// How many were looked at.
    pub(crate) looked_at: usize,
    /// After which one to go on, when there is more to look at.
    pub(crate) next: Option<String>,
    /// Whether the page is full: else the bound was met first.
    pub(crate) full: bool,
}

/// Takes a page of those that match out of what was read. `asked` is how many were asked for: fewer mean the end.
pub(crate) fn walk<T>(
    read: Vec<T>,
    asked: u32,
    id: impl Fn(&T) -> String,
    admits: impl Fn(&T) -> bool,
) -> Walked<T> {
    let is_end = read.len() < asked as usize;
    let mut walked = Walked { items: Vec::new(), looked_at: 0, next: None, full: false };
    let mut last = None;
    for item in read {
        if walked.items.len() >= PAGE {
            return Walked { next: last, full: true, ..walked };
        }
        last = Some(id(&item));
        walked.looked_at += 1;
        if admits(&item) {
            walked.items.push(item);
        }
    }
    Walked { next: last.filter(|_| !is_end), ..walked }
}

/// How many to read: a page and one more, or, when only some of them match, as many as fit.
pub(crate) const fn to_read(everybody: bool) -> u32 {
    if everybody { PAGE_READ } else { READ_MAX }
}

/// What a list was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What to search for; empty: nothing.
    pub(crate) search: String,
    /// The cursor, when there was one.
    pub(crate) after: String,
}

impl Asked {
    pub(crate) fn of(incoming: &Incoming<'_>) -> Self {
        let search = incoming.query("q").unwrap_or_default().trim();
        let search = search.chars().filter(|c| !c.is_control()).take(SEARCH_CHARS_MAX);
        Self {
            search: search.collect(),
            after: incoming.query("after").unwrap_or_default().chars().take(36).collect(),
        }
    }
}

/// What stands above a list: how many there are, what was looked at, what was found.
pub(crate) struct Summary<'a> {
    /// How many there are in all, when that is known.
    pub(crate) total: Option<u64>,
    /// One of them, and several.
    pub(crate) nouns: (&'a str, &'a str),
    /// Whether the list shows all, one page after the other.
    pub(crate) everybody: bool,
    /// How many are on the page.
    pub(crate) found: usize,
    /// How many were looked at for it.
    pub(crate) looked_at: usize,
    /// Whether there are more to look at.
    pub(crate) more: bool,
    /// Whether this is not the first page.
    pub(crate) continued: bool,
}

impl Summary<'_> {
    pub(crate) fn sentence(&self) -> String {
        let (one, many) = self.nouns;
        let found = grouped(self.found as u64);
        let looked_at = counted(self.looked_at as u64, one, many);
        match (self.everybody, self.total) {
            (true, Some(total)) => format!("{} in all.", counted(total, one, many)),
            (true, None) if self.found == 0 => format!("No {many}."),
            (true, None) => format!("{} on this page.", counted(self.found as u64, one, many)),
            (false, _) if self.more => {
                let next = if self.continued { "next " } else { "first " };
                format!(
                    "{found} found among the {next}{looked_at}. There are more to look through."
                )
            }
            (false, _) if self.continued => format!("{found} found among the last {looked_at}."),
            (false, _) => format!("{found} found among all {looked_at}."),
        }
    }
}

/// What the link to more says.
pub(crate) const fn next_label(full: bool) -> &'static str {
    if full { "Next page" } else { "Search on" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(count: u32, asked: u32, admits: impl Fn(&u32) -> bool) -> Walked<u32> {
        walk((0..count).collect(), asked, ToString::to_string, admits)
    }

    #[test]
    fn a_page_is_filled_and_goes_on_after_what_was_looked_at_last() {
        let page = walked(51, 51, |_| true);
        assert_eq!((page.items.len(), page.looked_at), (50, 50));
        assert_eq!((page.next.as_deref(), page.full), (Some("49"), true));
        let page = walked(50, 51, |_| true);
        assert_eq!((page.items.len(), page.next, page.full), (50, None, false));
    }

    #[test]
    fn a_search_that_meets_its_bound_goes_on() {
        let page = walked(READ_MAX, READ_MAX, |n| n % 250 == 0);
        assert_eq!(page.items, [0, 250]);
        assert_eq!((page.next.as_deref(), page.full), (Some("499"), false));
        let page = walked(499, READ_MAX, |_| false);
        assert_eq!((page.items.len(), page.looked_at, page.next), (0, 499, None));
        let page = walked(READ_MAX, READ_MAX, |_| true);
        assert_eq!((page.looked_at, page.next.as_deref(), page.full), (50, Some("49"), true));
    }

    #[test]
    fn walking_on_meets_each_one_once() {
        let (mut after, mut met) = (None, Vec::new());
        loop {
            let from = after.map_or(0, |after: u32| after + 1);
            let read: Vec<u32> = (from..3_210).take(READ_MAX as usize).collect();
            let page = walk(read, READ_MAX, ToString::to_string, |n| n % 7 == 0);
            met.extend(page.items);
            let Some(next) = page.next else { break };
            after = next.parse().ok();
        }
        assert_eq!(met, (0..3_210).filter(|n| n % 7 == 0).collect::<Vec<_>>());
    }

    #[test]
    fn the_summary_says_how_far_it_looked() {
        let of = |everybody, total, found, looked_at, more, continued| {
            let nouns = ("member", "members");
            Summary { total, nouns, everybody, found, looked_at, more, continued }.sentence()
        };
        assert_eq!(of(true, Some(1), 1, 1, false, false), "1 member in all.");
        assert_eq!(of(true, None, 0, 0, false, false), "No members.");
        assert_eq!(of(false, Some(12), 0, 12, false, false), "0 found among all 12 members.");
        assert_eq!(
            of(false, Some(5_000), 3, 1_000, true, false),
            "3 found among the first 1,000 members. There are more to look through."
        );
        assert_eq!(of(false, None, 3, 10, false, true), "3 found among the last 10 members.");
    }
}
