//! `dormouse lint --lsp`: the linter in an editor, by the Language Server Protocol 3.17 over standard input and output
//! (<https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/>): diagnostics, the
//! rule's page on hover, quick fixes.
//!
//! Whole bundles are linted as they are on the disk, at the start and whenever a file is saved; what a fix would do to
//! a text that has been edited since, nobody knows, hence fixes are offered for saved files only.

mod answer;
mod message;
mod place;
mod server;

use crate::exit::{Failure, OrFailure as _, Outcome};
use anyhow::anyhow;
use dormouse_report::Finding;
use serde_json::{Value, json};
use server::{End, Server};
use std::io::{BufRead, Write};
use std::path::PathBuf;

/// Lints folders; an error is shown to the person at the editor.
pub(crate) type Lint<'a> = &'a dyn Fn(&[PathBuf]) -> anyhow::Result<Vec<Finding>>;

/// Talks to one client until it takes its leave.
pub(crate) fn serve(input: &mut impl BufRead, output: &mut impl Write, lint: Lint<'_>) -> Outcome {
    let mut server = Server::new(lint);
    while let Some(text) = message::read(input).or_refused()? {
        let answers = match serde_json::from_slice::<Value>(&text) {
            Ok(request) => server.handle(&request),
            Err(error) => vec![parse_error(&error)],
        };
        for answer in answers {
            message::write(output, &answer).or_refused()?;
        }
        match server.end() {
            Some(End::Orderly) => return Ok(()),
            Some(End::WithoutShutdown) => break,
            None => {}
        }
    }
    Err(Failure::Refused(anyhow!("the client left without asking to shut down")))
}

fn parse_error(error: &serde_json::Error) -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": null,
        "error": { "code": PARSE_ERROR, "message": format!("the message is no JSON: {error}") },
    })
}

const PARSE_ERROR: i64 = -32_700;

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(messages: &[&str]) -> Vec<u8> {
        let framed = messages.iter().map(|text| format!("Content-Length: {}\r\n\r\n{text}", text.len()));
        framed.collect::<String>().into_bytes()
    }

    #[track_caller]
    fn check(messages: &[&str], orderly: bool, part: &str) {
        let mut output = Vec::new();
        let outcome = serve(&mut framed(messages).as_slice(), &mut output, &|_| Ok(Vec::new()));
        assert_eq!(outcome.is_ok(), orderly);
        let output = String::from_utf8(output).unwrap();
        assert!(output.contains(part), "{output}");
    }

    #[test]
    fn a_session_ends_in_order_or_not() {
        let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
        let shutdown = r#"{"jsonrpc":"2.0","id":"two","method":"shutdown"}"#;
        let exit = r#"{"jsonrpc":"2.0","method":"exit"}"#;
        check(&[initialize, shutdown, exit], true, r#""id":"two""#);
        check(&[initialize, exit], false, r#""id":1"#);
        check(&[initialize], false, "hoverProvider");
        check(&[initialize, shutdown], false, "null");
        check(&["{", initialize, shutdown, exit], true, "-32700");
    }
}
