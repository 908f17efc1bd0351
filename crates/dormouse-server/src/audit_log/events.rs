//! What the engine tells, as lines.

use super::Record;
use dormouse_engine::{Act, Event};
use dormouse_token::{Claims, CutOff, CutOffRow, Kind, Reach, Target};

impl Record {
    /// The line of an event.
    pub(crate) fn of(event: Event<'_>) -> Self {
        match event {
            Event::Changed(act, claims) => of_token(name(act), "done", claims),
            Event::CodeDeleted(claims) => of_token("token.delete", "done", claims),
            Event::CodeReplayed(claims, ended) => of_token("code.replay", fate(ended), claims),
            Event::RefreshReplayed(claims, ended) => of_token("refresh.replay", fate(ended), claims),
            Event::CutOff(CutOffRow::Burn(burn)) => {
                let record = Self::new("burn", "done")
                    .with("root", &burn.root.to_string())
                    .with("number", &burn.number.to_string());
                match burn.hour {
                    Some(hour) => record.with("hour", &hour.to_string()),
                    None => record,
                }
            }
            Event::CutOff(CutOffRow::CutOff(cut_off)) => of_cut_off(cut_off),
        }
    }
}

fn of_token(what: &'static str, outcome: &'static str, claims: &Claims) -> Record {
    let family = claims.family.to_string();
    Record::new(what, outcome)
        .with("client", &claims.client)
        .with("family", &family)
        .with("token", kind_name(claims.kind))
        .with("generation", &claims.generation.to_string())
        .folded_by(&family)
}

fn of_cut_off(cut_off: &CutOff) -> Record {
    let reach = match cut_off.reach {
        Reach::Access => "access",
        Reach::Both => "both",
    };
    let record =
        Record::new("cut-off", "done").with("number", &cut_off.number.to_string()).with("reach", reach);
    match &cut_off.target {
        Target::Client(client) => record.with("client", client),
        Target::App(app) => record.with("app", app),
        Target::User(user) => record.with("user", user),
        Target::AppUser { app, user } => record.with("app", app).with("user", user),
        Target::Developer(developer) => record.with("developer", developer),
        Target::Product(product) => record.with("product", product),
        Target::Organization => record.with("organization", "all"),
    }
}

const fn name(act: Act) -> &'static str {
    match act {
        Act::Approve => "token.approve",
        Act::Delete => "token.delete",
        Act::Revoke => "token.revoke",
    }
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Access => "access",
        Kind::Code => "code",
        Kind::Refresh => "refresh",
    }
}

const fn fate(ended: bool) -> &'static str {
    if ended { "family-revoked" } else { "refused" }
}
