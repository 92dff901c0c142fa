//! A form is believed only from the browser that was shown it.

use lychgate_edge::request::{Method, Request};

use crate::scene::{Browser, FORM, PASSWORD, Scene, attribute, hidden, text};

#[tokio::test]
async fn a_form_without_its_browsers_token_does_nothing() {
    let scene = Scene::new().await;
    scene.set_password(&scene.acme, &scene.ada).await;
    let link = scene.link(&scene.acme, &scene.ada).await;
    let forms = [
        ("/sign_in", "organization=acme&email=ada%40acme.test&password=correct+horse+battery"),
        ("/sign_out", "x=y"),
        ("/password/forgot", "organization=acme&email=ada%40acme.test"),
        ("/password/new", &format!("link={link}&password=a+horse+of+mine&again=a+horse+of+mine")),
    ];
    let mine = &mut Browser::default();
    assert_eq!(scene.guess(mine, "acme", PASSWORD).await.status, 200);
    let token = mine.cookies.get("__Host-lyform").unwrap().clone();
    let theirs = &mut Browser::default();
    scene.get(theirs, "/sign_in?organization=acme").await;
    let other = theirs.cookies.get("__Host-lyform").unwrap().clone();
    assert_ne!(token, other);
    for (path, form) in forms {
        for (field, cookie) in [
            (None, Some(token.as_str())),
            (Some(""), Some(&*token)),
            (Some(&*token), None),
            (Some(""), Some("")),
            (Some(&*other), Some(&*token)),
            (Some("x"), Some("x")),
        ] {
            let body = field.map_or(form.to_owned(), |field| format!("{form}&form={field}"));
            let mut browser = Browser { cookies: mine.cookies.clone(), source_ip: None };
            browser.cookies.remove("__Host-lyform");
            let cookie = cookie.map(|value| ("__Host-lyform".to_owned(), value.to_owned()));
            browser.cookies.extend(cookie);
            let reply = scene.post(&mut browser, path, &body).await;
            assert_eq!(reply.status, 400, "{path} {field:?}");
            assert!(text(&reply).contains("was not shown in this browser"));
            assert!(reply.cookies.is_empty());
        }
        // A field that stands there twice.
        let body = format!("{form}&form={token}&form={token}");
        assert_eq!(scene.post(mine, path, &body).await.status, 400, "{path}");
        // No form at all, and one that is too long.
        let json = Request::new(Method::Post, path)
            .with_header("content-type", "application/json")
            .with_body("{}");
        assert_eq!(scene.send(mine, json).await.status, 400);
        let long = format!("form={token}&{form}&x={}", "x".repeat(20_000));
        assert_eq!(scene.post(mine, path, &long).await.status, 413);
        let odd = Request::new(Method::Post, path)
            .with_header("content-type", FORM)
            .with_body(b"form=%ff\xff".to_vec());
        assert_eq!(scene.send(mine, odd).await.status, 400);
    }
    assert_eq!(scene.sessions().await, 1);
    assert_eq!(scene.outside.mails(), []);
    assert_eq!(scene.get(mine, &format!("/password/new?link={link}")).await.status, 200);
}

#[tokio::test]
async fn one_token_serves_all_forms_of_a_browser() {
    let scene = Scene::new().await;
    let browser = &mut Browser::default();
    let first = hidden(&text(&scene.get(browser, "/sign_in?organization=acme").await));
    let second = hidden(&text(&scene.get(browser, "/sign_in?organization=other").await));
    let token = |form: &str| form.split('&').next().unwrap().to_owned();
    assert_eq!(token(&first), token(&second));
    // Whoever puts another cookie there does not choose the token.
    browser.cookies.insert("__Host-lyform".to_owned(), "\"><script>".to_owned());
    let page = text(&scene.get(browser, "/sign_in?organization=acme").await);
    assert!(!page.contains("<script"));
    assert_ne!(token(&hidden(&page)), token(&first));
}

#[tokio::test]
async fn signing_out_ends_the_session_and_asks_first() {
    let scene = Scene::new().await;
    scene.set_password(&scene.acme, &scene.ada).await;
    let browser = &mut Browser::default();
    assert_eq!(scene.guess(browser, "acme", PASSWORD).await.status, 200);
    assert_eq!(scene.get(browser, "/sign_out").await.status, 200);
    assert_eq!(scene.sessions().await, 1);
    let reply = scene.fill_in(browser, "/sign_out", "").await;
    assert_eq!((reply.status, scene.sessions().await), (200, 0));
    assert!(!browser.cookies.keys().any(|name| name.contains("lys-")));
    // The browser is still known.
    assert!(browser.cookies.keys().any(|name| name.contains("lyd-")));
    assert_eq!(scene.fill_in(browser, "/sign_out", "").await.status, 200);
}

#[tokio::test]
async fn organizations_lie_side_by_side_in_one_browser() {
    let scene = Scene::new().await;
    scene.set_password(&scene.acme, &scene.ada).await;
    let browser = &mut Browser::default();
    scene.guess(browser, "acme", PASSWORD).await;
    let namesake = {
        use lychgate_core::ports::Directory;
        let ctx = scene.world.ctx();
        let users = scene.store.users_after(&ctx, &scene.other.id, None, 10).await.unwrap();
        users.into_iter().next().unwrap()
    };
    scene.set_password(&scene.other, &namesake).await;
    let reply = scene.guess(browser, "other", PASSWORD).await;
    assert_eq!(reply.status, 200);
    for prefix in ["__Host-lys-", "__Host-lyd-"] {
        for organization in [&scene.acme, &scene.other] {
            assert!(browser.cookies.contains_key(&format!("{prefix}{}", organization.id.bare())));
        }
    }
    for cookie in &reply.cookies {
        for part in ["; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(cookie.starts_with("__Host-") && !cookie.contains("Domain"));
    }
    scene.fill_in(browser, "/sign_out", "").await;
    assert!(!browser.cookies.keys().any(|name| name.contains("lys-")));
    assert_eq!(scene.sessions().await, 0);
}

#[tokio::test]
async fn over_plain_http_cookies_promise_less() {
    let scene = Scene::new().await;
    let mut request = Request::new(Method::Get, "/sign_in?organization=acme");
    request.base_url = "http://127.0.0.1:3000".to_owned();
    let reply = scene.send(&mut Browser::default(), request).await;
    let cookie = &reply.cookies[0];
    assert!(cookie.starts_with("lyform=") && !cookie.contains("Secure"), "{cookie}");
    assert!(cookie.contains("; HttpOnly; SameSite=Lax"));
    assert_eq!(attribute(&text(&reply), "name=\"form\" value=\"").unwrap().len(), 52);
}
