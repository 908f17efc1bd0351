//! How long a start takes and what an idle process holds: empty, with many clients, with many live exceptions.

use super::Setting;
use crate::child::Server;
use crate::organization;
use crate::stored::{Residence, fill};
use crate::table::{Budget, Row, Table, grouped};
use std::fmt::Write as _;
use std::fs;

/// Measures.
pub(crate) fn run(setting: &Setting) -> anyhow::Result<Table> {
    let mut table = Table::default();
    let empty = Server::dormouse(&setting.dormouse, &["--data", &path(setting, "empty")], 1)?;
    empty.settle()?;
    let idle = empty.resident_kib()?;
    table.row(start_row("start, empty store", &empty, 50.0));
    table.row(Row {
        what: "idle memory, empty store".to_owned(),
        baseline: String::new(),
        ours: format!("{:.1} MiB", idle / 1024.0),
        ratio: None,
        budget: Some(Budget::Below { measured: idle / 1024.0, bound: 25.0, unit: "MiB" }),
    });
    drop(empty);

    let (entities, clients) = (write_clients(setting)?, path(setting, "clients-data"));
    // What reading the files took is gone with the process that read them.
    drop(Server::dormouse(&setting.dormouse, &["--entities", &entities, "--data", &clients], 1)?);
    let many = Server::dormouse(&setting.dormouse, &["--data", &clients], 1)?;
    many.settle()?;
    let each = (many.resident_kib()? - idle) * 1024.0 / f64::from(CLIENTS);
    table.row(Row {
        what: format!("memory for each of {CLIENTS} clients, with app and developer"),
        baseline: String::new(),
        ours: format!("{} bytes", grouped(each)),
        ratio: None,
        budget: Some(Budget::Below { measured: each, bound: 1024.0, unit: "bytes" }),
    });
    drop(many);

    let data = setting.scratch.join("exceptions");
    fill(&data, setting.exceptions, Residence::Live)?;
    let full = Server::dormouse(&setting.dormouse, &["--data", &data.to_string_lossy()], 1)?;
    full.settle()?;
    let count = grouped(f64::from(setting.exceptions));
    table.row(start_row(&format!("start, {count} live exceptions"), &full, 2000.0));
    let each = (full.resident_kib()? - idle) * 1024.0 / f64::from(setting.exceptions);
    table.row(Row {
        what: format!("memory for each of {count} live exceptions"),
        baseline: String::new(),
        ours: format!("{} bytes", grouped(each)),
        ratio: None,
        budget: None,
    });
    table.note("A start ends when the process says that it serves: then the first request is answered.");
    Ok(table)
}

fn start_row(what: &str, server: &Server, bound: f64) -> Row {
    let measured = server.start.as_secs_f64() * 1e3;
    Row {
        what: what.to_owned(),
        baseline: String::new(),
        ours: format!("{measured:.0} ms"),
        ratio: None,
        budget: Some(Budget::Below { measured, bound, unit: "ms" }),
    }
}

fn path(setting: &Setting, name: &str) -> String {
    setting.scratch.join(name).to_string_lossy().into_owned()
}

/// Entity files with many clients, each of a developer and an app of its own.
fn write_clients(setting: &Setting) -> anyhow::Result<String> {
    let directory = setting.scratch.join("clients");
    fs::create_dir_all(&directory)?;
    let (mut developers, mut apps) = (String::from("["), String::from("["));
    for number in 0..CLIENTS {
        let comma = if number == 0 { "" } else { "," };
        write!(
            developers,
            r#"{comma}{{"email": "developer-{number}@example.com", "firstName": "Ann", "lastName": "Ode"}}"#
        )?;
        write!(
            apps,
            r#"{comma}{{"name": "app-{number}", "developerEmail": "developer-{number}@example.com", "credentials": [
               {{"consumerKey": "client-{number:040}", "consumerSecret": "secret-{number:020}",
                 "apiProducts": [{{"apiproduct": "all"}}]}}]}}"#
        )?;
    }
    let products = organization::files().into_iter().next().map(|(_, text)| text).unwrap_or_default();
    fs::write(directory.join("products.json"), products)?;
    fs::write(directory.join("developers.json"), developers + "]")?;
    fs::write(directory.join("developerapps.json"), apps + "]")?;
    Ok(directory.to_string_lossy().into_owned())
}

const CLIENTS: u32 = 20_000;
