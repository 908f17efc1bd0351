//! The management API: Apigee's developers, apps, keys and API products, and Edge's token calls (Apigee management API,
//! "Developers", "Developer apps", "API products", "OAuth 2.0 access tokens").
//!
//! Beside it stands what Apigee has no path for: people, roots and burns, and the explanation of a token.
//!
//! `/v1/organizations/{org}` answers in the forms of Apigee X, `/v1/o/{org}` in those of Edge, where they differ: lists that
//! are not expanded, and errors. The resources behind both are the same.

mod access_tokens;
mod apps;
mod attributes;
mod authorization_codes;
mod bulk_revoke;
mod call;
mod developers;
mod edge_token;
mod find;
mod inspect;
mod key_owner;
mod key_products;
mod keys;
mod organization;
mod page;
mod products;
mod refresh_tokens;
mod refused;
mod roots;
mod store;
mod users;

use crate::admin::AdminState;
use crate::audit_log::Record;
use attributes::{APP, DEVELOPER, PRODUCT};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use call::{Call, Dialect};
use refused::Refused;
use serde_json::{Map, Value};
use std::pin::Pin;
use std::sync::Arc;

/// What an operation answers.
pub(super) enum Reply {
    /// Something was made.
    Created(Value),
    /// It was done, and there is nothing to tell.
    NoContent,
    /// What is there, or was.
    Ok(Value),
}

type Replying = Pin<Box<dyn Future<Output = Result<Reply, Refused>> + Send>>;

/// A method on a path.
struct Operation {
    method: MethodFilter,
    path: &'static str,
    run: fn(Call) -> Replying,
}

/// Every operation on the organization. A new resource is one file and its lines here.
#[rustfmt::skip]
const OPERATIONS: &[Operation] = &[
    get("", |call| now(Ok(organization::show(&call)))),
    get("/developers", |call| now(Ok(developers::list(&call)))),
    post("/developers", |call| Box::pin(developers::create(call))),
    get("/developers/{developer}", |call| now(developers::show(&call))),
    put("/developers/{developer}", |call| Box::pin(developers::update(call))),
    post("/developers/{developer}", |call| Box::pin(developers::act(call))),
    delete("/developers/{developer}", |call| Box::pin(developers::delete(call))),
    get("/developers/{developer}/attributes", |call| now(attributes::list(&call, DEVELOPER))),
    post("/developers/{developer}/attributes", |call| Box::pin(attributes::replace(call, DEVELOPER))),
    get("/developers/{developer}/attributes/{attribute}", |call| now(attributes::show(&call, DEVELOPER))),
    post("/developers/{developer}/attributes/{attribute}", |call| Box::pin(attributes::set(call, DEVELOPER))),
    delete("/developers/{developer}/attributes/{attribute}", |call| Box::pin(attributes::remove(call, DEVELOPER))),
    get("/developers/{developer}/apps", |call| now(apps::list(&call))),
    post("/developers/{developer}/apps", |call| Box::pin(apps::create(call))),
    get("/developers/{developer}/apps/{app}", |call| now(apps::show(&call))),
    put("/developers/{developer}/apps/{app}", |call| Box::pin(apps::update(call))),
    post("/developers/{developer}/apps/{app}", |call| Box::pin(apps::act(call))),
    delete("/developers/{developer}/apps/{app}", |call| Box::pin(apps::delete(call))),
    get("/developers/{developer}/apps/{app}/attributes", |call| now(attributes::list(&call, APP))),
    post("/developers/{developer}/apps/{app}/attributes", |call| Box::pin(attributes::replace(call, APP))),
    get("/developers/{developer}/apps/{app}/attributes/{attribute}", |call| now(attributes::show(&call, APP))),
    post("/developers/{developer}/apps/{app}/attributes/{attribute}", |call| Box::pin(attributes::set(call, APP))),
    delete("/developers/{developer}/apps/{app}/attributes/{attribute}", |call| Box::pin(attributes::remove(call, APP))),
    post("/developers/{developer}/apps/{app}/keys", |call| Box::pin(keys::create(call))),
    post("/developers/{developer}/apps/{app}/keys/create", |call| Box::pin(keys::create(call))),
    get("/developers/{developer}/apps/{app}/keys/{key}", |call| now(keys::show(&call))),
    put("/developers/{developer}/apps/{app}/keys/{key}", |call| Box::pin(keys::replace(call))),
    post("/developers/{developer}/apps/{app}/keys/{key}", |call| Box::pin(keys::act(call))),
    delete("/developers/{developer}/apps/{app}/keys/{key}", |call| Box::pin(keys::delete(call))),
    post("/developers/{developer}/apps/{app}/keys/{key}/apiproducts/{product}", |call| Box::pin(key_products::act(call))),
    delete("/developers/{developer}/apps/{app}/keys/{key}/apiproducts/{product}", |call| Box::pin(key_products::delete(call))),
    get("/apps", |call| now(Ok(apps::list_all(&call)))),
    get("/apps/{app_id}", |call| now(apps::show_by_id(&call))),
    get("/apiproducts", |call| now(Ok(products::list(&call)))),
    post("/apiproducts", |call| Box::pin(products::create(call))),
    get("/apiproducts/{product}", |call| now(products::show(&call))),
    put("/apiproducts/{product}", |call| Box::pin(products::update(call))),
    post("/apiproducts/{product}", |call| Box::pin(products::update(call))),
    delete("/apiproducts/{product}", |call| Box::pin(products::delete(call))),
    get("/apiproducts/{product}/attributes", |call| now(attributes::list(&call, PRODUCT))),
    post("/apiproducts/{product}/attributes", |call| Box::pin(attributes::replace(call, PRODUCT))),
    get("/apiproducts/{product}/attributes/{attribute}", |call| now(attributes::show(&call, PRODUCT))),
    post("/apiproducts/{product}/attributes/{attribute}", |call| Box::pin(attributes::set(call, PRODUCT))),
    delete("/apiproducts/{product}/attributes/{attribute}", |call| Box::pin(attributes::remove(call, PRODUCT))),
    get("/oauth2/accesstokens/{token}", |call| Box::pin(access_tokens::show(call))),
    post("/oauth2/accesstokens/{token}", |call| Box::pin(access_tokens::act(call))),
    delete("/oauth2/accesstokens/{token}", |call| Box::pin(access_tokens::delete(call))),
    get("/oauth2/refreshtokens/{token}", |call| Box::pin(refresh_tokens::show(call))),
    post("/oauth2/refreshtokens/{token}", |call| Box::pin(refresh_tokens::act(call))),
    get("/oauth2/authorizationcodes/{token}", |call| Box::pin(authorization_codes::show(call))),
    delete("/oauth2/authorizationcodes/{token}", |call| Box::pin(authorization_codes::delete(call))),
    post("/oauth2/revoke", |call| Box::pin(bulk_revoke::revoke(call))),
    get("/oauth2/search", |call| now(bulk_revoke::search(&call))),
];

/// What Apigee has no path for.
const OWN: &[Operation] = &[
    get("/keys/{key}", |call| now(key_owner::show(&call))),
    get("/roots", |call| now(Ok(roots::list(&call)))),
    post("/roots/{root}/burn", |call| Box::pin(roots::burn(call))),
    get("/store", |call| Box::pin(store::show(call))),
    post("/token/inspect", |call| Box::pin(inspect::inspect(call))),
    get("/users", |call| Box::pin(users::list(call))),
    get("/users/{user}", |call| Box::pin(users::show(call))),
    put("/users/{user}", |call| Box::pin(users::put(call))),
    delete("/users/{user}", |call| Box::pin(users::delete(call))),
];

const fn get(path: &'static str, run: fn(Call) -> Replying) -> Operation {
    Operation { method: MethodFilter::GET, path, run }
}

const fn post(path: &'static str, run: fn(Call) -> Replying) -> Operation {
    Operation { method: MethodFilter::POST, path, run }
}

const fn put(path: &'static str, run: fn(Call) -> Replying) -> Operation {
    Operation { method: MethodFilter::PUT, path, run }
}

const fn delete(path: &'static str, run: fn(Call) -> Replying) -> Operation {
    Operation { method: MethodFilter::DELETE, path, run }
}

/// The answer of an operation that waits for nothing.
fn now(result: Result<Reply, Refused>) -> Replying {
    Box::pin(std::future::ready(result))
}

/// The management API's routes, added to those of the admin listener.
pub(super) fn routes(mut router: Router<AdminState>) -> Router<AdminState> {
    let tables = [(X, Dialect::X, OPERATIONS), (EDGE, Dialect::Edge, OPERATIONS), ("", Dialect::X, OWN)];
    for (prefix, dialect, operations) in tables {
        for operation in operations {
            let answer = move |State(state): State<AdminState>, request: Request| {
                answer(state, dialect, operation, request)
            };
            router = router.route(&format!("{prefix}{}", operation.path), on(operation.method, answer));
        }
    }
    router
}

async fn answer(
    state: AdminState,
    dialect: Dialect,
    operation: &'static Operation,
    request: Request,
) -> Response {
    let method = request.method().clone();
    let service = Arc::clone(&state.service);
    let mut record = None;
    let result = Call::read(state, dialect, request).await;
    if method != Method::GET
        && let Ok(call) = &result
    {
        record = Some(call.describe());
    }
    let result = match result {
        Ok(call) => (operation.run)(call).await,
        Err(refused) => Err(refused),
    };
    let response = match result {
        Ok(reply) => reply.into_response(),
        Err(refused) => refused.into_response(dialect),
    };
    // The route, never its values: there are tokens among them.
    if method != Method::GET {
        let status = response.status().as_u16();
        if let Some(log) = service.audit_log() {
            let record = record.unwrap_or_default().into_iter();
            let about = record
                .fold(Record::new("administer", status), |record, (name, value)| record.with(&name, &value));
            log.record(about.with("method", method.as_str()).with("route", operation.path)).await;
        }
        tracing::info!(%method, route = operation.path, status, "an administrator's request");
    }
    response
}

impl Reply {
    fn of(form: Map<String, Value>) -> Self {
        Self::Ok(Value::Object(form))
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Created(value) => (StatusCode::CREATED, axum::Json(value)).into_response(),
            Self::NoContent => StatusCode::NO_CONTENT.into_response(),
            Self::Ok(value) => axum::Json(value).into_response(),
        }
    }
}

const X: &str = "/v1/organizations/{org}";
const EDGE: &str = "/v1/o/{org}";
