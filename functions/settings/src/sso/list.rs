//! Single sign-on at a glance, a new connection, and how members sign in beside it.

use lychgate_core::{
    operator::{
        connections,
        sign_in_policy::{self, Update},
    },
    settings::access::Area,
};
use lychgate_edge::{
    pages::settings::{
        FormProblem,
        sso::{Choice, SignInPolicyForm, SsoPage},
    },
    reply::Reply,
    settings::Turned,
};

use super::{Desk, done, entries, guide::sign_on_url, idp_kind::IdpKind, mistake, problem, view};
use crate::Store;

/// How many sign-ins the page shows.
const ATTEMPTS_SHOWN: u32 = 5;

/// What a form that was wrong leaves on the page.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) problem: Option<FormProblem>,
    pub(super) new_name: String,
    pub(super) new_idp: Option<IdpKind>,
    pub(super) policy: Option<SignInPolicyForm>,
    /// The certificate whose form was wrong.
    pub(super) certificate: Option<String>,
}

pub(super) async fn show<S: Store>(
    desk: Desk<'_, '_, S>,
    status: u16,
    shown: Shown,
) -> Result<Reply, Turned> {
    let Desk { ctx, store, incoming, room } = &desk;
    let setup = desk.setup().await?;
    let (organization, now, home) = (&setup.organization, ctx.now(), room.path(""));
    let may_set_up = room.visitor.may(Area::Sso);
    let attempts = match may_set_up {
        true => store.attempts_before(ctx, &organization.id, None, ATTEMPTS_SHOWN).await?,
        false => Vec::new(),
    };
    let policy = || SignInPolicyForm {
        password: organization.sign_in.password,
        email_domains: organization.sign_in.email_domains.join("\n"),
    };
    let page = SsoPage {
        frame: room.frame(Area::Sso, done(incoming)),
        problem: shown.problem,
        connections: setup
            .connections
            .iter()
            .map(|one| view::connection_row(one, format!("{home}/sso/{}", one.id), now))
            .collect(),
        any_active: setup.connections.iter().any(|one| one.live.is_some()),
        may_set_up,
        new_name: shown.new_name,
        idps: idps(shown.new_idp.unwrap_or(IdpKind::Okta)),
        certificates: view::certificate_rows(&setup, &home, shown.certificate.as_deref(), now),
        policy: room.visitor.may(Area::Members).then(|| shown.policy.unwrap_or_else(policy)),
        sign_on_url: sign_on_url(ctx.base_url, organization),
        attempts: attempts.iter().map(|one| view::attempt_row(&setup, one, &home, now)).collect(),
    };
    Ok(desk.room.render(status, &page))
}

fn idps(chosen: IdpKind) -> Vec<Choice> {
    let choice = |kind: IdpKind| Choice {
        value: kind.slug().to_owned(),
        label: kind.label(),
        chosen: kind == chosen,
    };
    IdpKind::ALL.map(choice).to_vec()
}

pub(super) async fn create<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let Desk { ctx, store, incoming, room } = &desk;
    let form = room.form(ctx, incoming, "/sso")?;
    let (name, kind) = (form.get("name"), IdpKind::parse(form.get("idp")));
    let refused = if name.trim().is_empty() {
        mistake("name", "Give the connection a name that people recognize, such as “Okta”.")
    } else {
        match connections::create(ctx, *store, &room.organization(), name, None).await {
            Ok(created) => {
                let what = "connection-created";
                room.note(ctx, *store, what).await;
                let path = room.path(&format!("/sso/{}", created.connection.id));
                let slug = kind.unwrap_or(IdpKind::Other).slug();
                return Ok(Reply::see_other(&format!("{path}?idp={slug}&done={what}")));
            }
            Err(refusal) => problem(refusal)?,
        }
    };
    let shown = Shown {
        problem: Some(refused),
        new_name: name.to_owned(),
        new_idp: kind,
        ..Shown::default()
    };
    show(desk, 400, shown).await
}

pub(super) async fn save_policy<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let Desk { ctx, store, incoming, room } = &desk;
    let form = room.form(ctx, incoming, "/sso")?;
    let (password, domains) = (form.has("password"), form.get("email_domains"));
    let update = Update { password: Some(password), email_domains: Some(entries(domains)) };
    match sign_in_policy::update(ctx, *store, &room.organization(), &update).await {
        Ok(_) => Ok(room.done(ctx, *store, "/sso", "sign-in-policy-saved").await),
        Err(refusal) => {
            let typed = SignInPolicyForm { password, email_domains: domains.to_owned() };
            let shown =
                Shown { problem: Some(problem(refusal)?), policy: Some(typed), ..Shown::default() };
            show(desk, 400, shown).await
        }
    }
}
