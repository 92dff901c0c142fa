//! The request log, page by page (P16).

use lychgate_core::{
    journal::{REQUEST_LOG_DAYS, RequestEntry},
    settings::access::Area,
    time::Timestamp,
};
use lychgate_edge::{
    pages::settings::scim::Requests,
    reply::Reply,
    settings::{Room, Turned},
};

use super::Context;
use crate::{Store, overview::requests};

/// How many requests are on a page.
const PAGE_SIZE: usize = 25;
/// How many are looked at for a page of those that did not succeed.
const LOOKED_AT_MAX: usize = 200;

pub(super) async fn get<S: Store>(context: &Context<'_, S>, room: Room) -> Result<Reply, Turned> {
    let (ctx, incoming) = (context.ctx, context.incoming);
    let failed_only = incoming.query("show") == Some("failed");
    let before = incoming.query("before").and_then(place);
    let later = before.is_some();
    let look_at = if failed_only { LOOKED_AT_MAX } else { PAGE_SIZE };
    let limit = u32::try_from(look_at + 1).unwrap_or(u32::MAX);
    let organization = room.visitor.organization();
    let entries = context.store.requests_before(ctx, &organization.id, before, limit).await?;
    let cut = cut(&entries, look_at, failed_only);
    let lines = cut.shown.iter();
    let directory = &organization.directory;
    let page = Requests {
        frame: room.frame(Area::Scim, None),
        failed_only,
        requests: lines.map(|entry| requests::line(ctx.now(), directory, entry)).collect(),
        read: cut.read,
        older: cut.next.map(|last| query(last, failed_only)),
        later,
        days: REQUEST_LOG_DAYS,
    };
    Ok(room.render(200, &page))
}

struct Cut<'a> {
    shown: Vec<&'a RequestEntry>,
    /// How many were looked at.
    read: usize,
    /// The last that was looked at, when there are older ones.
    next: Option<&'a RequestEntry>,
}

/// One page of what was read: `look_at` entries and one more, if there are so many.
fn cut(entries: &[RequestEntry], look_at: usize, failed_only: bool) -> Cut<'_> {
    let (mut shown, mut read, mut last) = (Vec::new(), 0, None);
    for entry in entries.iter().take(look_at) {
        if shown.len() == PAGE_SIZE {
            break;
        }
        (read, last) = (read + 1, Some(entry));
        if !failed_only || !requests::succeeded(entry) {
            shown.push(entry);
        }
    }
    Cut { shown, read, next: last.filter(|_| entries.len() > read) }
}

/// Where a page begins: `<milliseconds>.<request id>`; another text begins at the newest.
fn place(text: &str) -> Option<(Timestamp, String)> {
    let (millis, id) = text.split_once('.')?;
    Some((Timestamp::from_unix_millis(millis.parse().ok()?), id.to_owned()))
}

fn query(last: &RequestEntry, failed_only: bool) -> String {
    let show = if failed_only { "show=failed&" } else { "" };
    // The front door chooses request ids, so they are encoded like any text that is not ours.
    let id: String = last.request_id.bytes().fold(String::new(), |out, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => {
            out + char::from(byte).encode_utf8(&mut [0; 4])
        }
        _ => out + &format!("%{byte:02X}"),
    });
    format!("{show}before={}.{id}", last.at.unix_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: u64, status: u16) -> RequestEntry {
        RequestEntry {
            at: Timestamp::from_unix_millis(at),
            request_id: format!("r={at}&"),
            method: "GET".to_owned(),
            path: "/scim/v2/Users".to_owned(),
            actor: "token:tok-1".to_owned(),
            client: None,
            status,
            scim_type: None,
            detail: None,
            notices: Vec::new(),
            millis: 1,
        }
    }

    /// Walks all pages as a browser does.
    fn walk(entries: &[RequestEntry], look_at: usize, failed_only: bool) -> (Vec<u64>, usize) {
        let (mut seen, mut pages, mut rest) = (Vec::new(), 0, entries);
        loop {
            let read = &rest[..rest.len().min(look_at + 1)];
            let page = cut(read, look_at, failed_only);
            assert!(page.shown.len() <= PAGE_SIZE);
            seen.extend(page.shown.iter().map(|entry| entry.at.unix_millis()));
            pages += 1;
            let Some(last) = page.next else { return (seen, pages) };
            let place = rest.iter().position(|entry| entry == last).unwrap();
            rest = &rest[place + 1..];
        }
    }

    #[test]
    fn pages_bring_every_request_once() {
        let entries: Vec<_> = (0..130).rev().map(|at| entry(at, 200)).collect();
        let all: Vec<u64> = (0..130).rev().collect();
        assert_eq!(walk(&entries, PAGE_SIZE, false), (all, 6));
        assert_eq!(walk(&entries[..PAGE_SIZE], PAGE_SIZE, false).1, 1);
        assert_eq!(walk(&[], PAGE_SIZE, false), (Vec::new(), 1));
    }

    #[test]
    fn those_that_failed_are_found_behind_many_that_did_not() {
        let status = |at: u64| if at.is_multiple_of(7) { 404 } else { 204 };
        let entries: Vec<_> = (0..1_000).rev().map(|at| entry(at, status(at))).collect();
        let failed: Vec<u64> = (0..1_000).rev().filter(|at: &u64| at.is_multiple_of(7)).collect();
        assert_eq!(walk(&entries, LOOKED_AT_MAX, true).0, failed);
        let good: Vec<_> = (0..500).rev().map(|at| entry(at, 200)).collect();
        assert_eq!(walk(&good, LOOKED_AT_MAX, true), (Vec::new(), 3));
    }

    #[test]
    fn a_place_survives_the_address() {
        let query = query(&entry(77, 200), true);
        assert_eq!(query, "show=failed&before=77.r%3D77%26");
        assert_eq!(place("77.r=77&"), Some((Timestamp::from_unix_millis(77), "r=77&".to_owned())));
        for text in ["", "x", "77", "x.y", "-1.y"] {
            assert_eq!(place(text), None, "{text}");
        }
    }
}
