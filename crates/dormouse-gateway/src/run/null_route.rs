//! The response of a route that leads nowhere: what the request became, sent back (Apigee community: "null route";
//! which headers are left out is this project's choice).

use dormouse_flow::Message;
use http::HeaderName;
use http::header::{CONTENT_LENGTH, HOST};

/// Status 200 with the headers and the body of the request.
pub(super) fn response_from(request: &Message) -> Message {
    let mut response = Message::response(200);
    response.set_version(request.version().to_owned());
    let kept = |name: &HeaderName| *name != HOST && *name != CONTENT_LENGTH;
    response.headers_mut().copy_from(request.headers(), kept);
    response.set_body(request.body().clone());
    response
}
