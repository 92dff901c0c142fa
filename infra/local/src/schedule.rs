//! What calls functions beside the API: on AWS EventBridge's clock and the table's stream, here three loops.

use std::{collections::BTreeMap, time::Duration};

use lychgate_aws::Tls;
use lychgate_core::{
    ctx::Ctx,
    event::Actor,
    idp::Rules,
    ids::{EventId, OrganizationId},
    oidc::back_channel::{self, Reach as Followed},
    ports::{
        Organizations,
        outside::{LogoutNotifier, Signer},
    },
    time::Timestamp,
};
use lychgate_edge::{config::Config, handler::Stack};
use lychgate_outbound::{
    Endpoints,
    web::{Reach, WebClient},
};
use lychgate_store::Store;

/// How long after the start the first daily run is, in seconds: a laptop is seldom on for a whole day.
const FIRST_RUN_SECS: u64 = 120;
/// How long between two daily runs, in seconds.
const RUN_SECS: u64 = 86_400;
/// How long one run may take, in seconds, as the template has it.
const RUN_SECS_MAX: u64 = 300;
/// How long between two looks at metadata, in seconds.
const REFRESH_SECS: u64 = 3_600;
/// How often the history is looked at, in milliseconds. There is no stream here: the embedded database is slow with one.
const FOLLOW_MILLIS: u64 = 1_000;
/// The most organizations whose history is followed here.
const ORGANIZATIONS_MAX: u32 = 200;

/// All loops; they end with the task.
pub(crate) async fn run(stack: Stack, store: Store, config: Config) {
    tokio::join!(daily(&stack, &store), refresh(&stack, &store), follow(&stack, &store, &config),);
}

async fn daily(stack: &Stack, store: &Store) {
    let mut wait = FIRST_RUN_SECS;
    loop {
        tokio::time::sleep(Duration::from_secs(wait)).await;
        wait = RUN_SECS;
        let deadline = stack.world.now().plus_secs(RUN_SECS_MAX);
        if let Err(error) = directory_sweep::run(stack, store, "daily", deadline).await {
            tracing::warn!(reason = %error, "the daily clean-up failed");
        }
    }
}

async fn refresh(stack: &Stack, store: &Store) {
    let fetcher = match WebClient::new(Reach::PublicAndThisMachine, Tls::RING) {
        Ok(fetcher) => fetcher,
        Err(error) => return tracing::error!(reason = error.private, "no metadata is fetched"),
    };
    let rules = Rules { allow_loopback_http: true };
    loop {
        tokio::time::sleep(Duration::from_secs(REFRESH_SECS)).await;
        let deadline = stack.world.now().plus_secs(RUN_SECS_MAX);
        let run = metadata_refresh::run(stack, store, &fetcher, &rules, "hourly", deadline);
        if let Err(error) = run.await {
            tracing::warn!(reason = %error, "the metadata could not be fetched again");
        }
    }
}

async fn follow(stack: &Stack, store: &Store, config: &Config) {
    let endpoints = Endpoints::with(Tls::RING);
    let signer = lychgate_outbound::signer(config.oidc_keys.as_deref(), None, &endpoints);
    let notifier = WebClient::new(Reach::PublicAndThisMachine, Tls::RING);
    let (signer, notifier) = match (signer, notifier) {
        (Ok(signer), Ok(notifier)) => (signer, notifier),
        (Err(error), _) => return tracing::error!(reason = %error, "no logout is told of"),
        (_, Err(error)) => {
            return tracing::error!(reason = error.private, "no logout is told of");
        }
    };
    let base_url = config.base_url.as_deref().unwrap_or_default();
    let reach = Followed { store, signer: &signer, notifier: &notifier };
    let mut places = BTreeMap::new();
    let began = stack.world.now();
    loop {
        tokio::time::sleep(Duration::from_millis(FOLLOW_MILLIS)).await;
        let ctx = Ctx {
            world: stack.world.as_ref(),
            request_id: "follow",
            deadline: stack.world.now().plus_secs(RUN_SECS_MAX),
            base_url,
            actor: Actor::System,
        };
        once(&ctx, &reach, &mut places, began).await;
    }
}

async fn once<G: Signer, N: LogoutNotifier>(
    ctx: &Ctx<'_>,
    reach: &Followed<'_, Store, G, N>,
    places: &mut BTreeMap<OrganizationId, EventId>,
    began: Timestamp,
) {
    let organizations = match reach.store.organizations_after(ctx, None, ORGANIZATIONS_MAX).await {
        Ok(organizations) => organizations,
        Err(error) => return tracing::warn!(reason = ?error, "the history cannot be followed"),
    };
    for organization in organizations {
        let after = *places
            .entry(organization.id.clone())
            .or_insert_with(|| EventId::new(began, ctx.world));
        match back_channel::follow(ctx, reach, &organization.id, after).await {
            Ok(followed) => {
                places.insert(organization.id, followed.after);
                for (event, error) in followed.failures {
                    tracing::warn!(event.id = %event, reason = ?error, "an event was not followed");
                }
            }
            Err(error) => tracing::warn!(reason = ?error, "the history cannot be followed"),
        }
    }
}
