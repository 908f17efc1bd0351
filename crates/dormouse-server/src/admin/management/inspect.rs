//! `/token/inspect`: what a token says, what is known of its family, and why it would be accepted or refused now. The token
//! comes in the body, so that it stands in no log of paths.

use super::{Call, Refused, Reply};
use dormouse_engine::{Check, Engine, Error, Inspected, Inspection, Refusal};
use dormouse_entity::{Unusable, write_attributes};
use dormouse_token::{FamilyRecord, FrontEnd, Kind, Reason, Status, Timestamp};
use serde_json::{Value, json};

/// Explains `{"token": …}`.
pub(super) async fn inspect(call: Call) -> Result<Reply, Refused> {
    let body: Value = serde_json::from_str(call.text()?).map_err(|error| Refused::Json(error.to_string()))?;
    let token = body.get("token").and_then(Value::as_str).map(str::trim).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Refused::Json("the member token is missing".to_owned()))?;
    let engine = call.engine();
    Ok(Reply::Ok(match engine.inspect(token).await? {
        Inspection::Foreign => {
            json!({ "accepted": false, "refusal": "it has no prefix of this service, and nobody imported it" })
        }
        Inspection::Unopened(error) => {
            json!({ "accepted": false, "kind": Kind::of(token).map(word), "refusal": format!("it does not open: {error}") })
        }
        Inspection::Token(inspected) => explained(engine, &inspected).await?,
    }))
}

async fn explained(engine: &Engine, token: &Inspected) -> Result<Value, Error> {
    let claims = &token.claims;
    let sources = engine.source_names().await?;
    let (front_end, rotation) = match claims.front_end {
        FrontEnd::Bundle => ("bundle", None),
        FrontEnd::Native(rotation) => ("native", Some(rotation.as_str())),
    };
    let partner = claims.partner.as_ref().map(|partner| {
        json!({ "expiresAt": partner.expires_at.as_ms(), "generation": partner.generation, "scope": partner.scope.to_string() })
    });
    let check = |(check, outcome): &(Check, Result<(), Refusal>)| json!({ "check": check.as_str(), "passed": outcome.is_ok(), "detail": outcome.as_ref().err().map(explain) });
    Ok(json!({
        "accepted": token.refusal().is_none(),
        "refusal": token.refusal().map(explain),
        "kind": word(claims.kind),
        "imported": token.imported,
        "claims": {
            "family": claims.family.to_string(),
            "generation": claims.generation,
            "issuedAt": claims.issued_at.as_ms(),
            "expiresAt": claims.expires_at.as_ms(),
            "partner": partner,
            "familyExpiresAt": claims.family_expires_at.as_ms(),
            "absoluteExpiresAt": claims.absolute_expires_at.map(Timestamp::as_ms),
            "seen": claims.seen,
            "sealedUnder": { "root": token.key.root.to_string(), "hour": token.key.hour },
            "born": { "root": claims.born.root.to_string(), "hour": claims.born.hour },
            "frontEnd": front_end,
            "rotation": rotation,
            "client": &*claims.client,
            "grant": claims.grant.as_str(),
            "user": claims.user.as_deref(),
            "scope": claims.scope.to_string(),
            "source": sources.get(&claims.source),
            "redirectUri": claims.redirect_uri.as_deref(),
        },
        "attributes": write_attributes(&token.attributes),
        "family": token.record.as_ref().map(family),
        "checks": token.checks.iter().map(check).collect::<Value>(),
    }))
}

fn family(record: &FamilyRecord) -> Value {
    json!({
        "version": record.version,
        "refreshGeneration": record.refresh_gen,
        "accessGeneration": record.access_gen,
        "leastAccessGeneration": record.min_access_gen,
        "redeemedAt": record.redeemed_at.map(Timestamp::as_ms),
        "redeemedBy": record.redeemed_by.map(dormouse_token::Rotation::as_str),
        "accessStatus": status(record.access_status),
        "refreshStatus": status(record.refresh_status),
        "edits": record.edits.len(),
        "keptUntil": record.retention.as_ms(),
    })
}

fn status(status: Status) -> String {
    match status {
        Status::Approved => "approved".to_owned(),
        Status::Deleted => "deleted".to_owned(),
        Status::Revoked(reason) => format!("revoked {}", because(reason)),
    }
}

fn explain(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotApproved(reason) => format!("it was revoked {}", because(*reason)),
        Refusal::Unknown => "it reads as unknown: deleted, or its key was burned".to_owned(),
        Refusal::Superseded(_) => {
            "it was redeemed before, and a later one of its family replaces it".to_owned()
        }
        Refusal::Client(Unusable::Unknown) => "its client exists no more".to_owned(),
        Refusal::Client(Unusable::KeyNotApproved(status)) => {
            format!("the consumer key of its client is {}", status.as_str())
        }
        Refusal::Client(Unusable::KeyExpired { .. }) => {
            "the consumer key of its client has expired".to_owned()
        }
        Refusal::Client(Unusable::AppNotApproved) => "the app of its client is revoked".to_owned(),
        Refusal::Client(Unusable::DeveloperNotActive) => "the developer of its client is inactive".to_owned(),
        other => other.to_string(),
    }
}

fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::Token => "by its own string",
        Reason::Replay => "because a used one of its family was presented again",
        Reason::App => "with all tokens of its app",
        Reason::EndUser => "with all tokens of its end user",
        Reason::AppEndUser => "with all tokens of its end user in its app",
        Reason::Administration => {
            "by administration: its client, developer, API product or organization was cut off"
        }
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Access => "access token",
        Kind::Code => "authorization code",
        Kind::Refresh => "refresh token",
    }
}
