//! On and off, and the settings.

use lychgate_core::{
    operator::directory::{self, Update, group_patch_answer_text, unknown_members_text},
    organization::{
        ACCESS_TOKEN_SECS_MAX, ACCESS_TOKEN_SECS_MIN, GroupPatchAnswer, UnknownMembers,
    },
};
use lychgate_edge::{
    form::Form,
    pages::settings::{FormProblem, scim::Sent},
    reply::Reply,
    settings::{Room, Turned},
};

use super::{Context, PAGE, Typed, page, problem};
use crate::Store;

pub(super) async fn post<S: Store>(context: &Context<'_, S>, room: Room) -> Result<Reply, Turned> {
    let form = room.form(context.ctx, context.incoming, PAGE)?;
    let (update, what) = match asked(&form) {
        Ok(asked) => asked,
        Err(problem) => {
            let mistake = Typed::default().wrong(Sent::Settings, problem);
            return page::with(context, room, 400, Some(mistake)).await;
        }
    };
    let outcome =
        directory::update(context.ctx, context.store, &room.organization(), &update).await;
    context.pressed(room, outcome.map(|_| ()), what).await
}

/// What shall be different, and its code.
fn asked(form: &Form) -> Result<(Update, &'static str), FormProblem> {
    match form.get("switch") {
        "on" => return Ok((Update { enabled: Some(true), ..Update::default() }, "scim-on")),
        "off" => return Ok((Update { enabled: Some(false), ..Update::default() }, "scim-off")),
        "" => {}
        _ => return Err(problem("switch", "Choose on or off.")),
    }
    let answers = [GroupPatchAnswer::NoContent, GroupPatchAnswer::Resource];
    let answer = form.get("group_patch_answer");
    let answer = answers.into_iter().find(|known| group_patch_answer_text(*known) == answer);
    let choices = [UnknownMembers::ApplyKnown, UnknownMembers::Refuse];
    let unknown = form.get("unknown_members");
    let unknown = choices.into_iter().find(|known| unknown_members_text(*known) == unknown);
    let secs = form.get("access_token_secs").parse().ok();
    let secs = secs.filter(|secs| (ACCESS_TOKEN_SECS_MIN..=ACCESS_TOKEN_SECS_MAX).contains(secs));
    let update = Update {
        group_patch_answer: Some(answer.ok_or_else(|| {
            problem("group_patch_answer", "Choose what a change of a group is answered with.")
        })?),
        unknown_members: Some(unknown.ok_or_else(|| {
            problem("unknown_members", "Choose what happens to members who do not exist.")
        })?),
        access_token_secs: Some(secs.ok_or_else(|| {
            problem(
                "access_token_secs",
                "An access token holds from one hour to six: choose one of these.",
            )
        })?),
        ..Update::default()
    };
    Ok((update, "scim-settings-saved"))
}
