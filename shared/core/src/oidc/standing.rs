//! Whether what a grant came from still stands: the session, and the member who is neither suspended nor deleted (P6).

use crate::{
    ctx::Ctx,
    ids::OrganizationId,
    organization::Organization,
    ports::{Directory, Sessions, StoreError, Wanted},
    record::User,
    session::{Grant, Session},
};

/// What a grant stands on.
pub(super) struct Standing {
    pub(super) organization: Organization,
    pub(super) session: Session,
    pub(super) user: User,
}

/// What this grant of this organization stands on; `None` when something of it is gone.
pub(super) async fn of_grant<S: Directory + Sessions>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    grant: &Grant,
) -> Result<Option<Standing>, StoreError> {
    let wanted = Wanted { organization: true, users: vec![grant.user], ..Wanted::default() };
    let (session, fetched) = futures_util::future::join(
        store.session(ctx, organization, grant.user, &grant.session),
        store.fetch(ctx, organization, wanted),
    )
    .await;
    let mut fetched = fetched?;
    let (Some(session), Some(organization), Some(user)) =
        (session?, fetched.organization.take(), fetched.users.pop())
    else {
        return Ok(None);
    };
    let holds = session.holds(&user, ctx.now()) && user.id == grant.user;
    Ok(holds.then_some(Standing { organization, session, user }))
}
