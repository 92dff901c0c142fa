//! Something that speaks SCIM: the stack's functions behind their route table.

use std::{future::Future, pin::Pin, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use lychgate_core::{
    ctx::World, event::EventKind, ids::OrganizationId, journal::RequestEntry,
    organization::Organization,
};
use lychgate_edge::{
    event::Event,
    handler::{Handler, Stack},
    request::{Arrival, Method, Request},
    routes::{self, DEFAULT_FUNCTION, Found},
};
use lychgate_scim::schema::Catalogue;
use lychgate_testkit::{
    FakeWorld, MemoryStore,
    build::{Acme, event},
    store_contract::Store,
    world::BASE_URL,
};

use lychgate_local::{Options, Running};

use crate::http::{self, Answer, Wire};

/// A future in a box.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a test does to the store behind the functions' back.
pub trait Backstage: Send + Sync {
    /// Creates an organization.
    fn create<'a>(&'a self, organization: &'a Organization) -> Pending<'a, ()>;
    /// Changes one.
    fn change<'a>(&'a self, before: &'a Organization, after: &'a Organization) -> Pending<'a, ()>;
    /// The newest entries of its request log.
    fn requests<'a>(&'a self, organization: &'a OrganizationId) -> Pending<'a, Vec<RequestEntry>>;
    /// What happened in it, in order.
    fn events<'a>(&'a self, organization: &'a OrganizationId) -> Pending<'a, Vec<String>>;
}

struct Behind<S> {
    store: S,
    world: Arc<FakeWorld>,
}

impl<S: Store> Backstage for Behind<S> {
    fn create<'a>(&'a self, organization: &'a Organization) -> Pending<'a, ()> {
        Box::pin(async move {
            let kind = EventKind::OrganizationCreated;
            let created = event(kind, &organization.id.to_string(), organization.domain.as_str());
            let ctx = self.world.ctx();
            let done = self.store.create_organization(&ctx, organization, &created).await;
            assert_eq!(done, Ok(true), "the organization is created");
        })
    }

    fn change<'a>(&'a self, before: &'a Organization, after: &'a Organization) -> Pending<'a, ()> {
        Box::pin(async move {
            let kind = EventKind::OrganizationUpdated;
            let updated = event(kind, &after.id.to_string(), after.domain.as_str());
            let ctx = self.world.ctx();
            let done = self.store.update_organization(&ctx, before, after, &updated).await;
            assert_eq!(done, Ok(true), "the organization is changed");
        })
    }

    fn requests<'a>(&'a self, organization: &'a OrganizationId) -> Pending<'a, Vec<RequestEntry>> {
        Box::pin(async move {
            let found =
                self.store.requests_before(&self.world.ctx(), organization, None, 100).await;
            found.expect("the request log is read")
        })
    }

    fn events<'a>(&'a self, organization: &'a OrganizationId) -> Pending<'a, Vec<String>> {
        Box::pin(async move {
            let found = self.store.events_after(&self.world.ctx(), organization, None, 500).await;
            let found = found.expect("the events are read");
            found.into_iter().map(|event| event.kind).collect()
        })
    }
}

/// How requests get to the functions.
enum Way {
    /// Called in this process.
    Here(Vec<Box<dyn Handler>>),
    /// Through the local server.
    Socket { authority: String, _running: Box<Running> },
}

/// The functions behind their route table.
pub struct Endpoint {
    way: Way,
    /// The clock and the randomness of all of them.
    pub world: Arc<FakeWorld>,
    /// The store's other door.
    pub backstage: Box<dyn Backstage>,
}

impl Endpoint {
    /// On an empty in-memory store.
    #[must_use]
    pub fn in_memory(seed: u64) -> Self {
        Self::on(MemoryStore::new(), seed)
    }

    /// On this store.
    #[must_use]
    pub fn on<S: Store + Clone + 'static>(store: S, seed: u64) -> Self {
        let world = Arc::new(FakeWorld::new(seed));
        let stack = Stack { world: world.clone(), catalogue: Arc::new(Catalogue::standard()) };
        let handlers: Vec<Box<dyn Handler>> = vec![
            Box::new(scim_users::handler(stack.clone(), store.clone())),
            Box::new(scim_groups::handler(stack.clone(), store.clone())),
            Box::new(scim_bulk::handler(stack.clone(), store.clone())),
            Box::new(scim_discovery::handler(stack)),
        ];
        let backstage = Box::new(Behind { store, world: world.clone() });
        Self { way: Way::Here(handlers), world, backstage }
    }

    /// Behind the socket of a local server of its own, on an embedded DynamoDB in memory. It keeps its own
    /// time: real time.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn on_socket(seed: u64) -> Self {
        let running = lychgate_local::start(Options::in_memory()).await;
        let running = running.unwrap_or_else(|error| panic!("the local server: {error}"));
        let authority = running.base_url.trim_start_matches("http://").to_owned();
        let world = Arc::new(FakeWorld::new(seed));
        let backstage = Box::new(Behind { store: running.store.clone(), world: world.clone() });
        Self { way: Way::Socket { authority, _running: Box::new(running) }, world, backstage }
    }

    /// `host:port`, when there is a socket.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        match &self.way {
            Way::Here(_) => None,
            Way::Socket { authority, .. } => Some(authority),
        }
    }

    /// A new organization, ready to use.
    pub async fn organization(&self, domain: &str) -> Acme {
        let acme = Acme::new(self.world.as_ref(), domain);
        self.backstage.create(&acme.organization).await;
        acme
    }

    /// Sends one request. Time moves on by a few milliseconds with each.
    ///
    /// # Panics
    /// When no function takes it.
    pub async fn send(&self, wire: &Wire) -> Answer {
        match &self.way {
            Way::Here(handlers) => self.call(handlers, wire).await,
            Way::Socket { authority, .. } => http::send(authority, wire).await,
        }
    }

    async fn call(&self, handlers: &[Box<dyn Handler>], wire: &Wire) -> Answer {
        self.world.advance_millis(7);
        let (path, query) = wire.target.split_once('?').unwrap_or((&wire.target, ""));
        let mut event = Event {
            version: "2.0".to_owned(),
            raw_path: Some(path.to_owned()),
            raw_query_string: Some(query.to_owned()),
            is_base64_encoded: true,
            body: wire.body.as_ref().map(|body| STANDARD.encode(body)),
            ..Event::default()
        };
        event.request_context.http.method.clone_from(&wire.method);
        for (name, value) in &wire.headers {
            event.headers.push(name, value.trim());
        }
        let arrival = Arrival {
            request_id: &format!("req-{}", self.world.now().unix_millis()),
            deadline: self.world.now().plus_secs(29),
            base_url: Some(BASE_URL),
        };
        let request = Request::from_event(event, &arrival);
        let function = match routes::find(Method::parse(&wire.method), &request.segments) {
            Found::Route(route, _) => route.function,
            Found::OtherMethods(_) | Found::Nothing => DEFAULT_FUNCTION,
        };
        let handler = handlers.iter().find(|handler| handler.function() == function);
        let handler = handler.unwrap_or_else(|| panic!("nobody serves {function}"));
        let reply = handler.handle(&request).await;
        let headers = reply.headers.iter();
        Answer {
            status: reply.status,
            headers: headers.map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            body: reply.body.unwrap_or_default(),
        }
        .plain()
    }
}
