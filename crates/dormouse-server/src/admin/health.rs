//! `/healthz`: the process runs. `/readyz`: it serves.

use crate::admin::AdminState;
use axum::extract::State;
use axum::http::StatusCode;

/// 200 while the process answers at all.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// 200 once every listener serves; 503 before, during shutdown, and when the store was found rolled back.
pub(crate) async fn readyz(State(state): State<AdminState>) -> (StatusCode, &'static str) {
    if state.service.is_ready() {
        (StatusCode::OK, "ready\n")
    } else if state.service.engine.is_rolled_back() {
        (StatusCode::SERVICE_UNAVAILABLE, "the store was rolled back or lost: run `dormouse store restore`\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not serving\n")
    }
}
