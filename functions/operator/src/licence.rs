//! `/v1/organizations/{organization}/licence`.

use lychgate_core::{
    ctx::Ctx,
    operator::licence,
    organization::{Licence, LicenceState},
};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};

use crate::{
    Store,
    body::{Body, missing},
    problem, view,
};

const STATES: [(&str, LicenceState); 3] = [
    ("active", LicenceState::Active),
    ("expired", LicenceState::Expired),
    ("none", LicenceState::None),
];

pub(crate) async fn set<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["state", "seats", "ends"])?;
    let licence = Licence {
        state: body
            .optional_word("state", &STATES)?
            .ok_or_else(|| missing("state", "word: `active`, `expired` or `none`"))?,
        seats: body.nullable_u64("seats")?,
        ends: body.nullable_time("ends")?,
    };
    let organization = licence::set(ctx, store, incoming.parameter("organization"), licence)
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::licence(&organization.licence, ctx.now())))
}
