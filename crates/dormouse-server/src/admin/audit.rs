//! `/audit`: who issues refresh tokens that nobody redeems, as JSON ([`dormouse_audit::Report`]).

use crate::admin::AdminState;
use crate::oauth::NATIVE_SOURCE;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dormouse_audit::{Observed, Report, report};
use dormouse_engine::{Engine, Error};

/// The audit up to this moment; 503 when the store gives no answer.
pub(crate) async fn audit(State(state): State<AdminState>) -> Response {
    match read(&state.service.engine).await {
        Ok(report) => Json(report).into_response(),
        Err(error) => {
            tracing::warn!(%error, "the audit counters cannot be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the store gives no answer\n").into_response()
        }
    }
}

async fn read(engine: &Engine) -> Result<Report, Error> {
    engine.flush_counts().await?;
    let names = engine.source_names().await?;
    let counters = engine.store().counters().await?;
    let statistics = engine.store().statistics().await?;
    let directory = engine.directory();
    let app_name = |client: &str| {
        let credential = directory.credential(client)?;
        Some(directory.app(credential.app_id.as_str())?.name.to_string())
    };
    Ok(report(&Observed {
        counters,
        now: engine.now(),
        held: statistics.into(),
        source_name: &|source| names.get(&source).cloned(),
        app_name: &app_name,
        native_source: NATIVE_SOURCE,
    }))
}
