//! `GET /scim/v2`: users and groups in one list (RFC 7644 §3.4.2.1).

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
    search::everything(call, store, &incoming.list_query()?).await
}
