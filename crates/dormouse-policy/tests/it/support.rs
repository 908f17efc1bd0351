//! An organization on a real engine, and single policies run on transactions of it.

use dormouse_bundle::{Bundle, BundleKind, Policy, Problem, SourceFile, parse_xml};
use dormouse_engine::{Engine, Settings};
use dormouse_flow::{
    Arrival, Deployment, Executable, Fault, Host, Message, Outcome, Phase, Place, Transaction, Value,
};
use dormouse_policy::{CompileContext, Platform, registry};
use dormouse_store::MemoryStore;
use dormouse_token::{
    Clock, Collection, DocumentKey, DocumentWrite, Entropy, Expected, ManualClock, Root, RootId,
    SeededEntropy, Store, Timestamp,
};
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_800_000_900_000);
pub(crate) const ORGANIZATION: &str = "acme";
pub(crate) const CALLBACK: &str = "https://web.example.com/cb";

/// Everything that a policy needs to run.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) root: RootId,
    store: Arc<dyn Store>,
    host: Arc<Host>,
    platform: Platform,
}

/// How a policy ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Continue,
    Respond,
    Fault { status: u16, code: String, text: String },
}

/// A transaction after a policy, and what the policy wanted.
pub(crate) struct Ran {
    pub(crate) transaction: Transaction,
    pub(crate) end: End,
    fault: Option<Fault>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::on(Platform::X)
    }

    pub(crate) fn on(platform: Platform) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let ambient = Arc::clone(&clock) as Arc<dyn Clock>;
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&ambient), &*entropy));
        let root = Root::generate(&*entropy);
        let sealing = root.id();
        let parts = (Arc::clone(&ambient), Arc::clone(&entropy));
        let engine = Engine::start(
            Arc::clone(&store),
            (vec![root], sealing),
            ORGANIZATION,
            parts,
            Settings::default(),
        );
        let engine = block_on(engine).expect("an engine");
        block_on(engine.provision(ENTITIES)).expect("entities");
        let host = Host {
            engine: Arc::clone(&engine),
            clock: ambient,
            entropy: Arc::clone(&entropy),
            http_client: Arc::new(dormouse_flow::Offline),
            quota_counters: Arc::default(),
            node_state: Arc::default(),
            organization: ORGANIZATION.into(),
            environment: "test".into(),
            time_zone: jiff::tz::TimeZone::UTC,
            property_sets: dormouse_flow::PropertySets::default(),
        };
        Self { clock, engine, root: sealing, store, host: Arc::new(host), platform }
    }

    /// Changes the document of a key, as administration does.
    pub(crate) fn change_key(&self, name: &str, member: &str, value: Json) {
        let key = DocumentKey { collection: Collection::Credentials, name: name.into() };
        let document = block_on(self.store.document(key.clone())).expect("the store answers");
        let mut json: Json = serde_json::from_slice(&document.expect("a key").value).expect("JSON");
        json[member] = value;
        self.write(key, Some(json.to_string().into_bytes().into()));
    }

    pub(crate) fn delete_key(&self, name: &str) {
        self.write(DocumentKey { collection: Collection::Credentials, name: name.into() }, None);
    }

    fn write(&self, key: DocumentKey, value: Option<Box<[u8]>>) {
        let write = DocumentWrite { key, expected: Expected::Anything, value };
        assert_eq!(block_on(self.store.write_documents(vec![write])), Ok(true));
        block_on(self.engine.follow()).expect("the store answers");
    }

    pub(crate) fn pass(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Rows about tokens in the store.
    pub(crate) fn stored_imports(&self) -> u64 {
        block_on(self.store.statistics()).expect("the store answers").imports
    }

    pub(crate) fn statistics(&self) -> dormouse_token::StoreStatistics {
        block_on(self.store.statistics()).expect("the store answers")
    }

    /// A transaction of proxy `orders` with this request.
    pub(crate) fn transaction(&self, request: Message) -> Transaction {
        let client = "192.0.2.7:4711".parse().expect("an address");
        let now = self.clock.now();
        let arrival = Arrival { client, secure: true, started_at: now, ended_at: now };
        let deployment = Deployment { name: "orders".into(), revision: "1".into(), ..Deployment::default() };
        let suffix = request.path().unwrap_or_default().into();
        let mut transaction =
            Transaction::new(Arc::clone(&self.host), Arc::new(deployment), arrival, request);
        transaction.place = Place { path_suffix: suffix, ..Place::default() };
        transaction
    }

    pub(crate) fn compile(&self, xml: &str) -> (Option<Executable>, Vec<Problem>) {
        let policy = policy(xml);
        let bundle = bundle(policy.clone());
        let context = CompileContext::new(&bundle, self.platform);
        let kind = registry::find(&policy.kind).expect("a policy that can run");
        (kind.compile)(&policy, &context)
    }

    /// Runs a policy on a transaction.
    pub(crate) fn run_on(&self, mut transaction: Transaction, xml: &str) -> Ran {
        let (executable, problems) = self.compile(xml);
        let executable = executable.unwrap_or_else(|| panic!("{problems:?}"));
        let outcome = block_on(executable.run(&mut transaction, &self.host));
        let (end, fault) = match outcome {
            Outcome::Continue => (End::Continue, None),
            Outcome::Respond => (End::Respond, None),
            Outcome::Fault(fault) => {
                let (status, code, text) = (fault.status, fault.code.to_string(), fault.text.clone());
                (End::Fault { status, code, text }, Some(*fault))
            }
            Outcome::CallFlow(_) | Outcome::SkipTo(_) => panic!("no OAuth policy calls or skips"),
        };
        Ran { transaction, end, fault }
    }

    /// Runs a policy on a request.
    pub(crate) fn run(&self, request: Message, xml: &str) -> Ran {
        self.run_on(self.transaction(request), xml)
    }

    /// Tokens of the password grant, for client `web`: access and refresh token.
    pub(crate) fn tokens(&self) -> (String, String) {
        let ran = self.run(basic(&password_form()), PASSWORD);
        assert_eq!(ran.end, End::Continue);
        (ran.text("oauthv2accesstoken.P.access_token"), ran.text("oauthv2accesstoken.P.refresh_token"))
    }

    /// An access token of client credentials, for a key of the organization.
    pub(crate) fn client_token(&self, key: &str) -> String {
        let ran = self.run(basic_of(key, &[("grant_type", "client_credentials")]), CLIENT);
        assert_eq!(ran.end, End::Continue);
        ran.text("oauthv2accesstoken.P.access_token")
    }

    /// A code for client `web`, of a request that named the callback.
    pub(crate) fn code(&self) -> String {
        let query = format!("/authorize?client_id=web&response_type=code&redirect_uri={CALLBACK}&scope=read");
        let ran = self.run(Message::request("GET", &query), CODE);
        assert_eq!(ran.end, End::Continue);
        ran.text("oauthv2authcode.P.code")
    }

    /// Whether VerifyAccessToken accepts a token: its error code if not.
    pub(crate) fn verify(&self, token: &str) -> Result<(), String> {
        match self.run(bearer(token), VERIFY).end {
            End::Continue => Ok(()),
            End::Respond => panic!("verification never answers"),
            End::Fault { code, .. } => Err(code),
        }
    }

    /// Redeems a refresh token for client `web`: the new pair, or the text of the fault.
    pub(crate) fn refresh(&self, token: &str) -> Result<(String, String), String> {
        let ran = self.run(basic(&[("grant_type", "refresh_token"), ("refresh_token", token)]), REFRESH);
        match ran.end {
            End::Continue => Ok((
                ran.text("oauthv2accesstoken.P.access_token"),
                ran.text("oauthv2accesstoken.P.refresh_token"),
            )),
            End::Respond => panic!("without GenerateResponse there is no answer"),
            End::Fault { text, .. } => Err(text),
        }
    }
}

impl Ran {
    /// The text of a variable; empty for null.
    pub(crate) fn text(&self, name: &str) -> String {
        self.transaction.text_of(self.transaction.get(name)).map(|text| text.to_string()).unwrap_or_default()
    }

    pub(crate) fn get(&self, name: &str) -> Value {
        self.transaction.get(name)
    }

    /// The response that the policy made, or the message of its fault.
    pub(crate) fn message(&self) -> Message {
        match &self.fault {
            Some(fault) => fault.clone().into_message(),
            None => self.transaction.response().expect("a response").clone(),
        }
    }

    pub(crate) fn has_response(&self) -> bool {
        self.transaction.response().is_some()
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.message().content()).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let name = http::HeaderName::from_bytes(name.as_bytes()).expect("a name");
        self.message().headers().occurrences(&name).next().map(std::borrow::Cow::into_owned)
    }

    /// Status and code of the fault.
    pub(crate) fn fault(&self) -> (u16, &str) {
        match &self.end {
            End::Fault { status, code, .. } => (*status, code),
            other => panic!("a fault was expected, and not {other:?}"),
        }
    }
}

/// A `POST` of a form.
pub(crate) fn form(parameters: &[(&str, &str)]) -> Message {
    let mut message = Message::request("POST", "/token");
    message.edit_form(|form| parameters.iter().for_each(|(name, value)| form.add(name, value)));
    message
}

/// A form of client `web`, which proves itself by Basic credentials.
pub(crate) fn basic(parameters: &[(&str, &str)]) -> Message {
    basic_of("web", parameters)
}

pub(crate) fn basic_of(key: &str, parameters: &[(&str, &str)]) -> Message {
    with_authorization(form(parameters), &format!("Basic {}", base64(&format!("{key}:{key}-secret"))))
}

pub(crate) fn with_authorization(mut message: Message, value: &str) -> Message {
    message.headers_mut().set("Authorization", value).expect("a value");
    message
}

pub(crate) fn bearer(token: &str) -> Message {
    with_authorization(Message::request("GET", "/ada/users"), &format!("Bearer {token}"))
}

pub(crate) fn password_form() -> [(&'static str, &'static str); 3] {
    [("grant_type", "password"), ("username", "ann"), ("password", "secret")]
}

pub(crate) fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// An OAuthV2 policy `P` with this operation and further elements.
pub(crate) fn oauth(operation: &str, elements: &str) -> String {
    format!("<OAuthV2 name='P'><Operation>{operation}</Operation>{elements}</OAuthV2>")
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn policy(xml: &str) -> Policy {
    let element = parse_xml(&SourceFile::new("P.xml", xml)).expect("XML");
    let attribute = |name: &str| element.attribute_value(name).map(str::to_owned);
    Policy {
        name: attribute("name").unwrap_or_default(),
        kind: element.name.clone(),
        enabled: true,
        continue_on_error: attribute("continueOnError").as_deref() == Some("true"),
        element,
    }
}

fn bundle(policy: Policy) -> Bundle {
    Bundle {
        kind: BundleKind::Proxy,
        name: "orders".into(),
        revision: "1".into(),
        path: "orders".into(),
        manifest: None,
        proxies: Vec::new(),
        targets: Vec::new(),
        shared_flows: Vec::new(),
        policies: vec![policy],
        resources: Vec::new(),
        files: Vec::new(),
    }
}

pub(crate) const PASSWORD: &str = "<OAuthV2 name='P'><Operation>GenerateAccessToken</Operation>\
    <SupportedGrantTypes><GrantType>password</GrantType></SupportedGrantTypes>\
    <AppEndUser>request.formparam.username</AppEndUser></OAuthV2>";
pub(crate) const CLIENT: &str = "<OAuthV2 name='P'><Operation>GenerateAccessToken</Operation>\
    <SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes></OAuthV2>";
pub(crate) const CODE: &str = "<OAuthV2 name='P'><Operation>GenerateAuthorizationCode</Operation></OAuthV2>";
pub(crate) const REFRESH: &str = "<OAuthV2 name='P'><Operation>RefreshAccessToken</Operation></OAuthV2>";
pub(crate) const VERIFY: &str = "<OAuthV2 name='P'><Operation>VerifyAccessToken</Operation></OAuthV2>";

/// The secret of a key is the key followed by `-secret`, except that of `odd%20key`.
const ENTITIES: &[(&str, &str)] = &[
    (
        "products.json",
        r#"[{"name":"gold","displayName":"Gold","scopes":["read","write"],"environments":["test"],
             "quota":"10","quotaInterval":"1","quotaTimeUnit":"minute","attributes":[{"name":"tier","value":"first"}]},
            {"name":"operations","scopes":["read"],"operationGroup":{"operationConfigType":"proxy","operationConfigs":[
              {"apiSource":"orders","operations":[{"resource":"/*/users","methods":["GET"]}],
               "attributes":[{"name":"cost","value":"3"}]}]}}]"#,
    ),
    (
        "developers.json",
        r#"[{"developerId":"ada","email":"ada@example.com","firstName":"Ada","lastName":"L","userName":"ada1",
             "attributes":[{"name":"team","value":"blue"}]},
            {"developerId":"idle","email":"idle@example.com","firstName":"I","lastName":"D","userName":"idle",
             "status":"inactive"}]"#,
    ),
    (
        "developerapps.json",
        r#"[{"appId":"web-app","name":"Web","developerId":"ada","callbackUrl":"https://web.example.com/cb",
             "attributes":[{"name":"color","value":"red"}],"credentials":[
               {"consumerKey":"web","consumerSecret":"web-secret","apiProducts":[{"apiproduct":"gold"}]},
               {"consumerKey":"narrow","consumerSecret":"narrow-secret","apiProducts":[{"apiproduct":"operations"}]},
               {"consumerKey":"odd%20key","consumerSecret":"a:b+c%41","apiProducts":[{"apiproduct":"gold"}]}]},
            {"appId":"free-app","name":"Free","developerId":"ada","credentials":[
               {"consumerKey":"free","consumerSecret":"free-secret","apiProducts":[{"apiproduct":"gold"}]}]},
            {"appId":"off-app","name":"Off","developerId":"ada","status":"revoked","credentials":[
               {"consumerKey":"off","consumerSecret":"off-secret","apiProducts":[{"apiproduct":"gold"}]}]},
            {"appId":"idle-app","name":"Idle","developerId":"idle","credentials":[
               {"consumerKey":"idle","consumerSecret":"idle-secret","apiProducts":[{"apiproduct":"gold"}]}]}]"#,
    ),
];

/// The phase in which response flows run.
pub(crate) fn in_response_phase(mut transaction: Transaction) -> Transaction {
    transaction.set_phase(Phase::Response);
    transaction
}
