//! `/metrics`: Prometheus' text format.

use crate::admin::AdminState;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The metrics of this process; 503 when the store gives no answer.
pub(crate) async fn metrics(State(state): State<AdminState>) -> Response {
    let service = &state.service;
    match service.engine.store().statistics().await {
        Ok(statistics) => {
            let kind = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
            (kind, service.metrics.exposition(service, statistics)).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "the store's statistics cannot be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the store gives no answer\n").into_response()
        }
    }
}
