//! Durable redemptions on the embedded store, in process and through the token endpoint, beside what the disk alone and a
//! bare store do.

use super::Setting;
use crate::ambient::{SystemEntropy, instant};
use crate::child::Server;
use crate::load::{Load, Served, ask, load};
use crate::organization;
use crate::requests::{form, member};
use crate::sample::quantile;
use crate::table::{Budget, Row, Table, grouped};
use dormouse_engine::{AuthenticatedClient, Engine, RedeemRequest};
use dormouse_token::{Attributes, Redeemer, Rotation, random};
use redb::{Database, ReadableTable as _, TableDefinition};
use std::cell::RefCell;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::LocalSet;

/// Measures.
pub(crate) fn run(setting: &Setting) -> anyhow::Result<Table> {
    let mut table = Table::default();
    let flushes = flushes(&setting.scratch.join("flushed"), setting.time)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let engine = runtime.block_on(organization::on_disk(&setting.scratch.join("redeemed")))?;
    let client = Arc::new(engine.authenticate(organization::CLIENT, organization::SECRET)?);
    for concurrency in CONCURRENCIES {
        let bare =
            bare_swaps(&setting.scratch.join(format!("bare-{concurrency}")), setting.time, concurrency)?;
        let ours = LocalSet::new().block_on(&runtime, redeem(&engine, &client, setting.time, concurrency))?;
        let budget = (concurrency == 64).then_some(Budget::RatioAtLeast(0.5));
        table.row(Row {
            what: format!(
                "in process, {concurrency} at a time, beside bare redb in batches of {concurrency}"
            ),
            baseline: format!("{}/s", grouped(bare)),
            ours: shown(&ours),
            ratio: Some(ours.per_second() / bare),
            budget,
        });
    }
    let statistics = runtime.block_on(engine.store().statistics())?;
    drop(engine);
    over_http(setting, &mut table, flushes)?;
    table.note(format!(
        "The disk alone: {} flushes of 4 KiB a second, one after the other. Stored: {} families in {} bytes of keys and \
         values, {} bytes each (budget: 160).",
        grouped(flushes),
        statistics.families,
        statistics.token_bytes,
        statistics.token_bytes.checked_div(statistics.families).unwrap_or_default()
    ));
    Ok(table)
}

/// Redemptions through the token endpoint.
fn over_http(setting: &Setting, table: &mut Table, flushes: f64) -> anyhow::Result<()> {
    let entities = organization::write(&setting.scratch)?;
    let data = setting.scratch.join("served");
    let (entities, data) = (entities.to_string_lossy(), data.to_string_lossy());
    let server = Server::dormouse(&setting.dormouse, &["--entities", &entities, "--data", &data], 1)?;
    let address = server.address("oauth")?;
    for connections in CONCURRENCIES {
        let pair = form("/oauth/token", "grant_type=password&username=ann&password=correct+horse");
        let first = |_| member(&ask(address, &pair)?.body, "refresh_token");
        let tokens: Vec<String> = (0..connections).map(first).collect::<anyhow::Result<_>>()?;
        let tokens = RefCell::new(tokens);
        let next = move |number: usize, body: Option<&str>| {
            let mut tokens = tokens.borrow_mut();
            let token =
                tokens.get_mut(number).ok_or_else(|| anyhow::anyhow!("a token for each connection"))?;
            if let Some(body) = body {
                *token = member(body, "refresh_token")?;
            }
            Ok(form("/oauth/token", &format!("grant_type=refresh_token&refresh_token={token}")))
        };
        let outcome = load(Load { address, connections, time: setting.time }, &(Rc::new(next) as _))?;
        table.row(Row {
            what: format!("/oauth/token refresh_token, {connections} connections, beside the disk's flushes"),
            baseline: format!("{}/s", grouped(flushes)),
            ours: shown(&outcome),
            ratio: Some(outcome.per_second() / flushes),
            budget: None,
        });
    }
    Ok(())
}

fn shown(served: &Served) -> String {
    let milliseconds = |part| quantile(&served.latencies, part).as_secs_f64() * 1e3;
    let (p50, p99) = (milliseconds(0.5), milliseconds(0.99));
    format!("{}/s, p50 {p50:.2} ms, p99 {p99:.2} ms", grouped(served.per_second()))
}

/// Families that redeem one generation after the other, as many at a time as are wanted.
async fn redeem(
    engine: &Arc<Engine>,
    client: &Arc<AuthenticatedClient>,
    time: Duration,
    concurrency: usize,
) -> anyhow::Result<Served> {
    let started = instant();
    let families: Vec<_> = (0..concurrency)
        .map(|_| tokio::task::spawn_local(family(Arc::clone(engine), Arc::clone(client), time)))
        .collect();
    let mut latencies = Vec::new();
    for family in families {
        latencies.append(&mut family.await??);
    }
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    Ok(Served { requests: latencies.len(), elapsed, latencies })
}

async fn family(
    engine: Arc<Engine>,
    client: Arc<AuthenticatedClient>,
    time: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let issued = engine.issue(organization::pair(&client)).await?;
    let mut refresh = issued.refresh.ok_or_else(|| anyhow::anyhow!("a pair has a refresh token"))?;
    let (mut latencies, begun) = (Vec::new(), instant());
    while begun.elapsed() < time {
        let sent = instant();
        let request = RedeemRequest {
            client: &client,
            token: &refresh.text,
            scope: None,
            rotation: Rotation::Rotate,
            redeemer: Redeemer::Native { family_ttl: Duration::from_hours(24 * 180) },
            attributes: Attributes::default(),
            access_ttl: organization::ACCESS_TTL,
            refresh_ttl: organization::REFRESH_TTL,
        };
        let redeemed = engine.redeem(request).await?;
        latencies.push(sent.elapsed());
        refresh = redeemed.issued.refresh.ok_or_else(|| anyhow::anyhow!("a redemption rotates"))?;
    }
    Ok(latencies)
}

/// Writes and flushes of 4 KiB a second.
fn flushes(path: &Path, time: Duration) -> anyhow::Result<f64> {
    let mut file = File::create(path)?;
    let (started, mut count) = (instant(), 0.0);
    while started.elapsed() < time {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        count += 1.0;
    }
    Ok(count / started.elapsed().as_secs_f64())
}

/// The same compare-and-sets on bare redb: read a record, write it and its place in the order of expiry, add to a counter;
/// a durable commit for each batch.
fn bare_swaps(path: &Path, time: Duration, batch: usize) -> anyhow::Result<f64> {
    let database = Database::create(path)?;
    let families: Vec<[u8; 16]> = (0..batch).map(|_| random(&SystemEntropy)).collect();
    let (started, mut count, mut version) = (instant(), 0.0, 0_u64);
    while started.elapsed() < time {
        let transaction = database.begin_write()?;
        {
            let mut records = transaction.open_table(RECORDS)?;
            let mut expiry = transaction.open_table(EXPIRY)?;
            let mut counters = transaction.open_table(COUNTERS)?;
            for family in &families {
                let before = records.get(family)?.map(|record| record.value().0);
                anyhow::ensure!(before.unwrap_or_default() == version, "nobody else writes");
                if before.is_none() {
                    expiry.insert((7, *family), ())?;
                }
                records.insert(family, (version + 1, [5; 96]))?;
                let total = counters.get(1)?.map_or(0, |total| total.value());
                counters.insert(1, total + 1)?;
                count += 1.0;
            }
        }
        transaction.commit()?;
        version += 1;
    }
    Ok(count / started.elapsed().as_secs_f64())
}

const CONCURRENCIES: [usize; 4] = [1, 8, 64, 256];
const RECORDS: TableDefinition<'_, [u8; 16], (u64, [u8; 96])> = TableDefinition::new("records");
const EXPIRY: TableDefinition<'_, (u32, [u8; 16]), ()> = TableDefinition::new("expiry");
const COUNTERS: TableDefinition<'_, u32, u64> = TableDefinition::new("counters");
