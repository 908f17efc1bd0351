//! The native endpoints beside a bare server that answers the same bytes: throughput, and requests for each second of
//! processor time, which does not depend on what the load gets done.

use super::Setting;
use crate::child::Server;
use crate::load::{Load, ask, load};
use crate::organization;
use crate::requests::{always, form, member};
use crate::sample::median;
use crate::table::{Budget, Row, Table, grouped};
use bytes::Bytes;
use std::net::SocketAddr;

/// Measures.
pub(crate) fn run(setting: &Setting) -> anyhow::Result<Table> {
    let entities = organization::write(&setting.scratch)?;
    let entities = entities.to_string_lossy();
    let mut table = Table::default();
    for workers in [1, 2] {
        let server = Server::dormouse(&setting.dormouse, &["--entities", &entities], workers)?;
        let address = server.address("oauth")?;
        let issue = form("/oauth/token", "grant_type=client_credentials");
        let token = member(&ask(address, &issue)?.body, "access_token")?;
        let introspect = form("/oauth/introspect", &format!("token={token}"));
        for (name, request) in [("/oauth/token client_credentials", issue), ("/oauth/introspect", introspect)]
        {
            beside_bare(setting, &mut table, name, &Subject { server: &server, address, request, workers })?;
        }
    }
    notes(&mut table);
    Ok(table)
}

/// What is measured beside a bare server.
pub(crate) struct Subject<'a> {
    pub(crate) server: &'a Server,
    pub(crate) address: SocketAddr,
    pub(crate) request: Bytes,
    pub(crate) workers: usize,
}

/// Adds a row: a request to a server, and the same request to a bare one that answers the same bytes.
pub(crate) fn beside_bare(
    setting: &Setting,
    table: &mut Table,
    name: &str,
    subject: &Subject<'_>,
) -> anyhow::Result<()> {
    let bare = Server::bare(&ask(subject.address, &subject.request)?, &setting.scratch, subject.workers)?;
    let next = always(subject.request.clone());
    let (mut baseline, mut ours) = (Rates::default(), Rates::default());
    for _ in 0..setting.rounds {
        baseline.measure(setting, &bare, bare.address("bare")?, &next)?;
        ours.measure(setting, subject.server, subject.address, &next)?;
    }
    let (baseline, ours) = (baseline.medians(), ours.medians());
    let workers = subject.workers;
    let row = |what, baseline: f64, ours: f64, budget| Row {
        what,
        baseline: grouped(baseline),
        ours: grouped(ours),
        ratio: Some(ours / baseline),
        budget,
    };
    let budget = Some(Budget::RatioAtLeast(0.6));
    table.row(row(format!("{name}, {workers} worker(s): a second"), baseline.0, ours.0, budget));
    table.row(row(format!("{name}, {workers} worker(s): a processor second"), baseline.1, ours.1, budget));
    Ok(())
}

/// What the figures rest on.
pub(crate) fn notes(table: &mut Table) {
    table.note(format!(
        "Requests over {CONNECTIONS} connections that stay open, each with one request at a time. The load runs on the last \
         of the machine's processors; with as many workers as processors it competes with one of them."
    ));
}

/// Rates of some rounds: a second, and a second of processor time.
#[derive(Default)]
struct Rates(Vec<f64>, Vec<f64>);

impl Rates {
    fn measure(
        &mut self,
        setting: &Setting,
        server: &Server,
        address: SocketAddr,
        next: &crate::load::NextRequest,
    ) -> anyhow::Result<()> {
        let before = server.cpu_time()?;
        let outcome = load(Load { address, connections: CONNECTIONS, time: setting.time }, next)?;
        let used = server.cpu_time()?.saturating_sub(before);
        self.0.push(outcome.per_second());
        self.1.push(outcome.per_second() * outcome.elapsed.as_secs_f64() / used.as_secs_f64().max(0.001));
        Ok(())
    }

    fn medians(self) -> (f64, f64) {
        (median(self.0), median(self.1))
    }
}

const CONNECTIONS: usize = 64;
