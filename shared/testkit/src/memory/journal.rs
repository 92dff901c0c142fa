//! The request log and the live state, in memory.

use lychgate_core::{
    ctx::Ctx,
    ids::OrganizationId,
    journal::{RequestEntry, UNKNOWN_MEMBERS_KEPT_MAX, UnknownMembersEntry},
    ports::{Journal, StoreError},
    time::Timestamp,
};

use super::{MemoryStore, limited};

impl Journal for MemoryStore {
    async fn record(&self, _: &Ctx<'_>, organization: &OrganizationId, entry: &RequestEntry) {
        self.lock().tenant(organization).requests.push(entry.clone());
    }

    async fn record_unknown_members(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        entry: &UnknownMembersEntry,
    ) {
        let mut state = self.lock();
        let entries = &mut state.tenant(organization).unknown_members;
        entries.insert(0, entry.clone());
        let mut kept = 0;
        entries.retain(|entry| {
            kept += entry.members.len();
            kept <= UNKNOWN_MEMBERS_KEPT_MAX
        });
    }

    async fn requests_before(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<(Timestamp, String)>,
        limit: u32,
    ) -> Result<Vec<RequestEntry>, StoreError> {
        let mut state = self.lock();
        let place = |entry: &RequestEntry| (entry.at, entry.request_id.clone());
        let mut found: Vec<RequestEntry> = state.tenant(organization).requests.clone();
        found.retain(|entry| before.as_ref().is_none_or(|before| place(entry) < *before));
        found.sort_by_key(|entry| std::cmp::Reverse(place(entry)));
        found.truncate(limited(limit));
        Ok(found)
    }

    async fn unknown_members(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<Vec<UnknownMembersEntry>, StoreError> {
        Ok(self.lock().tenant(organization).unknown_members.clone())
    }
}
