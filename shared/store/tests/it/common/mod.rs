//! The emulator, a scripted world, and what the tests write.

pub(crate) mod check;
pub(crate) mod hook;

use std::{
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};
use dynoxide::Database;
use lychgate_core::{
    ctx::{Ctx, World},
    event::{Actor, Event, EventKind},
    ids::{GroupId, MemberId, OrganizationId, UserId},
    organization::{Directory as Settings, Domain, Licence, LicenceState, Organization},
    ports::{Directory, Groups, Users, Wanted},
    record::{Group, Index, IndexKey, Member, Memberships, Origin, User},
    time::Timestamp,
};
use lychgate_scim::Resource;
use lychgate_store::Store;
use serde_json::{Map, Value, json};

use hook::Hook;

/// The table's name.
pub(crate) const TABLE: &str = "lychgate";
/// The time a function has, in milliseconds.
const FUNCTION_MILLIS: u64 = 29_000;

/// Time that passes only when somebody waits, and randomness that repeats.
pub(crate) struct TestWorld {
    now: AtomicU64,
    seed: Mutex<u64>,
    /// Whether a pause moves the clock; if not, it lets other tasks run.
    pub(crate) pause_moves_clock: bool,
}

impl TestWorld {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: AtomicU64::new(1_790_000_000_000),
            seed: Mutex::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            pause_moves_clock: true,
        }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, millis: u64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }
}

impl World for TestWorld {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.now.load(Ordering::SeqCst))
    }

    fn fill(&self, bytes: &mut [u8]) {
        let mut seed = self.seed.lock().unwrap();
        for byte in bytes {
            *seed ^= *seed << 13;
            *seed ^= *seed >> 7;
            *seed ^= *seed << 17;
            *byte = seed.to_le_bytes()[3];
        }
    }

    fn pause(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            if self.pause_moves_clock {
                self.pass(u64::try_from(duration.as_millis()).unwrap());
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        })
    }
}

/// One emulator with a table, and a store on it whose calls a [`Hook`] sees and can break.
pub(crate) struct Bench {
    pub(crate) world: TestWorld,
    pub(crate) store: Store,
    pub(crate) hook: Arc<Hook>,
    /// A second store on the same table that nothing breaks: the reader.
    pub(crate) calm: Store,
    pub(crate) client: Client,
    pub(crate) organization: OrganizationId,
    database: Database,
    url: String,
    snapshot: Option<PathBuf>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(path) = &self.snapshot {
            drop(std::fs::remove_file(path));
        }
    }
}

/// A client with this hook.
fn client(url: &str, hook: &Arc<Hook>) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(url)
        .http_client(hook::Sleepy { hook: Arc::clone(hook), client: lychgate_aws::plain() })
        .retry_config(lychgate_store::retries())
        .interceptor(hook::Shared(Arc::clone(hook)))
        .build();
    Client::from_conf(config)
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let database = Database::memory().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = database.clone();
        tokio::spawn(dynoxide::server::serve_with_shutdown(
            listener,
            served,
            std::future::pending(),
        ));
        let hook = Arc::new(Hook::default());
        let world = TestWorld::new(7);
        let calm_client = client(&url, &Arc::new(Hook::default()));
        let bench = Self {
            store: Store::new(client(&url, &hook), TABLE),
            calm: Store::new(calm_client.clone(), TABLE),
            client: calm_client,
            organization: OrganizationId::new(&world),
            world,
            hook,
            database,
            url,
            snapshot: None,
        };
        bench.calm.create_table().await.unwrap();
        bench
    }

    /// One more store with a hook of its own.
    pub(crate) fn another(&self) -> (Store, Arc<Hook>) {
        let hook = Arc::new(Hook::default());
        (Store::new(client(&self.url, &hook), TABLE), hook)
    }

    pub(crate) fn ctx(&self) -> Ctx<'_> {
        ctx(&self.world)
    }

    /// Remembers the whole table.
    pub(crate) fn keep(&mut self) {
        static SNAPSHOTS: AtomicU64 = AtomicU64::new(0);
        let number = SNAPSHOTS.fetch_add(1, Ordering::SeqCst);
        let name = format!("lychgate-store-{}-{number}.db", std::process::id());
        let path = std::env::temp_dir().join(name);
        drop(std::fs::remove_file(&path));
        self.database.vacuum_into(path.to_str().unwrap()).unwrap();
        self.snapshot = Some(path);
    }

    /// Puts the table back to what [`Bench::keep`] remembered.
    pub(crate) fn restore(&self) {
        let path = self.snapshot.as_ref().unwrap();
        self.database.restore_from(path.to_str().unwrap()).unwrap();
        self.hook.reset();
    }

    pub(crate) async fn user(&self, name: &str) -> User {
        // So that the order of ids is that of creation.
        self.world.pass(1);
        let user = user(&self.world, name);
        self.calm
            .create_user(
                &self.ctx(),
                &self.organization,
                &user,
                &user_keys(&user),
                None,
                &event(EventKind::MemberCreated),
            )
            .await
            .unwrap();
        user
    }

    /// Users by the dozen.
    pub(crate) async fn users(&self, count: usize) -> Vec<Member> {
        let mut members = Vec::new();
        for index in 0..count {
            members.push(member(&self.user(&format!("u{index}@example.com")).await));
        }
        members
    }

    pub(crate) async fn group(&self, name: &str, members: &[Member]) -> Group {
        let group = group(&self.world, name, members.len());
        self.calm
            .create_group(
                &self.ctx(),
                &self.organization,
                &group,
                &group_keys(&group),
                members,
                &event(EventKind::GroupCreated),
            )
            .await
            .unwrap();
        self.read_group(group.id).await.unwrap()
    }

    pub(crate) async fn read_group(&self, id: GroupId) -> Option<Group> {
        let wanted = Wanted { groups: vec![id], ..Wanted::default() };
        let found = self.calm.fetch(&self.ctx(), &self.organization, wanted).await.unwrap();
        found.groups.into_iter().next()
    }

    pub(crate) async fn read_user(&self, id: UserId) -> Option<User> {
        let wanted = Wanted { users: vec![id], ..Wanted::default() };
        let found = self.calm.fetch(&self.ctx(), &self.organization, wanted).await.unwrap();
        found.users.into_iter().next()
    }

    /// The member ids that a reader sees, and the count that the group states.
    pub(crate) async fn seen(&self, id: GroupId) -> Option<(u64, Vec<MemberId>)> {
        let membership =
            self.calm.membership(&self.ctx(), &self.organization, id, usize::MAX).await.unwrap()?;
        let ids = membership.members.iter().map(|member| member.id).collect();
        Some((membership.group.member_count, ids))
    }
}

pub(crate) fn ctx(world: &TestWorld) -> Ctx<'_> {
    Ctx {
        world,
        request_id: "test",
        deadline: world.now().plus_millis(FUNCTION_MILLIS),
        base_url: "https://example.com",
        actor: Actor::System,
    }
}

pub(crate) fn resource(attributes: Value) -> Resource {
    match attributes {
        Value::Object(attributes) => Resource::trusted(attributes),
        _ => Resource::default(),
    }
}

pub(crate) fn user(world: &TestWorld, name: &str) -> User {
    let now = world.now();
    User {
        id: UserId::new(now, world),
        resource: resource(json!({
            "userName": name,
            "externalId": format!("ext-{name}"),
            "active": true,
        })),
        version: 1,
        created: now,
        modified: now,
        origin: Origin::Scim,
        suspended: None,
        suspended_by_hand: None,
        password_allowed: false,
        last_sign_in: None,
        memberships: Memberships::new(),
    }
}

pub(crate) fn group(world: &TestWorld, name: &str, members: usize) -> Group {
    let now = world.now();
    Group {
        id: GroupId::new(now, world),
        resource: resource(json!({"displayName": name})),
        version: 1,
        created: now,
        modified: now,
        member_count: u64::try_from(members).unwrap(),
        memberships: Memberships::new(),
        pending: None,
        aborted: Vec::new(),
    }
}

pub(crate) fn key(index: Index, value: &str) -> IndexKey {
    IndexKey { index, value: value.to_owned() }
}

pub(crate) fn user_keys(user: &User) -> Vec<IndexKey> {
    let mut keys = vec![key(Index::UserName, &user.user_name().to_lowercase())];
    if let Some(id) = user.resource.text("externalId") {
        keys.push(key(Index::UserExternalId, id));
    }
    keys
}

pub(crate) fn group_keys(group: &Group) -> Vec<IndexKey> {
    let mut keys = vec![key(Index::GroupDisplayName, &group.display_name().to_lowercase())];
    if let Some(id) = group.resource.text("externalId") {
        keys.push(key(Index::GroupExternalId, id));
    }
    keys
}

pub(crate) fn member(user: &User) -> Member {
    Member { id: MemberId::User(user.id), display: Some(user.user_name().to_owned()) }
}

pub(crate) fn event(kind: EventKind) -> Event {
    Event {
        kind,
        actor: Actor::System,
        subject_kind: "user",
        subject_id: "some".to_owned(),
        subject_name: "Some One".to_owned(),
        data: Map::new(),
    }
}

/// `before` after a change of members.
pub(crate) fn changed(before: &Group, world: &TestWorld, add: usize, remove: usize) -> Group {
    Group {
        version: before.version + 1,
        modified: world.now(),
        member_count: before.member_count + u64::try_from(add).unwrap()
            - u64::try_from(remove).unwrap(),
        ..before.clone()
    }
}

/// Adds and removes members of a group.
pub(crate) async fn change_members(
    store: &Store,
    world: &TestWorld,
    organization: &OrganizationId,
    before: &Group,
    add: &[Member],
    remove: &[MemberId],
) -> Result<u64, lychgate_core::ports::CommitError> {
    let after = changed(before, world, add.len(), remove.len());
    let keys = group_keys(before);
    store
        .update_group(
            &ctx(world),
            organization,
            before,
            &after,
            &keys,
            &keys,
            add,
            remove,
            &event(EventKind::GroupMembersChanged),
        )
        .await
}

pub(crate) fn ids(members: &[Member]) -> Vec<MemberId> {
    members.iter().map(|member| member.id).collect()
}

pub(crate) fn organization(world: &TestWorld, id: OrganizationId, domain: &str) -> Organization {
    Organization {
        id,
        domain: Domain::parse(domain).unwrap(),
        name: "Example".to_owned(),
        licence: Licence { state: LicenceState::Active, seats: None, ends: None },
        directory: Settings::default(),
        sign_in: lychgate_core::organization::SignIn::default(),
        owners: Vec::new(),
        owners_suspended: Vec::new(),
        created: world.now(),
        version: 1,
    }
}

impl Bench {
    pub(crate) fn world_now(&self) -> Timestamp {
        self.world.now()
    }
}
