//! Organizations and their history.

use std::collections::{BTreeSet, HashMap};

use lychgate_core::{
    ctx::Ctx,
    event::{Event, StoredEvent},
    ids::{EventId, OrganizationId},
    organization::{Domain, Organization},
    ports::{CommitError, EmailDomains, Organizations, StoreError},
};

use crate::{
    Store,
    item::{self, ID, Reader, SK, item, s},
    keys,
    read::{Bound, Stretch},
    transact::{Action, Failed, Meaning, Refused, Transaction},
    users::write_organization,
};

/// The longest domain that can be asked for, in bytes (RFC 1035 §2.3.4 allows 253); a longer one leads nowhere.
const EMAIL_DOMAIN_BYTES_MAX: usize = 255;

impl Organizations for Store {
    async fn organization(
        &self,
        _ctx: &Ctx<'_>,
        id: &OrganizationId,
    ) -> Result<Option<Organization>, StoreError> {
        let item = self.get(&keys::organization(id)).await?;
        item.as_ref().map(item::organization::read).transpose()
    }

    async fn by_domain(
        &self,
        _ctx: &Ctx<'_>,
        domain: &Domain,
    ) -> Result<Option<OrganizationId>, StoreError> {
        let Some(item) = self.get(&keys::domain(domain)).await? else {
            return Ok(None);
        };
        Reader::new("domain", &item)
            .parsed(ID, |text| OrganizationId::from_bare(text).ok())
            .map(Some)
    }

    async fn organizations_after(
        &self,
        ctx: &Ctx<'_>,
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> Result<Vec<Organization>, StoreError> {
        let after = after.map(|id| id.bare().to_owned());
        let pk = keys::ORGANIZATIONS.to_owned();
        let ids = self
            .collect_after(pk, after, limit, true, |item| {
                Reader::new("organization entry", item)
                    .parsed(SK, |text| OrganizationId::from_bare(text).ok())
                    .map(Some)
            })
            .await?;
        let items = self.get_all(ctx, ids.iter().map(keys::organization)).await?;
        let mut found = HashMap::new();
        for item in &items {
            let organization = item::organization::read(item)?;
            found.insert(organization.id.clone(), organization);
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    async fn create_organization(
        &self,
        ctx: &Ctx<'_>,
        organization: &Organization,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let id = &organization.id;
        let mut transaction = Transaction::with_event(id, event);
        transaction.push(
            Action::put(keys::organization(id), item::organization::write(organization))
                .when("attribute_not_exists(pk)", Meaning::Subject),
        );
        let entry = keys::organization_entry(id);
        transaction.push(Action::put(entry.clone(), item(&entry, [])));
        transaction.push(claim_domain(&organization.domain, id));
        match self.transact(ctx, &transaction).await {
            Ok(()) => Ok(true),
            Err(Refused::Conditions(failed)) => {
                // Its own item is there: our own write, whose answer was lost.
                Ok(crate::users::own_creation(&failed))
            }
            Err(refused) => Err(store_error(refused)),
        }
    }

    async fn update_organization(
        &self,
        ctx: &Ctx<'_>,
        before: &Organization,
        after: &Organization,
        event: &Event,
    ) -> Result<bool, CommitError> {
        let id = &after.id;
        let mut transaction = Transaction::with_event(id, event);
        transaction.push(write_organization(before.version, after));
        if before.domain != after.domain {
            transaction.push(
                Action::delete(keys::domain(&before.domain))
                    .when("attribute_not_exists(pk) OR #id = :id", Meaning::Other)
                    .name("#id", ID)
                    .value(":id", s(id.bare())),
            );
            transaction.push(claim_domain(&after.domain, id));
        }
        push_email_domains(&mut transaction, before, after);
        match self.transact(ctx, &transaction).await {
            Ok(()) => Ok(true),
            Err(Refused::Conditions(failed)) if is_domain_taken(&failed) => Ok(false),
            Err(refused) => Err(refused.commit_error()),
        }
    }

    async fn events_before(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut stretch = Stretch {
            pk: keys::events(organization),
            bound: before.map_or(Bound::Last, |id| Bound::Before(id.to_string())),
            consistent: true,
            limit: None,
        };
        let mut events = Vec::new();
        while events.len() < wanted {
            let left = u32::try_from(wanted - events.len()).unwrap_or(u32::MAX);
            stretch.limit = Some(left);
            let page = self.page(&stretch).await?;
            for item in &page.items {
                events.push(item::event::read(item)?);
            }
            match page.next {
                None => break,
                Some(next) => stretch.bound = Bound::Before(next),
            }
        }
        Ok(events)
    }

    async fn events_after(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let after = after.map(|id| id.to_string());
        self.collect_after(keys::events(organization), after, limit, true, |item| {
            item::event::read(item).map(Some)
        })
        .await
    }
}

/// Whether nothing moved and the domain is taken (an e-mail domain may be taken too).
fn is_domain_taken(failed: &[Failed]) -> bool {
    failed.iter().any(|failed| failed.meaning == Meaning::Domain)
        && failed
            .iter()
            .all(|failed| matches!(failed.meaning, Meaning::Domain | Meaning::EmailDomain(_)))
}

/// Frees and claims the e-mail domains that differ.
fn push_email_domains(
    transaction: &mut Transaction<'_>,
    before: &Organization,
    after: &Organization,
) {
    let domains = |of: &Organization| of.sign_in.email_domains.iter().cloned().collect();
    let (was, is): (BTreeSet<String>, BTreeSet<String>) = (domains(before), domains(after));
    let own = |action: Action, meaning: Meaning| {
        action
            .when("attribute_not_exists(pk) OR #id = :id", meaning)
            .name("#id", ID)
            .value(":id", s(after.id.bare()))
    };
    for domain in was.difference(&is) {
        transaction.push(own(Action::delete(keys::email_domain(domain)), Meaning::Other));
    }
    for domain in is.difference(&was) {
        let key = keys::email_domain(domain);
        let item = item(&key, [(ID, Some(s(after.id.bare())))]);
        transaction.push(own(Action::put(key, item), Meaning::EmailDomain(domain.clone())));
    }
}

impl EmailDomains for Store {
    async fn by_email_domain(
        &self,
        _ctx: &Ctx<'_>,
        domain: &str,
    ) -> Result<Option<OrganizationId>, StoreError> {
        if domain.is_empty() || domain.len() > EMAIL_DOMAIN_BYTES_MAX {
            return Ok(None);
        }
        let Some(item) = self.get(&keys::email_domain(domain)).await? else {
            return Ok(None);
        };
        Reader::new("e-mail domain", &item)
            .parsed(ID, |text| OrganizationId::from_bare(text).ok())
            .map(Some)
    }
}

fn claim_domain(domain: &Domain, id: &OrganizationId) -> Action {
    let key = keys::domain(domain);
    let item = item(&key, [(ID, Some(s(id.bare())))]);
    Action::put(key, item)
        .when("attribute_not_exists(pk) OR #id = :id", Meaning::Domain)
        .name("#id", ID)
        .value(":id", s(id.bare()))
}

/// A refusal where the port knows only errors of the store.
pub(crate) fn store_error(refused: Refused) -> StoreError {
    match refused {
        Refused::Store(error) => error,
        Refused::TooLarge => StoreError::Unavailable("an item would be too large".to_owned()),
        Refused::Conditions(_) => StoreError::Unavailable("a condition failed".to_owned()),
    }
}
