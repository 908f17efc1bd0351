//! `/audit`: who issues refresh tokens that nobody redeems, as JSON ([`dormouse_audit::Report`]).

use crate::admin::AdminState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dormouse_audit::{Report, report};
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
    Ok(report(counters, |source| names.get(&source).cloned()))
}
