//! Metadata that is saved, and metadata that is not.

use lychgate_edge::{
    cookie::{Cookie, Cookies},
    reply::Reply,
    request::{Method, Request},
};
use lychgate_idp::MetadataStyle;
use lychgate_testkit::build;

use crate::scene::{BASE, Browser, EVIL, Scene, text, to};

async fn draft(scene: &Scene) -> (lychgate_core::connection::Connection, String) {
    let mut connection = build::connection(scene.world.as_ref(), EVIL);
    connection.draft.as_mut().unwrap().idp = None;
    let connection = scene.put(connection).await;
    let path = scene.path(&format!("/sso/{}/metadata", connection.id));
    (connection, path)
}

async fn upload(
    scene: &Scene,
    browser: &mut Browser,
    path: &str,
    parts: &[(&str, &[u8])],
) -> Reply {
    scene.page(browser, &scene.path("/sso")).await;
    let token = browser.cookies[&Cookies::of(BASE).name(Cookie::Form)].clone();
    let mut body = Vec::new();
    for (name, value) in parts {
        let value = if *value == b"TOKEN" { token.as_bytes() } else { value };
        let file = if *name == "file" { "; filename=\"m.xml\"" } else { "" };
        let head =
            format!("--b0und\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend([head.as_bytes(), value, b"\r\n"].concat());
    }
    body.extend(b"--b0und--\r\n");
    let request = Request::new(Method::Post, path)
        .with_header("content-type", "multipart/form-data; boundary=b0und");
    scene.send(browser, request.with_body(body)).await
}

#[tokio::test]
async fn what_is_wrong_is_said_at_the_field_and_kept() {
    let scene = Scene::new().await;
    let mut browser = scene.owner().await;
    let (connection, path) = draft(&scene).await;
    let url = "https://idp.example/metadata";
    for (code, detail) in [
        ("metadata_unreachable", "The name idp.example is not known. Is it spelled right?"),
        ("metadata_url_refused", "idp.example leads into a private network."),
    ] {
        scene.outside.refuse(url, code, detail);
        let reply = scene.post(&mut browser, &path, &[("url", url)]).await;
        assert_eq!(reply.status, 400);
        let page = text(&reply);
        assert!(page.contains(code) && page.contains(detail), "{page}");
        assert!(page.contains(&format!("value=\"{url}\" placeholder")), "{page}");
        assert!(page.contains("aria-invalid=\"true\" aria-describedby=\"problem url_hint\""));
    }
    let no_certificate = scene.idp.metadata(MetadataStyle::Okta).unwrap();
    let no_certificate = no_certificate.replace("X509Certificate", "X509Nothing");
    for (field, typed, says) in [
        ("url", "", "begins with https://"),
        ("url", "ftp://x", "must be the https address"),
        ("url", EVIL, "must be the https address"),
        ("xml", "", "an XML document"),
        ("xml", "<html><body>Sign in</body></html>", "metadata_not_saml"),
        ("xml", EVIL, "metadata_not_saml"),
        ("xml", &no_certificate, "no_signing_cert"),
    ] {
        let reply = scene.post(&mut browser, &path, &[(field, typed)]).await;
        assert_eq!(reply.status, 400, "{field} {typed}");
        let page = text(&reply);
        assert!(page.contains(says) && page.contains("role=\"alert\""), "{says}: {page}");
        assert!(!page.contains("<script>"), "{page}");
        if field == "xml" {
            assert!(page.contains("<details open>"), "{page}");
        }
    }
    assert_eq!(scene.connection(&connection.id).await, connection);
}

#[tokio::test]
async fn a_file_is_taken_without_a_script() {
    let scene = Scene::new().await;
    let mut browser = scene.owner().await;
    let (connection, path) = draft(&scene).await;
    let document = scene.idp.metadata(MetadataStyle::Okta).unwrap();
    let good = document.as_bytes();
    let large = vec![b'x'; 1024 * 1024 + 1];
    for (parts, status) in [
        (vec![("file", good)], 400),
        (vec![("file", good), ("form", &b"another browser's"[..])], 400),
        (vec![("form", &b"TOKEN"[..])], 400),
        (vec![("form", &b"TOKEN"[..]), ("file", &b""[..])], 400),
        (vec![("form", &b"TOKEN"[..]), ("file", &b"\xff\xfe<x/>"[..])], 400),
        (vec![("form", &b"TOKEN"[..]), ("file", good), ("file", good)], 400),
        (vec![("form", &b"TOKEN"[..]), ("form", &b"TOKEN"[..]), ("file", good)], 400),
        (vec![("form", &b"TOKEN"[..]), ("other", &b"1"[..]), ("file", good)], 400),
        (vec![("form", &b"TOKEN"[..]), ("idp", &large[..2_000]), ("file", good)], 413),
        (vec![("form", &b"TOKEN"[..]), ("file", &large[..])], 413),
        (vec![("form", &b"TOKEN"[..]); 9], 400),
    ] {
        let reply = upload(&scene, &mut browser, &path, &parts).await;
        assert_eq!(reply.status, status, "{:?}", parts.iter().map(|p| p.0).collect::<Vec<_>>());
    }
    let cut = Request::new(Method::Post, &path)
        .with_header("content-type", "multipart/form-data; boundary=b0und")
        .with_body("--b0und\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\nx");
    assert_eq!(scene.send(&mut browser, cut).await.status, 400);
    let without = Request::new(Method::Post, &path)
        .with_header("content-type", "multipart/form-data")
        .with_body("x");
    assert_eq!(scene.send(&mut browser, without).await.status, 400);
    assert_eq!(scene.connection(&connection.id).await, connection, "nothing was saved");
    let parts = [("form", &b"TOKEN"[..]), ("idp", b"google"), ("file", good)];
    let reply = upload(&scene, &mut browser, &path, &parts).await;
    assert!(to(&reply).ends_with("?idp=google&done=metadata-saved"), "{reply:?}");
    let saved = scene.connection(&connection.id).await.draft.unwrap().idp.unwrap();
    assert_eq!(saved.entity_id, "http://www.okta.com/exk1");
}

#[tokio::test]
async fn what_the_metadata_makes_us_think_of_is_said() {
    let scene = Scene::new().await;
    let mut browser = scene.owner().await;
    let (_, path) = draft(&scene).await;
    let document = scene.idp.metadata(MetadataStyle::Okta).unwrap();
    let more = "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
                Location=\"javascript:alert(1)\"/></md:IDPSSODescriptor>";
    let document = document.replace("</md:IDPSSODescriptor>", more);
    let reply = scene.post(&mut browser, &path, &[("xml", &document)]).await;
    assert_eq!(reply.status, 200);
    let page = text(&reply);
    assert!(
        page.contains("The endpoint javascript:alert(1) is no plain https URL and is left out."),
        "{page}"
    );
    assert!(!page.contains("href=\"javascript"), "{page}");
}
