//! The function as the table's stream calls it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use back_channel_logout::Follower;
use lychgate_core::{
    application::Application,
    ctx::World,
    event::{Actor, Event, EventKind, StoredEvent},
    ids::ApplicationId,
    organization::Organization,
    ports::{Applications, Organizations, Sessions, SignInWrite, SignIns},
    record::User,
    session::SessionMethod,
    sessions,
};
use lychgate_edge::{config::Config, handler::Stack};
use lychgate_testkit::{
    FakeOutside, FakeWorld, MemoryStore,
    build::{Acme, user},
    outside::Part,
};
use serde_json::{Map, Value, json};

const URI: &str = "https://app.example/logout";

struct Scene {
    world: Arc<FakeWorld>,
    outside: FakeOutside,
    follower: Follower<MemoryStore, FakeOutside, FakeOutside>,
    acme: Organization,
    ada: User,
}

impl Scene {
    /// Ada with a session that an application has a token for.
    async fn new() -> Self {
        let (world, store) = (Arc::new(FakeWorld::new(5)), MemoryStore::new());
        let outside = FakeOutside::new();
        let acme = Acme::new(world.as_ref(), "acme").organization;
        let ada = user(world.as_ref(), "ada@acme.test");
        let ctx = world.ctx();
        let created = Event {
            kind: EventKind::OrganizationCreated,
            actor: Actor::System,
            subject_kind: "organization",
            subject_id: acme.id.to_string(),
            subject_name: "acme".to_owned(),
            data: Map::new(),
        };
        assert!(store.create_organization(&ctx, &acme, &created).await.unwrap());
        let application = Application {
            id: ApplicationId::new(world.as_ref()),
            name: "App".to_owned(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            initiate_login_uri: None,
            back_channel_logout_uri: Some(URI.to_owned()),
            secrets: Vec::new(),
            created: world.now(),
            version: 1,
        };
        store.put_application(&ctx, None, &application).await.unwrap();
        let expires = world.now().plus_secs(36_000);
        let (mut session, _) = sessions::begin(&ctx, ada.id, SessionMethod::Password, expires);
        session.applications.push(application.id);
        let write = SignInWrite {
            flow: None,
            assertion: None,
            member: None,
            name_id: None,
            session: Some(&session),
            grant: None,
            connection: None,
        };
        store.sign_in(&ctx, &acme.id, write).await.unwrap();
        drop(ctx);
        let follower = Follower {
            stack: Stack::new(&Config::default(), world.clone()).unwrap(),
            base_url: "https://lychgate.test".to_owned(),
            store,
            signer: outside.clone(),
            notifier: outside.clone(),
        };
        Self { world, outside, follower, acme, ada }
    }

    /// An event as the stream has it.
    fn record(&self, number: u32, kind: &str, data: &Value) -> Value {
        let id = lychgate_core::ids::EventId::new(self.world.now(), self.world.as_ref());
        let texts = [
            ("pk", format!("O#{}#E", self.acme.id.bare())),
            ("sk", id.to_string()),
            ("k", kind.to_owned()),
            ("a", "system".to_owned()),
            ("t", "user".to_owned()),
            ("i", self.ada.id.to_string()),
            ("w", "ada@acme.test".to_owned()),
            ("doc", data.to_string()),
        ];
        let image: Map<String, Value> =
            texts.into_iter().map(|(name, text)| (name.to_owned(), json!({ "S": text }))).collect();
        let change = json!({ "NewImage": image, "SequenceNumber": number.to_string() });
        json!({ "eventName": "INSERT", "dynamodb": change })
    }

    async fn run(&self, records: &[Value]) -> Value {
        let deadline = self.world.now().plus_secs(60);
        self.follower.run(&json!({ "Records": records }), "request", deadline).await
    }

    async fn ended(&self) -> Vec<StoredEvent> {
        let ctx = self.world.ctx();
        let store = &self.follower.store;
        let events = store.events_after(&ctx, &self.acme.id, None, 10).await.unwrap();
        events.into_iter().filter(|event| event.kind == "member.sessions_ended").collect()
    }
}

#[tokio::test]
async fn a_suspension_ends_sessions_and_what_that_writes_tells_the_application() {
    let scene = Scene::new().await;
    let none = json!({ "batchItemFailures": [] });
    assert_eq!(scene.run(&[scene.record(1, "member.suspended", &json!({}))]).await, none);
    let ctx = scene.world.ctx();
    let left = scene.follower.store.sessions_of(&ctx, &scene.acme.id, scene.ada.id).await.unwrap();
    assert!(left.is_empty() && scene.outside.logout_tokens().is_empty());
    let ended = scene.ended().await.remove(0);
    assert_eq!((ended.actor.as_str(), &ended.data["by"]), ("system", &json!("suspension")));
    let data = Value::Object(ended.data);
    assert_eq!(scene.run(&[scene.record(2, &ended.kind, &data)]).await, none);
    assert_eq!(scene.outside.logout_tokens().len(), 1);
    assert_eq!(scene.outside.logout_tokens()[0].0, URI);
}

#[tokio::test]
async fn what_could_not_be_followed_is_where_the_stream_goes_on() {
    let scene = Scene::new().await;
    scene.run(&[scene.record(1, "member.deleted", &json!({}))]).await;
    let data = Value::Object(scene.ended().await.remove(0).data);
    let ended = |number| scene.record(number, "member.sessions_ended", &data);
    let records = [scene.record(6, "member.updated", &json!({})), ended(7), ended(8)];
    scene.outside.fail(Part::LogoutNotifier);
    let failed = json!({ "batchItemFailures": [{ "itemIdentifier": "7" }] });
    assert_eq!(scene.run(&records).await, failed);
    scene.outside.mend();
    assert_eq!(scene.run(&records).await, json!({ "batchItemFailures": [] }));
    assert_eq!(scene.outside.logout_tokens().len(), 2);
    // One that nobody can read does not hold up the others.
    let mut broken = ended(9);
    broken["dynamodb"]["NewImage"]["k"] = json!({ "N": "1" });
    assert_eq!(scene.run(&[broken]).await, json!({ "batchItemFailures": [] }));
}
