//! A small organization, a node or two of it, and short ways to ask them for things.

use crate::faulty::FaultyStore;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use dormouse_engine::{
    AuthenticatedClient, CodeExchange, CodeRequest, CutOffOrder, Engine, Error, ImportRequest, IssueRequest,
    Issued, LookedUp, RedeemRequest, Redeemed, Refusal, Settings, Token, Unavailable, Verified,
};
use dormouse_entity::{
    ConsumerKey, Credential, CredentialProduct, Document as _, EntityId, KeyStatus, Name, NotSealed, Vault,
};
use dormouse_store::{FaultyDisk, MarkIdentity, MemoryStore, RedbStore, StoreSettings};
use dormouse_token::{
    Attributes, Clock, Collection, CountedEvent, DocumentKey, DocumentWrite, Entropy, Expected, FrontEnd,
    Grant, KeyRing, Kind, ManualClock, Reach, Reason, Redeemer, Root, RootId, Rotation, Scope, Secret,
    SeededEntropy, SourceId, Store, Target, Timestamp, random,
};
use parking_lot::Mutex;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// A quarter past some hour.
pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_800_000_900_000);
pub(crate) const ORGANIZATION: &str = "acme";
pub(crate) const SOURCE: SourceId = SourceId(*b"proxy/po");
pub(crate) const ACCESS_TTL: Duration = Duration::from_mins(30);
pub(crate) const REFRESH_TTL: Duration = Duration::from_hours(24 * 30);
pub(crate) const CODE_TTL: Duration = Duration::from_mins(10);
/// How long a native family lives, in milliseconds.
pub(crate) const NATIVE_FAMILY_TTL: u64 = 180 * 24 * 3_600_000;
pub(crate) const NATIVE: Redeemer = Redeemer::Native { family_ttl: Duration::from_hours(24 * 180) };

/// A store with a clock, and the root that its tokens are sealed under. Nodes are started on it.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<dyn Store>,
    /// The same store, to be told what goes wrong.
    pub(crate) faults: Arc<FaultyStore>,
    pub(crate) root: Root,
    /// A second root, which opens and does not seal.
    pub(crate) retired: Root,
    entropy: Arc<SeededEntropy>,
    seed: u64,
    /// What the store is on, unless it is in memory.
    disk: Arc<Mutex<Option<FaultyDisk>>>,
}

/// A node with the client `web` authenticated.
pub(crate) struct Node {
    pub(crate) engine: Arc<Engine>,
    pub(crate) web: AuthenticatedClient,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::seeded(1)
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let store = Self::empty_store(&clock, seed);
        Self::over(store, clock, (seed, None))
    }

    /// A store on a disk that can lose its power.
    pub(crate) fn on_disk(seed: u64) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let disk = FaultyDisk::new();
        let store = Self::open(&disk, &clock, seed);
        Self::over(store, clock, (seed, Some(disk)))
    }

    fn over(store: Arc<dyn Store>, clock: Arc<ManualClock>, (seed, disk): (u64, Option<FaultyDisk>)) -> Self {
        let faults = Arc::new(FaultyStore::over(store));
        let entropy = Arc::new(SeededEntropy::new(seed ^ 0x5eed));
        let root = Root::generate(&*entropy);
        let retired = Root::generate(&*entropy);
        let world = Self {
            clock,
            store: Arc::clone(&faults) as Arc<dyn Store>,
            faults,
            root,
            retired,
            entropy,
            seed,
            disk: Arc::new(Mutex::new(disk)),
        };
        wait(world.start(Settings::default())).expect("an empty store starts");
        world.write(&organization());
        world
    }

    /// Puts the store back to when the organization had just been written, under the same epoch.
    pub(crate) fn lose_the_store(&self) {
        self.faults.replace(Self::empty_store(&self.clock, self.seed));
        wait(self.start(Settings::default())).expect("an empty store starts");
        self.write(&organization());
    }

    /// Cuts the power, and opens the store again on what is left. Nodes from before must not be used any more.
    pub(crate) fn lose_power(&self) {
        let mut disk = self.disk.lock();
        let found = disk.as_ref().expect("the world is on a disk").power_loss(&*self.entropy);
        self.faults.replace(Self::open(&found, &self.clock, self.seed));
        *disk = Some(found);
    }

    fn open(disk: &FaultyDisk, clock: &Arc<ManualClock>, seed: u64) -> Arc<dyn Store> {
        let settings = StoreSettings {
            clock: Arc::clone(clock) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(seed)),
            mark_path: None,
            mark_identity: MarkIdentity::Counter,
            roots_path: None,
        };
        let opened = RedbStore::over_disk(disk, &settings, Box::new(|_| {}));
        Arc::new(opened.expect("the disk holds a store"))
    }

    fn empty_store(clock: &Arc<ManualClock>, seed: u64) -> Arc<dyn Store> {
        Arc::new(MemoryStore::new(Arc::clone(clock) as Arc<dyn Clock>, &SeededEntropy::new(seed)))
    }

    /// The disk that the store is on.
    pub(crate) fn disk(&self) -> FaultyDisk {
        self.disk.lock().clone().expect("the world is on a disk")
    }

    async fn start(&self, settings: Settings) -> Result<Arc<Engine>, dormouse_engine::StartError> {
        self.start_under((&[&self.root, &self.retired], self.root.id()), settings).await
    }

    /// A node with other roots: those that open, and the one that seals.
    pub(crate) async fn start_under(
        &self,
        (open, sealing): (&[&Root], RootId),
        settings: Settings,
    ) -> Result<Arc<Engine>, dormouse_engine::StartError> {
        let roots = open.iter().copied().cloned().collect();
        let ambient =
            (Arc::clone(&self.clock) as Arc<dyn Clock>, Arc::clone(&self.entropy) as Arc<dyn Entropy>);
        let store = Arc::clone(&self.store);
        Engine::start(store, (roots, sealing), ORGANIZATION, ambient, settings).await
    }

    pub(crate) fn node(&self) -> Node {
        self.node_with(Settings::default())
    }

    pub(crate) fn node_with(&self, settings: Settings) -> Node {
        Node::of(wait(self.start(settings)).expect("the store starts"))
    }

    /// Writes documents as administration does. Nodes see them when they follow.
    pub(crate) fn write(&self, entities: &[(Collection, &str, Option<String>)]) {
        let vault = TestVault::of(self);
        let writes = entities.iter().map(|(collection, name, value)| {
            let value = value.as_ref().map(|value| match collection {
                Collection::Credentials => credential(name, value).to_document(&vault).expect("it is sealed"),
                _ => value.clone().into_bytes(),
            });
            let key = DocumentKey { collection: *collection, name: (*name).into() };
            DocumentWrite { key, expected: Expected::Anything, value: value.map(Into::into) }
        });
        assert_eq!(wait(self.store.write_documents(writes.collect())), Ok(true));
    }

    /// A ring that seals what nobody should have been able to seal.
    pub(crate) fn stolen_ring(&self) -> KeyRing {
        self.ring_sealing(self.root.clone())
    }

    pub(crate) fn ring_sealing(&self, root: Root) -> KeyRing {
        let epoch = wait(self.store.head()).expect("the store answers").epoch;
        let id = root.id();
        KeyRing::new(vec![root], id, epoch, ORGANIZATION).expect("one root is a ring")
    }

    /// The same world, for somebody who acts in between.
    pub(crate) fn clone_of(world: &Self) -> Self {
        Self {
            clock: Arc::clone(&world.clock),
            store: Arc::clone(&world.store),
            faults: Arc::clone(&world.faults),
            root: world.root.clone(),
            retired: world.retired.clone(),
            entropy: Arc::clone(&world.entropy),
            seed: world.seed,
            disk: Arc::clone(&world.disk),
        }
    }

    pub(crate) fn entropy(&self) -> &SeededEntropy {
        &self.entropy
    }

    pub(crate) fn pass(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// The total of one event over all counters.
    pub(crate) fn counted(&self, event: CountedEvent) -> u64 {
        let counters = wait(self.store.counters()).expect("the store answers");
        counters.iter().filter(|(key, _)| key.event == event).map(|(_, total)| total).sum()
    }
}

impl Node {
    pub(crate) fn of(engine: Arc<Engine>) -> Self {
        let web = engine.authenticate("web", "web-secret").expect("web is in order");
        Self { engine, web }
    }

    pub(crate) fn client(&self, id: &str) -> AuthenticatedClient {
        self.engine.authenticate(id, &format!("{id}-secret")).expect("the client is in order")
    }

    /// A request of `web` for the password grant, from a bundle.
    pub(crate) fn password(&self) -> IssueRequest<'_> {
        IssueRequest {
            client: &self.web,
            grant: Grant::Password,
            user: Some("ann"),
            scope: None,
            attributes: Attributes::default(),
            access_ttl: ACCESS_TTL,
            refresh_ttl: Some(REFRESH_TTL),
            source: SOURCE,
            front_end: FrontEnd::Bundle,
        }
    }

    pub(crate) fn issue(&self) -> Pair {
        self.issue_of(self.password())
    }

    pub(crate) fn issue_native(&self, rotation: Rotation) -> Pair {
        self.issue_of(IssueRequest { front_end: FrontEnd::Native(rotation), ..self.password() })
    }

    pub(crate) fn issue_of(&self, request: IssueRequest<'_>) -> Pair {
        Pair::of(wait(self.engine.issue(request)).expect("tokens are issued"))
    }

    /// A redemption by `web` at a bundle.
    pub(crate) fn redemption<'a>(&'a self, token: &'a str) -> RedeemRequest<'a> {
        RedeemRequest {
            client: &self.web,
            token,
            scope: None,
            rotation: Rotation::Apigee,
            redeemer: Redeemer::Bundle,
            attributes: Attributes::default(),
            access_ttl: ACCESS_TTL,
            refresh_ttl: REFRESH_TTL,
        }
    }

    /// A redemption by `web` at the native endpoint.
    pub(crate) fn native<'a>(&'a self, token: &'a str) -> RedeemRequest<'a> {
        RedeemRequest { rotation: Rotation::Rotate, redeemer: NATIVE, ..self.redemption(token) }
    }

    pub(crate) fn reuse<'a>(&'a self, token: &'a str) -> RedeemRequest<'a> {
        RedeemRequest { rotation: Rotation::Reuse, ..self.redemption(token) }
    }

    pub(crate) fn redeem(&self, request: RedeemRequest<'_>) -> Result<Redeemed, Error> {
        wait(self.engine.redeem(request))
    }

    pub(crate) fn redeemed(&self, request: RedeemRequest<'_>) -> Pair {
        Pair::of(self.redeem(request).expect("the token is redeemed").issued)
    }

    pub(crate) fn code_request(&self) -> CodeRequest<'_> {
        CodeRequest {
            client: &self.web,
            redirect_uri: Some("https://web.example.com/cb"),
            user: Some("ann"),
            scope: None,
            attributes: Attributes::default(),
            ttl: CODE_TTL,
            source: SOURCE,
            front_end: FrontEnd::Bundle,
        }
    }

    pub(crate) fn code(&self) -> Token {
        wait(self.engine.issue_code(self.code_request())).expect("a code is issued")
    }

    pub(crate) fn exchange<'a>(&'a self, code: &'a str) -> CodeExchange<'a> {
        CodeExchange {
            client: &self.web,
            code,
            redirect_uri: Some("https://web.example.com/cb"),
            code_verifier: None,
            attributes: Attributes::default(),
            access_ttl: ACCESS_TTL,
            refresh_ttl: Some(REFRESH_TTL),
            user: None,
            source: SOURCE,
            front_end: FrontEnd::Bundle,
        }
    }

    pub(crate) fn import_of<'a>(
        &'a self,
        access: Option<&'a str>,
        refresh: Option<&'a str>,
    ) -> ImportRequest<'a> {
        ImportRequest {
            client: &self.web,
            grant: Grant::Password,
            access,
            refresh,
            user: Some("ann"),
            scope: None,
            attributes: Attributes::default(),
            access_ttl: ACCESS_TTL,
            refresh_ttl: Some(REFRESH_TTL),
            source: SOURCE,
        }
    }

    pub(crate) fn import(&self, access: &str, refresh: &str) -> Result<Issued, Error> {
        wait(self.engine.import(self.import_of(Some(access), Some(refresh))))
    }

    pub(crate) fn verify(&self, token: &str) -> Result<Verified, Error> {
        wait(self.engine.verify(token, None))
    }

    pub(crate) fn look_up(&self, token: &str, kind: Kind) -> Result<LookedUp, Error> {
        wait(self.engine.look_up(token, kind, None))
    }

    pub(crate) fn cut_off(&self, target: Target, reach: Reach) -> dormouse_token::CutOff {
        self.cut_off_before(target, reach, None)
    }

    pub(crate) fn cut_off_before(
        &self,
        target: Target,
        reach: Reach,
        before: Option<Timestamp>,
    ) -> dormouse_token::CutOff {
        let order = CutOffOrder { target, reach, reason: Reason::EndUser, before };
        wait(self.engine.cut_off(order)).expect("the cut-off is written")
    }

    pub(crate) fn follow(&self) {
        wait(self.engine.follow()).expect("the store is followed");
    }

    #[track_caller]
    pub(crate) fn lives(&self, token: &str) {
        if let Err(error) = self.verify(token) {
            panic!("the access token should live: {error}");
        }
    }

    #[track_caller]
    pub(crate) fn is_dead(&self, token: &str, expected: Refusal) {
        assert_refused(self.verify(token), expected);
    }

    #[track_caller]
    pub(crate) fn is_not_redeemed(&self, token: &str, expected: Refusal) {
        assert_refused(self.redeem(self.redemption(token)), expected);
    }
}

/// The two strings of a pair, and what was said about them.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) issued: Issued,
}

impl Pair {
    pub(crate) fn of(issued: Issued) -> Self {
        let refresh = issued.refresh.as_ref().map(|token| token.text.clone()).unwrap_or_default();
        Self { access: issued.access.text.clone(), refresh, issued }
    }
}

#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug>(result: Result<T, Error>, expected: Refusal) {
    let expected = Error::Refused(expected);
    match result {
        Err(error) => assert_eq!(error, expected),
        Ok(done) => panic!("{expected:?} was expected, and not {done:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, Error>, expected: &Unavailable) {
    match result {
        Err(Error::Unavailable(unavailable)) => {
            assert_eq!(
                std::mem::discriminant(&unavailable),
                std::mem::discriminant(expected),
                "{unavailable}"
            );
        }
        other => panic!("{expected:?} was expected, and not {other:?}"),
    }
}

pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().copied().collect()
}

pub(crate) fn scope(text: &str) -> Scope {
    Scope::parse(text)
}

/// Drives a future on this thread.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Two developers; Ada's apps `web`, `mobile` and the public `spa`; Bob's `other`; the products gold and silver.
fn organization() -> Vec<(Collection, &'static str, Option<String>)> {
    let product = |name: &'static str, scopes: &str| {
        let text = format!(
            r#"{{"name":"{name}","scopes":[{scopes}],"environments":["test"],"proxies":["orders"]}}"#
        );
        (Collection::Products, name, Some(text))
    };
    let developer = |id: &'static str| {
        let text = format!(r#"{{"developerId":"{id}","email":"{id}@example.com","status":"active"}}"#);
        (Collection::Developers, id, Some(text))
    };
    let credential = |key: &'static str, app: &str| (Collection::Credentials, key, Some(app.to_owned()));
    vec![
        product("gold", r#""read","write""#),
        product("silver", r#""read","list""#),
        developer("ada"),
        developer("bob"),
        (Collection::Apps, "web-app", Some(app("web-app", "ada", ""))),
        (Collection::Apps, "mobile-app", Some(app("mobile-app", "ada", ""))),
        (
            Collection::Apps,
            "spa-app",
            Some(app("spa-app", "ada", r#"{"name":"dormouse.public","value":"true"}"#)),
        ),
        (Collection::Apps, "other-app", Some(app("other-app", "bob", ""))),
        credential("web", "web-app"),
        credential("mobile", "mobile-app"),
        credential("spa", "spa-app"),
        credential("other", "other-app"),
    ]
}

/// The stored form of an app with some attributes.
pub(crate) fn app(id: &str, developer: &str, attributes: &str) -> String {
    format!(
        r#"{{"appId":"{id}","name":"{id}","developerId":"{developer}","status":"approved",
            "callbackUrl":"https://web.example.com/cb","attributes":[{attributes}]}}"#
    )
}

/// A credential with both products; `app` may be followed by `!revoked`, or by `-` and a product that it shall not have.
fn credential(key: &str, app: &str) -> Credential {
    let (app, change) = app.split_once(['!', ' ']).unwrap_or((app, ""));
    let name = |text: &str| Name::parse(text).expect("the name is in order");
    let products = ["gold", "silver"].into_iter().filter(|product| *product != change);
    Credential {
        consumer_key: ConsumerKey::parse(key).expect("the key is in order"),
        consumer_secret: Secret::new(format!("{key}-secret")),
        app_id: EntityId::parse(app).expect("the id is in order"),
        status: if change == "revoked" { KeyStatus::Revoked } else { KeyStatus::Approved },
        issued_at: NOW,
        expires_at: None,
        scopes: Scope::default(),
        attributes: Attributes::default(),
        products: products
            .map(|product| CredentialProduct { name: name(product), status: KeyStatus::Approved })
            .collect(),
    }
}

/// Seals secrets as the engine does, with the wrapping key of the store.
struct TestVault {
    key: LessSafeKey,
    entropy: Arc<SeededEntropy>,
}

impl TestVault {
    fn of(world: &World) -> Self {
        let key = DocumentKey { collection: Collection::Keys, name: "wrapping/1".into() };
        let document = wait(world.store.document(key)).expect("the store answers").expect("there is a key");
        let secret = world.stolen_ring().unwrap(&document.value).expect("the root opens its key");
        let key = UnboundKey::new(&AES_256_GCM, &secret).expect("the key is long enough");
        Self { key: LessSafeKey::new(key), entropy: Arc::clone(&world.entropy) }
    }
}

impl Vault for TestVault {
    fn seal(&self, secret: &Secret) -> Result<Vec<u8>, NotSealed> {
        let iv: [u8; 12] = random(&*self.entropy);
        let mut content = secret.expose().as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key(iv);
        let sealed = self.key.seal_in_place_append_tag(nonce, Aad::from(b"dormouse-secret-1"), &mut content);
        sealed.expect("a short text can be sealed");
        Ok([&[1][..], &iv, &content].concat())
    }

    fn open(&self, _: &[u8]) -> Option<Secret> {
        None
    }
}
