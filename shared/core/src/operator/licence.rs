//! The licence (O3): set as a whole.

use serde_json::{Map, Value};

use super::{Change, Refusal, checks::ahead, note_change, organization_event};
use crate::{
    ctx::Ctx,
    event::EventKind,
    organization::{Licence, LicenceState, Organization},
    ports::Organizations,
    time::Timestamp,
};

/// The most seats that a licence can have.
pub const SEATS_MAX: u64 = 10_000_000;

/// Sets the licence. Fewer seats than members are allowed: nobody is deleted, and nobody new comes in.
///
/// # Errors
/// The seats are out of range, an active licence's end has passed, or the store is away.
pub async fn set<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    licence: Licence,
) -> Result<Organization, Refusal> {
    check(ctx.now(), licence)?;
    let decide = |before: &Organization| {
        if before.licence == licence {
            return Ok(Change::Keep(()));
        }
        let mut after = before.clone();
        after.licence = licence;
        let mut data = Map::new();
        note_change(
            &mut data,
            "state",
            state_text(before.licence.state),
            state_text(licence.state),
        );
        note_change(&mut data, "seats", before.licence.seats, licence.seats);
        note_change(&mut data, "ends", instant(before.licence.ends), instant(licence.ends));
        let event = organization_event(ctx, EventKind::LicenceChanged, &after, data);
        Ok(Change::Write(Box::new(after), event, ()))
    };
    let (after, ()) = super::change(ctx, store, organization, decide).await?;
    Ok(after)
}

fn check(now: Timestamp, licence: Licence) -> Result<(), Refusal> {
    if let Some(seats) = licence.seats
        && !(1..=SEATS_MAX).contains(&seats)
    {
        return Err(Refusal::invalid(
            "seats",
            format!(
                "`seats` is {seats}: give a number from 1 to {SEATS_MAX}, or leave it out for no limit."
            ),
        ));
    }
    if licence.state == LicenceState::Active
        && let Some(ends) = licence.ends
    {
        ahead("ends", now, ends)?;
    }
    Ok(())
}

/// `active`, `expired`, `none`.
#[must_use]
pub const fn state_text(state: LicenceState) -> &'static str {
    match state {
        LicenceState::Active => "active",
        LicenceState::Expired => "expired",
        LicenceState::None => "none",
    }
}

fn instant(instant: Option<Timestamp>) -> Value {
    instant.map_or(Value::Null, |instant| instant.rfc3339().into())
}
