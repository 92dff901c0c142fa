//! The oracle keeps the contract that it judges others by.

use lychgate_testkit::MemoryStore;

async fn memory() -> MemoryStore {
    MemoryStore::new()
}

lychgate_testkit::store_contract!(memory);
