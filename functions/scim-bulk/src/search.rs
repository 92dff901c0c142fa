//! `POST /scim/v2/.search`: users and groups in one list (RFC 7644 §3.4.3).

use lychgate_core::{
    call::{Answer, Call, Failure},
    ports::Directory,
    search,
};
use lychgate_edge::scim::Incoming;

pub(crate) async fn run<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Answer, Failure> {
    let query = incoming.search_query(call)?;
    search::everything(call, store, &query).await
}
