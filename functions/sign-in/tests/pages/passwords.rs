//! Guesses, forgotten passwords, new ones.

use lychgate_core::passwords::GUESSES_PER_PAIR_MAX;

use crate::scene::{Browser, PASSWORD, Scene, hidden, location, text};

const AT_ACME: &str = "/sign_in?organization=acme";

#[tokio::test]
async fn the_right_password_leads_in_or_back_to_the_application() {
    let scene = Scene::new().await;
    scene.set_password(&scene.acme, &scene.ada).await;
    let browser = &mut Browser::default();
    assert_eq!(scene.guess(browser, "acme", PASSWORD).await.status, 200);
    assert_eq!(scene.sessions().await, 1);
    let target = format!("/sign_in?{}", scene.query("&organization=acme&login_hint=a%40b"));
    let fields = "email=ada%40acme.test&password=correct+horse+battery";
    let reply = scene.fill_in(browser, &target, fields).await;
    let back = location(&reply);
    assert!(back.starts_with("https://app.example.com/callback?code=lygc_"), "{back}");
    assert!(back.contains("&state=s%26t&"), "{back}");
}

#[tokio::test]
async fn the_right_password_leads_to_the_settings_for_who_came_for_them() {
    let scene = Scene::new().await;
    scene.set_password(&scene.acme, &scene.ada).await;
    let browser = &mut Browser::default();
    let settings = lychgate_core::settings::path(&scene.acme.id);
    let (right, wrong) = ("correct+horse+battery", "wrong+horse");
    let fields = |password: &str| format!("email=ada%40acme.test&password={password}");
    let target = format!("{AT_ACME}&to=settings");
    let reply = scene.fill_in(browser, &target, &fields(wrong)).await;
    assert_eq!(reply.status, 403);
    assert!(text(&reply).contains("name=\"to\" value=\"settings\""), "the next try carries it");
    let reply = scene.fill_in(browser, &target, &fields(right)).await;
    assert_eq!(location(&reply), settings);
    // An application's request goes before it; what is no word of ours leads nowhere.
    let target = format!("/sign_in?{}", scene.query("&organization=acme&to=settings"));
    let reply = scene.fill_in(browser, &target, &fields(right)).await;
    assert!(location(&reply).starts_with("https://app.example.com/callback?code=lygc_"));
    let evil = format!("{}&to=https%3A%2F%2Fevil.example", fields(right));
    let reply = scene.fill_in(browser, AT_ACME, &evil).await;
    assert_eq!((reply.status, reply.header("location")), (200, None));
}

#[tokio::test]
async fn a_wrong_one_and_a_stranger_are_told_the_same() {
    let scene = Scene::new().await;
    scene.set_password(&scene.acme, &scene.ada).await;
    let mut pages = Vec::new();
    for email in ["ada%40acme.test", "bob%40acme.test"] {
        let mut browser = Browser { source_ip: Some("192.0.2.1".to_owned()), ..Browser::default() };
        for number in 0..GUESSES_PER_PAIR_MAX + 2 {
            let fields = format!("email={email}&password=wrong+horse+{number}");
            let reply = scene.fill_in(&mut browser, AT_ACME, &fields).await;
            assert!(!text(&reply).contains("wrong horse"));
            let page = text(&reply).replace("bob", "ada");
            let token = browser.cookies.get("__Host-lyform").unwrap();
            pages.push((reply.status, page.replace(token.as_str(), "")));
        }
    }
    let (ada, bob) = pages.split_at(pages.len() / 2);
    assert_eq!(ada, bob);
    assert_eq!((ada[0].0, ada.last().unwrap().0), (403, 429));
    assert!(ada[0].1.contains("do not belong together") && ada[0].1.contains("role=\"alert\""));
}

#[tokio::test]
async fn where_there_are_no_passwords_none_is_looked_at() {
    let mut scene = Scene::new().await;
    scene.set_password(&scene.acme, &scene.ada).await;
    let browser = &mut Browser::default();
    let page = text(&scene.get(browser, AT_ACME).await);
    scene.change(|acme| acme.sign_in.password = false).await;
    let form = format!("{}email=ada%40acme.test&password=correct+horse+battery", hidden(&page));
    for form in [form.clone(), form.replace("organization=%61%63%6D%65", "organization=nobody")] {
        let reply = scene.post(browser, "/sign_in", &form).await;
        assert_eq!(reply.status, 404);
        assert!(text(&reply).contains("no such company"));
    }
    assert_eq!(scene.sessions().await, 0);
    for target in ["/password/forgot?organization=acme", "/password/forgot?organization=nobody"] {
        assert_eq!(scene.get(browser, target).await.status, 404);
    }
}

#[tokio::test]
async fn who_forgot_is_told_the_same_as_who_was_never_there() {
    let scene = Scene::new().await;
    let browser = &mut Browser::default();
    let mut pages = Vec::new();
    for email in ["ada%40acme.test", "nobody%40acme.test", "", &"x".repeat(1_000)] {
        let target = "/password/forgot?organization=acme";
        let reply = scene.fill_in(browser, target, &format!("email={email}")).await;
        assert_eq!(reply.status, 200);
        pages.push(text(&reply));
    }
    assert!(pages.windows(2).all(|two| two[0] == two[1]));
    let mails = scene.outside.mails();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "ada@acme.test"));
    assert!(mails[0].text.contains("https://lychgate.test/password/new?link="));
}

#[tokio::test]
async fn without_a_mailer_the_administrator_is_named() {
    let scene = Scene::with_mailer(false).await;
    let target = "/password/forgot?organization=acme";
    let reply = scene.fill_in(&mut Browser::default(), target, "email=ada%40acme.test").await;
    assert_eq!(reply.status, 403);
    assert!(text(&reply).contains("Ask your administrator"));
}

#[tokio::test]
async fn a_link_opens_the_form_and_the_form_sets_the_password_once() {
    let scene = Scene::new().await;
    let link = scene.link(&scene.acme, &scene.ada).await;
    let target = format!("/password/new?link={link}");
    let browser = &mut Browser::default();
    for (new, again, sentence) in [
        ("short", "short", "shorter than 12 characters"),
        ("a+horse+of+mine", "a+horse+of+thine", "not the same"),
        ("password1234", "password1234", "anybody would try first"),
        (&*"long+".repeat(60), &*"long+".repeat(60), "longer than 256 bytes"),
    ] {
        let reply = scene.fill_in(browser, &target, &format!("password={new}&again={again}")).await;
        assert_eq!(reply.status, 400);
        let page = text(&reply);
        assert!(page.contains(sentence) && !page.contains("horse of mine"), "{page}");
    }
    let fields = "password=a+horse+of+mine&again=a+horse+of+mine";
    let reply = scene.fill_in(browser, &target, fields).await;
    assert_eq!(reply.status, 200);
    assert!(text(&reply).contains("href=\"/sign_in?organization=acme\""));
    let reply = scene.get(browser, &target).await;
    assert_eq!(reply.status, 400);
    assert!(text(&reply).contains("has been used or has ended"));
    assert_eq!(scene.guess(browser, "acme", "a horse of mine").await.status, 200);
}
