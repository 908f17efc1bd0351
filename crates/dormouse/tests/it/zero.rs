//! Zero: a million issues leave no row about a token, and a store file of the same size.

use dormouse_engine::{Engine, IssueRequest, Settings};
use dormouse_store::{MarkIdentity, RedbStore, StoreSettings};
use dormouse_token::{
    Attributes, Clock, CountedEvent, Entropy, FrontEnd, Grant, ManualClock, SeededEntropy, SourceId,
    StoreStatistics, Timestamp,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

#[test]
fn a_million_issues_leave_no_row_and_no_byte() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let engine = runtime.block_on(engine(directory.path()));
    issue(&engine, 10_000);
    let few = statistics(&runtime, &engine);
    issue(&engine, 990_000);
    let many = statistics(&runtime, &engine);
    let rows = |of: StoreStatistics| (of.families, of.code_marks, of.imports, of.overflows, of.token_bytes);
    assert_eq!(rows(few), (0, 0, 0, 0, 0));
    assert_eq!(rows(many), (0, 0, 0, 0, 0));
    assert!(few.file_bytes > 0);
    assert_eq!(few.file_bytes, many.file_bytes);
    let counters = runtime.block_on(engine.store().counters()).unwrap();
    let counted = |wanted: fn(CountedEvent) -> bool| -> u64 {
        counters.iter().filter(|(key, _)| wanted(key.event)).map(|(_, count)| count).sum()
    };
    assert_eq!(counted(|event| event == CountedEvent::Issued), 1_000_000);
    assert_eq!(counted(|event| matches!(event, CountedEvent::SleepsUntil(_))), 1_000_000);
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

async fn engine(directory: &Path) -> Arc<Engine> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp::from_ms(1_800_000_000_000)));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
    let settings = StoreSettings {
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        mark_path: None,
        mark_identity: MarkIdentity::default(),
        roots_path: None,
    };
    let opened = RedbStore::open(directory, &settings, Box::new(|error| panic!("{error}"))).unwrap();
    let roots = (opened.roots.roots, opened.roots.sealing);
    let store = Arc::new(opened.store);
    let engine = Engine::start(store, roots, "local", (clock, entropy), Settings::default()).await.unwrap();
    let files = [
        ("products.json", r#"[{"name": "all"}]"#),
        ("developers.json", r#"[{"email": "a@b.example"}]"#),
        (
            "developerapps.json",
            r#"[{"name": "a", "developerEmail": "a@b.example", "credentials": [
                {"consumerKey": "key", "consumerSecret": "secret", "apiProducts": [{"apiproduct": "all"}]}]}]"#,
        ),
    ];
    engine.provision(&files).await.unwrap();
    engine
}

/// Issues so many pairs, from two threads, with the housekeeping that a server does.
fn issue(engine: &Arc<Engine>, pairs: usize) {
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| runtime().block_on(issue_some(engine, pairs / 2)));
        }
    });
}

async fn issue_some(engine: &Engine, pairs: usize) {
    let client = engine.authenticate("key", "secret").unwrap();
    for number in 0..pairs {
        let request = IssueRequest {
            client: &client,
            grant: Grant::Password,
            user: Some("ann"),
            scope: None,
            attributes: Attributes::default(),
            access_ttl: Duration::from_mins(30),
            refresh_ttl: Some(Duration::from_hours(24 * 200)),
            source: SourceId::default(),
            front_end: FrontEnd::Bundle,
        };
        assert!(engine.issue(request).await.unwrap().refresh.is_some());
        if number % 50_000 == 0 {
            engine.maintain().await.unwrap();
        }
    }
}

fn statistics(runtime: &Runtime, engine: &Engine) -> StoreStatistics {
    runtime.block_on(async {
        engine.maintain().await.unwrap();
        engine.store().statistics().await.unwrap()
    })
}
