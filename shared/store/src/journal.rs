//! The request log and the live state.

use lychgate_core::{
    ctx::Ctx,
    ids::OrganizationId,
    journal::{RequestEntry, UNKNOWN_MEMBERS_KEPT_MAX, UnknownMembersEntry},
    ports::{Journal, StoreError},
    time::Timestamp,
};

use crate::{
    Store,
    error::failed,
    item::{self, Item, Reader, VERSION, n},
    keys,
    read::{Bound, Stretch},
};

/// How often the live state is written again because another request wrote it meanwhile. It is for people to
/// look at: losing one entry of a stampede is better than making requests wait.
const STATE_ATTEMPTS_MAX: u32 = 3;

impl Journal for Store {
    async fn record(&self, _ctx: &Ctx<'_>, organization: &OrganizationId, entry: &RequestEntry) {
        let item = item::journal::write_request(organization, entry);
        if let Err(error) = self.put(item).await {
            tracing::warn!(?error, "a request was not recorded");
        }
    }

    async fn record_unknown_members(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        entry: &UnknownMembersEntry,
    ) {
        for _ in 0..STATE_ATTEMPTS_MAX {
            match self.remember(organization, entry).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(?error, "unknown members were not recorded");
                    return;
                }
            }
        }
        tracing::warn!("unknown members were not recorded: the live state is busy");
    }

    async fn requests_before(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<(Timestamp, String)>,
        limit: u32,
    ) -> Result<Vec<RequestEntry>, StoreError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut stretch = Stretch {
            pk: keys::requests(organization),
            bound: before
                .map_or(Bound::Last, |(at, id)| Bound::Before(keys::request_sort(at, &id))),
            consistent: true,
            limit: Some(limit),
        };
        let mut entries = Vec::new();
        while entries.len() < wanted {
            let page = self.page(&stretch).await?;
            for item in &page.items {
                // Newest first: what comes after an entry that has ended has ended too.
                if Reader::new("request", item).has_ended(ctx.now())? || entries.len() == wanted {
                    return Ok(entries);
                }
                entries.push(item::journal::read_request(item)?);
            }
            match page.next {
                None => break,
                Some(next) => stretch.bound = Bound::Before(next),
            }
        }
        Ok(entries)
    }

    async fn unknown_members(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<Vec<UnknownMembersEntry>, StoreError> {
        let item = self.get(&keys::state(organization)).await?;
        let state = item.as_ref().map(item::journal::read_state).transpose()?;
        Ok(state.map_or_else(Vec::new, |(_, entries)| entries))
    }
}

/// The entries with a new one in front; at most [`UNKNOWN_MEMBERS_KEPT_MAX`] ids in all, and none twice for
/// the same group.
fn with_newest(
    entry: &UnknownMembersEntry,
    older: Vec<UnknownMembersEntry>,
) -> Vec<UnknownMembersEntry> {
    let mut left = UNKNOWN_MEMBERS_KEPT_MAX;
    let mut kept: Vec<UnknownMembersEntry> = Vec::new();
    for mut next in std::iter::once(entry.clone()).chain(older) {
        if next.group == entry.group && !kept.is_empty() {
            next.members.retain(|id| !entry.members.contains(id));
        }
        next.members.truncate(left);
        if !next.members.is_empty() {
            left -= next.members.len();
            kept.push(next);
        }
    }
    kept
}

impl Store {
    /// Writes an item without a condition: only for what nothing depends on.
    pub(crate) async fn put(&self, item: Item) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|error| failed("PutItem", &error))?;
        Ok(())
    }

    /// One attempt; `false` when somebody else was faster.
    async fn remember(
        &self,
        organization: &OrganizationId,
        entry: &UnknownMembersEntry,
    ) -> Result<bool, StoreError> {
        let item = self.get(&keys::state(organization)).await?;
        let state = item.as_ref().map(item::journal::read_state).transpose()?;
        let (version, older) = state.unwrap_or_default();
        let entries = with_newest(entry, older);
        let written = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item::journal::write_state(organization, version + 1, &entries)))
            .condition_expression("attribute_not_exists(pk) OR #v = :was")
            .expression_attribute_names("#v", VERSION)
            .expression_attribute_values(":was", n(version))
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(failed("PutItem", &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(group: &str, members: &[&str]) -> UnknownMembersEntry {
        UnknownMembersEntry {
            at: Timestamp::from_unix_millis(1),
            group: group.to_owned(),
            members: members.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    #[test]
    fn the_newest_stands_first_and_an_id_stands_once_for_a_group() {
        let kept = with_newest(
            &entry("a", &["1", "2"]),
            vec![entry("a", &["2", "3"]), entry("b", &["2"])],
        );
        let wanted = vec![entry("a", &["1", "2"]), entry("a", &["3"]), entry("b", &["2"])];
        assert_eq!(kept, wanted);
    }

    #[test]
    fn no_more_ids_are_kept_than_the_limit() {
        let many: Vec<String> = (0..80).map(|id| id.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let kept = with_newest(&entry("a", &["x"]), vec![entry("b", &many), entry("c", &["y"])]);
        let ids: usize = kept.iter().map(|entry| entry.members.len()).sum();
        assert_eq!(ids, UNKNOWN_MEMBERS_KEPT_MAX);
    }
}
