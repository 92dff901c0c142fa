//! The history by an ordered cursor (E1, E2): at least once, deduplicated by id.

use super::{
    Refusal,
    checks::{cursor, page_size},
    organizations,
};
use crate::{ctx::Ctx, event::StoredEvent, ids::EventId, ports::Organizations, time::Timestamp};

/// How old an event must be before the cursor passes it, in seconds.
///
/// Ids are ordered by the time at which an attempt to commit *begins*; store operations time out after five
/// seconds, so that an event can still appear below one that is already there, for that long. A cursor that
/// had passed the place would miss it. Twice the time-out leaves room for clocks that differ.
pub const EVENT_SETTLE_SECS: u64 = 10;

/// A page of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// In order. The newest may come again with the next page: deduplicate by id.
    pub events: Vec<StoredEvent>,
    /// Where to go on; it never passes an event younger than [`EVENT_SETTLE_SECS`]. The cursor that was given
    /// when nothing has settled since; `None` when there was none.
    pub next_cursor: Option<String>,
    /// Whether there is more to read at once. Else come again after a while with `next_cursor`.
    pub has_more: bool,
}

/// Events after the cursor.
///
/// # Errors
/// The page or the cursor is none, there is no such organization, or the store is away.
pub async fn history<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    after: Option<&str>,
    limit: Option<u32>,
) -> Result<History, Refusal> {
    let limit = page_size(limit)?;
    let after = cursor(after, |text| text.parse::<EventId>().ok())?;
    let organization = organizations::find(ctx, store, organization).await?;
    let events = store.events_after(ctx, &organization.id, after, limit).await?;
    Ok(page(ctx.now(), after, events, limit))
}

fn page(now: Timestamp, after: Option<EventId>, events: Vec<StoredEvent>, limit: u32) -> History {
    let settled = |event: &&StoredEvent| event.at.plus_secs(EVENT_SETTLE_SECS) <= now;
    // Up to the first that has not settled: what is later in the order counts as younger, whatever its clock.
    let last_settled = events.iter().take_while(settled).last();
    let is_full = events.len() >= limit as usize;
    let ends_settled = last_settled.map(|event| event.id) == events.last().map(|event| event.id);
    History {
        next_cursor: last_settled.map(|event| event.id).or(after).map(|id| id.to_string()),
        // A full page that ends in events that have not settled would come again as it is: not at once.
        has_more: is_full && ends_settled,
        events,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_800_000_000_000);

    fn event(secs_ago: u64) -> StoredEvent {
        let at = Timestamp::from_unix_millis(NOW.unix_millis() - secs_ago * 1_000);
        let id = uuid::Builder::from_unix_timestamp_millis(at.unix_millis(), &[0; 10]).into_uuid();
        StoredEvent {
            id: id.into(),
            at,
            kind: "member.created".to_owned(),
            actor: "system".to_owned(),
            actor_name: None,
            subject_kind: "user".to_owned(),
            subject_id: String::new(),
            subject_name: String::new(),
            data: Map::new(),
        }
    }

    #[test]
    fn the_cursor_never_passes_a_young_event() {
        let page = page(NOW, None, vec![event(60), event(11), event(9), event(0)], 10);
        assert_eq!(page.events.len(), 4);
        assert_eq!(page.next_cursor, Some(event(11).id.to_string()));
        assert!(!page.has_more);
    }

    #[test]
    fn the_cursor_stays_when_nothing_has_settled() {
        let after = event(60).id;
        let page = page(NOW, Some(after), vec![event(3), event(2)], 2);
        assert_eq!(page.next_cursor, Some(after.to_string()));
        assert!(!page.has_more, "asking again at once would give the same");
    }

    #[test]
    fn a_full_settled_page_has_more() {
        let page = page(NOW, None, vec![event(60), event(50)], 2);
        assert_eq!(page.next_cursor, Some(event(50).id.to_string()));
        assert!(page.has_more);
    }

    #[test]
    fn an_empty_history_has_no_cursor() {
        let page = page(NOW, None, Vec::new(), 2);
        assert_eq!((page.next_cursor, page.has_more), (None, false));
    }
}
