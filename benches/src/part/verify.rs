//! Verification in process: alone, under many cut-offs, and with many families in the store.

use super::Setting;
use crate::organization;
use crate::sample::{at_once, nanoseconds};
use crate::stored::{Residence, fill};
use crate::table::{Budget, Row, Table, grouped};
use dormouse_engine::{CutOffOrder, Engine};
use dormouse_token::{Reach, Reason, Target};
use std::hint::black_box;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Measures.
pub(crate) fn run(setting: &Setting) -> anyhow::Result<Table> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let plain = Node::new(&runtime, runtime.block_on(organization::in_memory())?)?;
    let cut = Node::new(&runtime, runtime.block_on(organization::in_memory())?)?;
    runtime.block_on(cut_off_many(&cut.engine))?;
    let data = setting.scratch.join("families");
    fill(&data, setting.families, Residence::Dormant)?;
    let full = Node::new(&runtime, runtime.block_on(organization::on_disk(&data))?)?;

    let mut measure = [plain.verification(), cut.verification(), full.verification()];
    let mut operations: Vec<&mut dyn FnMut()> = Vec::new();
    for operation in &mut measure {
        operations.push(operation);
    }
    let taken = nanoseconds(setting.time, setting.rounds, &mut operations);
    let [plain, cut, full] = taken[..] else { anyhow::bail!("three operations were measured") };
    let mut table = Table::default();
    let families = grouped(f64::from(setting.families));
    for (what, ours, bound) in [
        (format!("verify under {} cut-offs", grouped(f64::from(CUT_OFFS))), cut, 1.1),
        (format!("verify with {families} families in the store"), full, 1.2),
    ] {
        table.row(Row {
            what,
            baseline: format!("{plain:.0} ns"),
            ours: format!("{ours:.0} ns"),
            ratio: Some(ours / plain),
            budget: Some(Budget::RatioAtMost(bound)),
        });
    }
    table.note("Baseline: an engine without cut-offs on an empty store in memory.");
    Ok(table)
}

/// An engine, and an access token of it.
struct Node {
    engine: Arc<Engine>,
    token: String,
}

impl Node {
    fn new(runtime: &Runtime, engine: Arc<Engine>) -> anyhow::Result<Self> {
        let client = engine.authenticate(organization::CLIENT, organization::SECRET)?;
        let request = dormouse_engine::IssueRequest { user: Some("zoe"), ..organization::pair(&client) };
        let token = runtime.block_on(engine.issue(request))?.access.text;
        Ok(Self { engine, token })
    }

    fn verification(&self) -> impl FnMut() {
        || drop(black_box(at_once(self.engine.verify(&self.token, None))))
    }
}

/// Cut-offs of every kind that an attack on accounts brings, none of which hits the token, so that each is looked for.
async fn cut_off_many(engine: &Engine) -> anyhow::Result<()> {
    for number in 0..CUT_OFFS {
        let (client, app) = (format!("client-{number}").into(), format!("app-{number}").into());
        let user = || format!("user-{number}").into();
        let target = match number % 5 {
            0 => Target::Client(client),
            1 => Target::App(app),
            2 => Target::AppUser { app, user: user() },
            3 => Target::Developer(app),
            _ => Target::User(user()),
        };
        let order = CutOffOrder { target, reach: Reach::Both, reason: Reason::EndUser, before: None };
        engine.cut_off(order).await?;
    }
    Ok(())
}

const CUT_OFFS: u32 = 10_000;
