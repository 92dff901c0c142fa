//! `/suspended/clean-up`: deleting suspended members for good, after a page that says who and what it means (P7).

use lychgate_core::{
    ctx::Ctx,
    ids::UserId,
    operator::members::{CLEAN_UP_MAX, CleanUp, CleanedUp, clean_up},
    ports::Wanted,
    record::User,
    settings::access::Area,
};
use lychgate_edge::{
    form::{Expected, Form},
    json::Incoming,
    pages::settings::{
        FormProblem,
        suspended::{Cleaned, Confirm},
    },
    reply::Reply,
    settings::{Room, Turned, enter, told},
};

use crate::{
    Store,
    members::users_of,
    suspended::{lines, list},
    walk::Asked,
    words,
};

pub(crate) async fn serve<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let more = Wanted { user_count: true, ..Wanted::default() };
    let room = enter(ctx, store, incoming, Area::Members, more).await?;
    let again = room.path("/suspended");
    let expected = Expected::new(&again).repeated(&["member", "shown"]);
    let form = Form::read(ctx, incoming, expected)?;
    let ids = chosen(&form);
    if ids.is_empty() || ids.len() > CLEAN_UP_MAX {
        let sentence = format!("Choose 1 to {CLEAN_UP_MAX} members. Nobody was deleted.");
        return problem(ctx, store, room, sentence).await;
    }
    let users = users_of(ctx, store, room.visitor.organization(), ids.clone()).await?;
    if form.get("confirmed") == "yes" {
        return delete(ctx, store, room, &ids, &users).await;
    }
    let suspended: Vec<User> = users.into_iter().filter(User::is_suspended).collect();
    if suspended.is_empty() {
        let sentence = "Nobody you chose is suspended any longer. Nobody was deleted.".to_owned();
        return problem(ctx, store, room, sentence).await;
    }
    let page = Confirm {
        frame: room.frame(Area::Members, None),
        lines: lines(ctx, store, &room, &suspended).await?,
        others: ids.len() - suspended.len(),
    };
    Ok(room.render(200, &page))
}

/// Whom the form names, each once: all that the page showed, or those that were ticked.
fn chosen(form: &Form) -> Vec<UserId> {
    let field = if form.get("all") == "yes" { "shown" } else { "member" };
    let mut ids: Vec<UserId> = form.all(field).filter_map(|id| id.parse().ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

async fn problem<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    room: Room,
    sentence: String,
) -> Result<Reply, Turned> {
    let problem = FormProblem { field: None, sentence };
    list(ctx, store, room, &Asked::default(), None, Some(problem)).await
}

async fn delete<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    room: Room,
    ids: &[UserId],
    before: &[User],
) -> Result<Reply, Turned> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let whom = CleanUp::Ids(texts.iter().map(String::as_str).collect());
    let cleaned = match clean_up(ctx, store, &room.organization(), &whom, None).await {
        Ok(cleaned) => cleaned,
        Err(refusal) => return problem(ctx, store, room, told(refusal)?.sentence).await,
    };
    // The answer itself says how many and who not: sent again, the form finds nobody and deletes nobody.
    // Why each of them stayed is what is true of them now.
    let kept = cleaned.kept.iter().filter_map(|(id, _)| id.parse().ok()).collect();
    let now = users_of(ctx, store, room.visitor.organization(), kept).await?;
    let page = Cleaned {
        frame: room.frame(Area::Members, None),
        deleted: cleaned.deleted.len(),
        kept: kept_because(&cleaned, before, &now),
    };
    Ok(room.render(200, &page))
}

/// Who was not deleted and why, by what they are `now`; whoever is gone has the name of `before`.
fn kept_because(cleaned: &CleanedUp, before: &[User], now: &[User]) -> Vec<(String, &'static str)> {
    let find = |users: &[User], id: &str| {
        users
            .iter()
            .find(|user| user.id.to_string() == id)
            .map(|user| (words::name(user), user.is_suspended()))
    };
    let kept = cleaned.kept.iter().map(|(id, _)| match (find(now, id), find(before, id)) {
        (None, before) => {
            let name = before.map_or_else(|| id.clone(), |(name, _)| name);
            (name, "Is gone already: somebody else removed the member.")
        }
        (Some((name, false)), _) => {
            (name, "Came back meanwhile: the member is not suspended any longer, and stays.")
        }
        (Some((name, true)), _) => {
            (name, "Is still there: there was no time left, or it was changed at the same moment. Try again.")
        }
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use lychgate_core::record::Suspension;
    use lychgate_testkit::{FakeWorld, build};

    use super::*;

    #[test]
    fn whoever_stays_is_named_with_the_reason() {
        let world = FakeWorld::new(1);
        let suspended = |name: &str| {
            let user = build::user(&world, name);
            let by = "token:tok-00000000".to_owned();
            User { suspended: Some(Suspension { since: user.created, by }), ..user }
        };
        let (gone, back, late) = (suspended("gone"), suspended("back"), suspended("late"));
        let before = [gone, back.clone(), late.clone()];
        let kept = before.iter().map(|user| (user.id.to_string(), "`ids` …".to_owned()));
        let mut kept: Vec<_> = kept.collect();
        kept.push(("01993b1e-6f00-7d2a-9c55-3f0b6f1c2d11".to_owned(), String::new()));
        let cleaned = CleanedUp { kept, ..CleanedUp::default() };
        let now = [User { suspended: None, ..back }, late];
        let said = kept_because(&cleaned, &before, &now);
        let starts =
            said.iter().map(|(name, why)| (name.as_str(), why.get(..8).unwrap_or_default()));
        let starts: Vec<_> = starts.collect();
        assert_eq!(
            starts,
            [
                ("gone", "Is gone "),
                ("back", "Came bac"),
                ("late", "Is still"),
                ("01993b1e-6f00-7d2a-9c55-3f0b6f1c2d11", "Is gone "),
            ]
        );
    }
}
