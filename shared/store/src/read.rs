//! Reading: one item, many items, a stretch of a partition.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{Get, KeysAndAttributes, TransactGetItem};
use lychgate_core::{ctx::Ctx, ports::StoreError};

use crate::{
    Store,
    error::{failed, throttled, unbuildable},
    item::{Item, PK, SK, key_item, s},
    keys::Key,
    transact::{CONFLICT_ATTEMPTS_MAX, RESERVE_MILLIS},
};

/// The most keys of one `BatchGetItem`.
const BATCH_KEYS_MAX: usize = 100;
/// How often keys that were left unread are asked for again.
const UNPROCESSED_ATTEMPTS_MAX: u32 = 8;
const UNPROCESSED_BACKOFF_MILLIS: u64 = 20;
const UNPROCESSED_BACKOFF_MILLIS_MAX: u64 = 400;

/// A stretch of one partition.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    /// The partition.
    pub(crate) pk: String,
    /// Where it begins or ends.
    pub(crate) bound: Bound,
    /// Whether it has to show every write that came before.
    pub(crate) consistent: bool,
    /// How many items at most; `None`: as many as one answer holds (1 MB).
    pub(crate) limit: Option<u32>,
}

/// Where a stretch begins (ascending) or ends (descending).
#[derive(Debug, Clone)]
pub(crate) enum Bound {
    /// The whole partition, ascending.
    All,
    /// After this sort key, ascending.
    After(String),
    /// Before this sort key, descending.
    Before(String),
    /// At or before this sort key, descending.
    AtOrBefore(String),
    /// The whole partition, descending.
    Last,
}

/// What one answer brought.
#[derive(Debug)]
pub(crate) struct Page {
    /// The items.
    pub(crate) items: Vec<Item>,
    /// The sort key to go on from, when there is more.
    pub(crate) next: Option<String>,
}

impl Store {
    /// One item, strongly consistent.
    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| failed("GetItem", &error))?;
        Ok(output.item)
    }

    /// One item as it is between transactions. A strongly consistent read may fall into the middle of a
    /// transaction and show one item as it was before and another as it is after it; this one is refused while
    /// a transaction holds the item, and asks again. Costs twice.
    pub(crate) async fn get_settled(
        &self,
        ctx: &Ctx<'_>,
        key: &Key,
    ) -> Result<Option<Item>, StoreError> {
        let get = Get::builder()
            .table_name(&*self.table)
            .set_key(Some(key_item(key)))
            .build()
            .map_err(|error| unbuildable(&error))?;
        let get = TransactGetItem::builder().get(get).build();
        for attempt in 0..CONFLICT_ATTEMPTS_MAX {
            let read = self.client.transact_get_items().transact_items(get.clone()).send().await;
            match read {
                Ok(output) => {
                    let responses = output.responses.unwrap_or_default();
                    return Ok(responses.into_iter().next().and_then(|found| found.item));
                }
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|error| error.is_transaction_canceled_exception())
                        && ctx.has_millis(RESERVE_MILLIS) =>
                {
                    let (base, max) = (UNPROCESSED_BACKOFF_MILLIS, UNPROCESSED_BACKOFF_MILLIS_MAX);
                    ctx.back_off(attempt, base, max).await;
                }
                Err(error) => return Err(failed("TransactGetItems", &error)),
            }
        }
        Err(throttled())
    }

    /// Items, strongly consistent, in no particular order; what is not there is absent.
    pub(crate) async fn get_all(
        &self,
        ctx: &Ctx<'_>,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<Vec<Item>, StoreError> {
        let distinct: HashSet<Key> = keys.into_iter().collect();
        let keys: Vec<Key> = distinct.into_iter().collect();
        if let [key] = keys.as_slice() {
            return Ok(self.get(key).await?.into_iter().collect());
        }
        let mut items = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(BATCH_KEYS_MAX) {
            self.get_chunk(ctx, chunk, &mut items).await?;
        }
        Ok(items)
    }

    async fn get_chunk(
        &self,
        ctx: &Ctx<'_>,
        keys: &[Key],
        items: &mut Vec<Item>,
    ) -> Result<(), StoreError> {
        let mut wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys.iter().map(key_item).collect()))
            .consistent_read(true)
            .build()
            .map_err(|error| unbuildable(&error))?;
        for attempt in 0..UNPROCESSED_ATTEMPTS_MAX {
            let output = self
                .client
                .batch_get_item()
                .request_items(&*self.table, wanted)
                .send()
                .await
                .map_err(|error| failed("BatchGetItem", &error))?;
            let found = output.responses.unwrap_or_default();
            items.extend(found.into_values().flatten());
            let left = output.unprocessed_keys.unwrap_or_default();
            let Some(left) = left.into_values().next() else {
                return Ok(());
            };
            if !ctx.has_millis(RESERVE_MILLIS) {
                break;
            }
            wanted = left;
            ctx.back_off(attempt, UNPROCESSED_BACKOFF_MILLIS, UNPROCESSED_BACKOFF_MILLIS_MAX).await;
        }
        Err(throttled())
    }

    /// One answer's worth of a stretch.
    pub(crate) async fn page(&self, stretch: &Stretch) -> Result<Page, StoreError> {
        let (condition, bound, forward) = match &stretch.bound {
            Bound::All => ("#pk = :pk", None, true),
            Bound::Last => ("#pk = :pk", None, false),
            Bound::After(sk) => ("#pk = :pk AND #sk > :sk", Some(sk), true),
            Bound::Before(sk) => ("#pk = :pk AND #sk < :sk", Some(sk), false),
            Bound::AtOrBefore(sk) => ("#pk = :pk AND #sk <= :sk", Some(sk), false),
        };
        let mut query = self
            .client
            .query()
            .table_name(&*self.table)
            .key_condition_expression(condition)
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", s(&stretch.pk))
            .scan_index_forward(forward)
            .consistent_read(stretch.consistent)
            .set_limit(stretch.limit.and_then(|limit| i32::try_from(limit).ok()));
        if let Some(sk) = bound {
            query = query
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":sk", s(sk));
        }
        let output = query.send().await.map_err(|error| failed("Query", &error))?;
        let next = output
            .last_evaluated_key
            .and_then(|mut key| key.remove(SK))
            .and_then(|sk| sk.as_s().ok().cloned());
        Ok(Page { items: output.items.unwrap_or_default(), next })
    }

    /// Up to `limit` items of a partition after a sort key, of those that `keep` turns into something.
    pub(crate) async fn collect_after<T>(
        &self,
        pk: String,
        after: Option<String>,
        limit: u32,
        consistent: bool,
        keep: impl Fn(&Item) -> Result<Option<T>, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut kept = Vec::new();
        let mut stretch = Stretch {
            pk,
            bound: after.map_or(Bound::All, Bound::After),
            consistent,
            limit: Some(limit),
        };
        while kept.len() < wanted {
            let left = u32::try_from(wanted - kept.len()).unwrap_or(u32::MAX);
            stretch.limit = Some(left);
            let page = self.page(&stretch).await?;
            for item in &page.items {
                kept.extend(keep(item)?);
            }
            match page.next {
                None => break,
                Some(next) => stretch.bound = Bound::After(next),
            }
        }
        Ok(kept)
    }
}
