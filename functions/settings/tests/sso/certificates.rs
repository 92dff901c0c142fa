//! Encryption certificates.

use lychgate_core::settings::link::Scope;
use lychgate_testkit::build;

use crate::scene::{Scene, text, to};

#[tokio::test]
async fn a_certificate_is_generated_downloaded_and_retired() {
    let scene = Scene::new().await;
    let mut browser = scene.guest(Scope::Certificate).await;
    let connection = scene.put(build::connection(scene.world.as_ref(), "Entra")).await;
    let page = scene.path(&format!("/sso/{}", connection.id));
    let path = scene.path("/certificates");
    let fields = [("connection", page.as_str()), ("idp", "entra")];
    let reply = scene.post(&mut browser, &path, &fields).await;
    assert_eq!(to(&reply), format!("{page}?idp=entra&done=certificate-generated"));
    let away = [("connection", "https://evil.example/conn-00000000")];
    let reply = scene.post(&mut browser, &path, &away).await;
    assert_eq!(to(&reply), scene.path("/sso?done=certificate-generated"));
    let pairs = scene.setup().await.key_pairs;
    assert_eq!(pairs.len(), 2);
    let base = format!("{path}/{}", pairs[0].id);
    let list = scene.page(&mut browser, &scene.path("/sso")).await;
    assert!(list.contains(&format!("href=\"{base}/encryption.cer\"")), "{list}");
    let pem = scene.get(&mut browser, &format!("{base}/encryption.pem")).await;
    assert_eq!(pem.header("content-type"), Some("application/x-pem-file"));
    let disposition = Some("attachment; filename=\"acme-encryption.pem\"");
    assert_eq!(pem.header("content-disposition"), disposition);
    assert!(pem.body.unwrap().starts_with(b"-----BEGIN CERTIFICATE-----\n"));
    let der = scene.get(&mut browser, &format!("{base}/encryption.cer")).await;
    assert_eq!(der.header("content-type"), Some("application/pkix-cert"));
    assert_eq!(der.body.as_deref(), Some(pairs[0].certificate.as_slice()));
    for nothing in ["encryption.key", "private.pem"] {
        assert_eq!(scene.get(&mut browser, &format!("{base}/{nothing}")).await.status, 404);
    }
    let retire = format!("{base}/retire");
    let refused = scene.post(&mut browser, &retire, &[]).await;
    assert_eq!(refused.status, 400);
    assert!(text(&refused).contains("<details open>"));
    assert_eq!(scene.setup().await.key_pairs.len(), 2);
    let reply = scene.post(&mut browser, &retire, &[("confirm", "yes")]).await;
    assert_eq!(to(&reply), scene.path("/sso?done=certificate-retired"));
    assert_eq!(scene.setup().await.key_pairs, pairs[1..]);
    assert_eq!(scene.get(&mut browser, &format!("{base}/encryption.pem")).await.status, 404);
}

#[tokio::test]
async fn the_last_one_stays_while_it_is_demanded() {
    let scene = Scene::new().await;
    let mut browser = scene.owner().await;
    scene.post(&mut browser, &scene.path("/certificates"), &[]).await;
    let mut connection = scene.tested("Okta").await;
    connection.live = connection.draft.take();
    connection.live.as_mut().unwrap().policy.require_encryption = true;
    connection.id = lychgate_core::ids::ConnectionId::new(scene.world.as_ref());
    scene.put(connection).await;
    let id = scene.setup().await.key_pairs[0].id.clone();
    let retire = scene.path(&format!("/certificates/{id}/retire"));
    let reply = scene.post(&mut browser, &retire, &[("confirm", "yes")]).await;
    assert_eq!(reply.status, 400);
    assert!(text(&reply).contains("this is the last certificate"), "{}", text(&reply));
    assert_eq!(scene.setup().await.key_pairs.len(), 1);
}
