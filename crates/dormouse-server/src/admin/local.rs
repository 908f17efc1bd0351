//! The admin listener's endpoints without the listener: for the command line on a data directory that nobody serves.

use super::{AdminAccess, AdminState, unguarded};
use crate::audit_log::{Actor, acting};
use crate::service::Service;
use axum::body::Body;
use bytes::Bytes;
use dormouse_entity::Secrets;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use std::sync::Arc;
use tower::ServiceExt as _;

/// Answers one request as the admin listener would answer the holder of the admin token: whoever can open the data
/// directory could read that token there. A body that breaks off is empty.
pub async fn administer(service: &Arc<Service>, request: Request<Bytes>) -> (StatusCode, Bytes) {
    let access = Arc::new(AdminAccess::default());
    let state = AdminState { service: Arc::clone(service), secrets: Secrets::Shown, access };
    let router = unguarded().with_state(state);
    let answered = acting(Actor::CommandLine, router.oneshot(request.map(Body::from))).await;
    let response = answered.unwrap_or_else(|never| match never {});
    let status = response.status();
    let body = response.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    (status, body.unwrap_or_default())
}
