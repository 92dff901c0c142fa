//! The page itself: two reads, the room and the latest requests.

use std::collections::BTreeMap;

use lychgate_core::{
    credential::{client_id_text, client_secret_text},
    event::Actor,
    operator::{directory::REQUESTS_READ_MAX, tokens},
    organization::{
        ACCESS_TOKEN_SECS_MAX, ACCESS_TOKEN_SECS_MIN, CLIENT_SECRETS_MAX, CLIENTS_MAX, Directory,
        GroupPatchAnswer, OauthClient, Organization, ScimToken, TOKENS_MAX, UnknownMembers,
    },
    settings::access::Area,
    time::Timestamp,
};
use lychgate_edge::{
    pages::settings::{
        scim::{Choices, ClientLine, Mistake, ScimPage, SecretLine, TokenLine},
        when::{Ends, When},
    },
    reply::Reply,
    settings::{Room, Turned},
};

use super::{Context, attributes};
use crate::{Store, overview::live};

const HOUR_SECS: u32 = 3_600;

pub(super) async fn get<S: Store>(context: &Context<'_, S>, room: Room) -> Result<Reply, Turned> {
    with(context, room, 200, None).await
}

/// The page, with what has to be corrected.
pub(super) async fn with<S: Store>(
    context: &Context<'_, S>,
    room: Room,
    status: u16,
    mistake: Option<Mistake>,
) -> Result<Reply, Turned> {
    let ctx = context.ctx;
    let organization = room.visitor.organization();
    let entries =
        context.store.requests_before(ctx, &organization.id, None, REQUESTS_READ_MAX).await?;
    let (now, directory, uses) = (ctx.now(), &organization.directory, live::last_uses(&entries));
    let mut state = live::live(now, &room);
    state.scim = Some(live::scim(now, directory, &entries));
    let done = context.incoming.query("done").filter(|_| mistake.is_none()).and_then(done);
    let page = ScimPage {
        frame: room.frame(Area::Scim, done),
        mistake,
        on: directory.enabled,
        base_url: context.base_url(),
        token_endpoint: context.token_endpoint(),
        tokens: directory
            .tokens
            .iter()
            .map(|token| token_line(now, organization, token, &uses))
            .collect(),
        tokens_max: TOKENS_MAX,
        clients: directory
            .clients
            .iter()
            .map(|client| client_line(now, organization, client, &uses))
            .collect(),
        clients_max: CLIENTS_MAX,
        secrets_max: CLIENT_SECRETS_MAX,
        choices: choices(directory),
        attributes: attributes::tables(context.catalogue),
        read: entries.len(),
        live: state,
    };
    Ok(room.render(status, &page))
}

/// What was just done. An unknown code says nothing.
fn done(what: &str) -> Option<&'static str> {
    Some(match what {
        "scim-on" => "SCIM is on.",
        "scim-off" => "SCIM is off: every request is refused with that reason. Everything is kept.",
        "scim-settings-saved" => "The settings are saved and hold from the next request on.",
        "token-revoked" => "The token is revoked: the next request that brings it is refused.",
        "client-revoked" => "The client is revoked: its secrets and access tokens have ended.",
        "secret-retired" => {
            "The secret is retired: it and the access tokens that were got with it have ended."
        }
        "gone" => "It was gone already.",
        _ => return None,
    })
}

type Uses<'a> = BTreeMap<&'a str, Timestamp>;

fn token_line(
    now: Timestamp,
    organization: &Organization,
    token: &ScimToken,
    uses: &Uses<'_>,
) -> TokenLine {
    let used = uses.get(Actor::Token(token.id.clone()).text().as_str());
    TokenLine {
        id: token.id.to_string(),
        name: token.name.clone(),
        prefix: tokens::prefix(&organization.id, &token.id),
        created: When::at(now, token.created),
        last_used: used.map(|at| When::at(now, *at)),
        ends: token.expires.map(|at| Ends::at(now, at)),
        holds: token.expires.is_none_or(|at| at > now),
    }
}

fn client_line(
    now: Timestamp,
    organization: &Organization,
    client: &OauthClient,
    uses: &Uses<'_>,
) -> ClientLine {
    let used = uses.get(Actor::Client(client.id.clone()).text().as_str());
    let secrets = client.secrets.iter().map(|secret| SecretLine {
        id: secret.id.to_string(),
        prefix: client_secret_text(&secret.id, ""),
        created: When::at(now, secret.created),
        ends: secret.expires.map(|at| Ends::at(now, at)),
    });
    ClientLine {
        id: client.id.to_string(),
        name: client.name.clone(),
        client_id: client_id_text(&organization.id, &client.id),
        created: When::at(now, client.created),
        last_used: used.map(|at| When::at(now, *at)),
        secrets: secrets.collect(),
        room: client.secrets.len() < CLIENT_SECRETS_MAX,
    }
}

/// The settings as they are. A life that is no whole hour (the operator set it) stands among the others.
fn choices(directory: &Directory) -> Choices {
    let now = directory.access_token_secs;
    let mut lives: Vec<u32> = (ACCESS_TOKEN_SECS_MIN / HOUR_SECS
        ..=ACCESS_TOKEN_SECS_MAX / HOUR_SECS)
        .map(|hours| hours * HOUR_SECS)
        .collect();
    if !lives.contains(&now) {
        lives.push(now);
        lives.sort_unstable();
    }
    let words = |secs: u32| match (secs / HOUR_SECS, secs % HOUR_SECS) {
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        _ => format!("{} minutes", secs / 60),
    };
    Choices {
        answer_resource: directory.group_patch_answer == GroupPatchAnswer::Resource,
        refuse_unknown: directory.unknown_members == UnknownMembers::Refuse,
        lives: lives.into_iter().map(|secs| (secs, words(secs), secs == now)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_life_that_is_set_is_always_among_the_choices() {
        let chosen = |secs| {
            let choices = choices(&Directory { access_token_secs: secs, ..Directory::default() });
            let lives = choices.lives.iter().filter(|(_, _, chosen)| *chosen);
            let words: Vec<&str> = lives.map(|(_, words, _)| words.as_str()).collect();
            (choices.lives.len(), words.join("|"))
        };
        assert_eq!(chosen(3_600), (6, "1 hour".to_owned()));
        assert_eq!(chosen(21_600), (6, "6 hours".to_owned()));
        assert_eq!(chosen(5_400), (7, "90 minutes".to_owned()));
    }
}
