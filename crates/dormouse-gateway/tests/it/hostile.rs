//! Whatever a client sends is answered.

use crate::support::{arrival, block_on, program};
use bytes::Bytes;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_request_gets_an_answer(
        path in "/(flows|messages|faults|routes|caller)[/a-z%&=?;{}+*.0-9-]{0,40}",
        verb in "GET|POST|BREW|OPTIONS",
        value in "[ -~]{0,40}",
        body in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let (program, _) = program(&["flows", "messages", "faults", "routes", "caller", "greeting"]);
        let request = http::Request::builder().method(verb.as_str()).uri(path.as_str())
            .header("X-Many", value.trim()).header("Content-Type", "application/x-www-form-urlencoded")
            .body(Bytes::from(body));
        let Ok(request) = request else { return Ok(()) };
        let reply = block_on(program.handle(request, arrival()));
        prop_assert!((200..600).contains(&reply.response.status().as_u16()));
        for (name, value) in reply.response.headers() {
            prop_assert!(!value.as_bytes().contains(&b'\n'), "{}", name);
        }
    }
}
