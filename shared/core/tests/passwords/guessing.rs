//! What stands against guessing, and whom it must not keep out.

use lychgate_core::{
    password::{FAILURES_FREE, WAIT_SECS_MAX},
    passwords::{GUESS_WINDOW_SECS, GUESSES_PER_ADDRESS_MAX, GUESSES_PER_PAIR_MAX, Refusal},
};
use lychgate_testkit::Fault;
use serde_json::json;

use crate::scene::{OFFICE, PASSWORD, Scene, WRONG, told};

#[tokio::test]
async fn a_member_waits_longer_with_each_wrong_guess_and_not_for_ever() {
    let scene = Scene::new().await;
    for number in 0..FAILURES_FREE {
        told(scene.guess(number, WRONG).await);
    }
    assert!(scene.guess(100, PASSWORD).await.is_ok());
    // The right one wipes the slate.
    assert_eq!(scene.record(scene.ada.id).await.unwrap().failures, 0);
    for number in 0..=FAILURES_FREE {
        told(scene.guess(number, WRONG).await);
    }
    assert_eq!(told(scene.guess(101, PASSWORD).await), Refusal::Wrong);
    // What is not looked at does not count: nobody makes the wait longer by trying during it.
    assert_eq!(scene.record(scene.ada.id).await.unwrap().failures, FAILURES_FREE + 1);
    scene.world.advance_secs(2);
    assert!(scene.guess(102, PASSWORD).await.is_ok());
    for number in 0..30 {
        told(scene.guess(number, WRONG).await);
        scene.world.advance_secs(WAIT_SECS_MAX);
    }
    assert!(scene.guess(103, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_browser_that_was_here_before_is_not_kept_out() {
    let scene = Scene::new().await;
    let device = scene.guess(1, PASSWORD).await.unwrap().device;
    for number in 0..40 {
        told(scene.guess(number + 2, WRONG).await);
    }
    assert_eq!(told(scene.guess(60, PASSWORD).await), Refusal::Wrong);
    assert_eq!(
        told(scene.sign_in("ada@acme.test", PASSWORD, OFFICE, Some("made up")).await),
        Refusal::Wrong
    );
    let again = scene.sign_in("ada@acme.test", PASSWORD, OFFICE, Some(&device)).await.unwrap();
    // A new one each time; the old one has done its work.
    assert_ne!(again.device, device);
    assert_eq!(scene.record(scene.ada.id).await.unwrap().devices.len(), 1);
}

/// Somebody behind the same address guesses at everybody: who was here before is let in.
#[tokio::test]
async fn a_whole_organization_is_not_kept_out_from_one_address() {
    let scene = Scene::new().await;
    let grace = scene.member("grace@acme.test", true, &json!({})).await;
    scene.set(&scene.acme, &grace, PASSWORD).await;
    let device = scene.sign_in("grace@acme.test", PASSWORD, OFFICE, None).await.unwrap().device;
    let mut waits = 0;
    for _ in 0..=GUESSES_PER_ADDRESS_MAX {
        let refusal = told(scene.sign_in("ada@acme.test", WRONG, OFFICE, None).await);
        waits += u64::from(matches!(refusal, Refusal::Wait(1..=GUESS_WINDOW_SECS)));
    }
    assert_eq!(waits, GUESSES_PER_ADDRESS_MAX + 1 - GUESSES_PER_PAIR_MAX);
    // From there, in a browser that nobody knows, nothing goes any more …
    let refusal = told(scene.sign_in("grace@acme.test", PASSWORD, OFFICE, None).await);
    assert!(matches!(refusal, Refusal::Wait(_)));
    // … and in one that is known, and from elsewhere, all goes.
    assert!(scene.sign_in("grace@acme.test", PASSWORD, OFFICE, Some(&device)).await.is_ok());
    assert!(scene.sign_in("grace@acme.test", PASSWORD, "192.0.2.2", None).await.is_ok());
    scene.world.advance_secs(GUESS_WINDOW_SECS);
    assert!(scene.sign_in("grace@acme.test", PASSWORD, OFFICE, None).await.is_ok());
}

#[tokio::test]
async fn guesses_at_one_member_leave_the_others_in() {
    let scene = Scene::new().await;
    let grace = scene.member("grace@acme.test", true, &json!({})).await;
    scene.set(&scene.acme, &grace, PASSWORD).await;
    for _ in 0..GUESSES_PER_PAIR_MAX * 3 {
        told(scene.sign_in("ada@acme.test", WRONG, OFFICE, None).await);
    }
    let refusal = told(scene.sign_in("ada@acme.test", PASSWORD, OFFICE, None).await);
    assert!(matches!(refusal, Refusal::Wait(1..=GUESS_WINDOW_SECS)));
    assert!(scene.sign_in("grace@acme.test", PASSWORD, OFFICE, None).await.is_ok());
    // Of the guesses beyond the limit the log has one.
    let attempts = scene.attempts().await;
    let waits = attempts.iter().filter(|attempt| attempt.user.is_none()).count();
    assert_eq!((waits, attempts.len()), (1, 12));
}

/// The limit is the same for an address that nobody has.
#[tokio::test]
async fn the_limits_tell_nobody_who_there_is() {
    let scene = Scene::new().await;
    let mut seen = Vec::new();
    for email in ["ada@acme.test", "nobody@acme.test"] {
        let mut answers = Vec::new();
        for _ in 0..GUESSES_PER_PAIR_MAX + 2 {
            answers.push(told(scene.sign_in(email, WRONG, OFFICE, None).await));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    assert!(matches!(seen[0].last(), Some(Refusal::Wait(_))));
}

#[tokio::test]
async fn a_known_browser_has_a_limit_of_its_own() {
    let scene = Scene::new().await;
    let device = scene.guess(1, PASSWORD).await.unwrap().device;
    for number in 0..GUESSES_PER_PAIR_MAX {
        let source = format!("203.0.113.{number}");
        let refusal = scene.sign_in("ada@acme.test", WRONG, &source, Some(&device)).await;
        assert_eq!(told(refusal), Refusal::Wrong);
    }
    let refusal = told(scene.sign_in("ada@acme.test", PASSWORD, OFFICE, Some(&device)).await);
    assert!(matches!(refusal, Refusal::Wait(_)));
}

#[tokio::test]
async fn an_ipv6_network_counts_as_one_address() {
    let scene = Scene::new().await;
    for number in 0..GUESSES_PER_PAIR_MAX {
        let source = format!("2001:db8:0:1::{number}");
        told(scene.sign_in("nobody@acme.test", WRONG, &source, None).await);
    }
    let at =
        async |source: &str| told(scene.sign_in("nobody@acme.test", WRONG, source, None).await);
    assert!(matches!(at("2001:db8:0:1:ffff::1").await, Refusal::Wait(_)));
    assert_eq!(at("2001:db8:0:2::1").await, Refusal::Wrong);
    // An IPv4 address is the same in both spellings.
    for _ in 0..GUESSES_PER_PAIR_MAX {
        at(OFFICE).await;
    }
    assert!(matches!(at(&format!("::ffff:{OFFICE}")).await, Refusal::Wait(_)));
}

/// Many writers of one record, truly at once: none is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_guesses_at_once_all_count() {
    let scene = std::sync::Arc::new(Scene::new().await);
    let guesses = (0..20).map(|number| {
        let scene = std::sync::Arc::clone(&scene);
        tokio::spawn(async move { told(scene.guess(number, WRONG).await) })
    });
    for guess in guesses.collect::<Vec<_>>() {
        assert_eq!(guess.await.unwrap(), Refusal::Wrong);
    }
    // Those that came when Ada had to wait already were not looked at; every other one counts.
    let (looked_at, waited) = {
        let attempts = scene.attempts().await;
        let of =
            |code| attempts.iter().filter(|attempt| attempt.code.as_deref() == Some(code)).count();
        (of("password_wrong"), of("password_wait"))
    };
    assert_eq!(looked_at + waited, 20);
    let record = scene.record(scene.ada.id).await.unwrap();
    assert_eq!(usize::try_from(record.failures).unwrap(), looked_at);
    assert!(record.failures > FAILURES_FREE);
}

#[tokio::test]
async fn a_guess_whose_count_is_lost_is_written_again() {
    let scene = Scene::new().await;
    for ahead in 1..12 {
        let before = scene.record(scene.ada.id).await.unwrap().failures;
        scene.store.strike_call(ahead, Fault::Stale);
        assert_eq!(told(scene.guess(u32::try_from(ahead).unwrap(), WRONG).await), Refusal::Wrong);
        scene.store.heal();
        let after = scene.record(scene.ada.id).await.unwrap().failures;
        assert_eq!(after, before + 1, "call {ahead}");
        scene.world.advance_secs(WAIT_SECS_MAX);
    }
}
