//! `/scim/v2/Me` (RFC 7644 §3.11): the member to whom the token is bound.

use lychgate_core::{
    call::{Answer, Call, Failure},
    ports::Users,
    users,
};
use lychgate_edge::{request::Method, scim::Incoming};
use lychgate_scim::{Error, ErrorKind};

use crate::{delete, patch, read, replace};

pub(crate) async fn run<S: Users>(
    call: &mut Call<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Answer, Failure> {
    let id = users::me(call, store).await?;
    let answer = aliased(call, store, incoming, &id).await?;
    // RFC 7644 §3.11: every answer names the resource that `/Me` stands for.
    let location = Some(users::location(call, &id));
    Ok(Answer { location, ..answer })
}

async fn aliased<S: Users>(
    call: &mut Call<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    match incoming.route.method {
        Method::Put => replace::run(call, store, incoming, id).await,
        Method::Patch => patch::run(call, store, incoming, id).await,
        Method::Delete => delete::run(call, store, incoming, id).await,
        // A person who has a token is there already.
        Method::Post => Err(Error::new(
            ErrorKind::Conflict,
            "The member to whom this token is bound exists. Change it with PUT or PATCH.",
        )
        .into()),
        _ => read::run(call, store, incoming, id).await,
    }
}
