//! `lychgate licence`.

use super::{Body, instant};
use crate::{
    api::{Api, Method},
    args::{LicenceCommand, LicenceState},
    failure::Failure,
    text::{either, lines},
};

pub(crate) fn run(api: &Api, command: &LicenceCommand, json: bool) -> Result<String, Failure> {
    let LicenceCommand::Set { of, state, seats, ends } = command;
    let state = match state {
        LicenceState::Active => "active",
        LicenceState::Expired => "expired",
        LicenceState::None => "none",
    };
    let body = Body::new()
        .with("state", Some(state))
        .with("seats", *seats)
        .with("ends", ends.as_deref().map(instant));
    let path = ["organizations", &of.organization, "licence"];
    let answer = api.send(Method::Put, &path, Some(&body.value()))?;
    let members = [("State", "state"), ("Seats", "seats"), ("Ends", "ends")];
    Ok(either(json, &answer, |answer| lines(answer, &members)))
}
