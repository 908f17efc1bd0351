//! A scripted editor talks to `dormouse lint --lsp`: it opens a bundle, reads the diagnostics, asks for a rule's page
//! and a quick fix, applies the fix, saves, and sees the finding go.

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

#[test]
fn an_editor_is_told_of_findings_and_repairs_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let policy = bundle(directory.path());
    let uri = format!("file://{}", policy.display());
    let mut editor = Editor::start();
    let folder = json!({ "uri": format!("file://{}", directory.path().display()), "name": "b" });
    let initialized = editor.ask("initialize", &json!({ "capabilities": {}, "workspaceFolders": [folder] }));
    assert_eq!(initialized["capabilities"]["hoverProvider"], true, "{initialized}");
    editor.tell("initialized", &json!({}));

    let text = fs::read_to_string(&policy).expect("the policy");
    let diagnostics = editor.diagnostics(&uri);
    let diagnostic = of_rule(&diagnostics, "OAU001").expect("nobody redeems the refresh token");
    assert_eq!(diagnostic["severity"], 1, "{diagnostic}");
    editor.tell(
        "textDocument/didOpen",
        &json!({ "textDocument": { "uri": uri, "languageId": "xml", "version": 1, "text": text } }),
    );
    let at = json!({ "textDocument": { "uri": uri }, "position": diagnostic["range"]["start"] });
    let page = editor.ask("textDocument/hover", &at);
    let page = page["contents"]["value"].as_str().unwrap_or_default();
    assert!(page.contains("## OAU001 refresh-never-redeemed"), "{page}");
    assert!(page.contains("### Why"), "{page}");

    let (rule, changed) = editor.first_fix(&uri, &diagnostics, &text).expect("a fix");
    fs::write(&policy, &changed).expect("saved");
    let change =
        json!({ "textDocument": { "uri": uri, "version": 2 }, "contentChanges": [{ "text": changed }] });
    editor.tell("textDocument/didChange", &change);
    editor.tell("textDocument/didSave", &json!({ "textDocument": { "uri": uri } }));
    let diagnostics = editor.diagnostics(&uri);
    assert!(of_rule(&diagnostics, &rule).is_none(), "{rule} is still there: {diagnostics}");
    editor.leave();
}

/// A proxy that issues refresh tokens which never expire. Returns its policy's path.
fn bundle(directory: &Path) -> std::path::PathBuf {
    let apiproxy = directory.join("a b/apiproxy");
    for folder in ["policies", "proxies"] {
        fs::create_dir_all(apiproxy.join(folder)).expect("a folder");
    }
    let write = |path: &str, text: &str| fs::write(apiproxy.join(path), text).expect("a file");
    write("oauth.xml", "<APIProxy name=\"oauth\"/>");
    write(
        "proxies/default.xml",
        "<ProxyEndpoint name=\"default\"><PreFlow><Request><Step><Name>Token</Name></Step></Request></PreFlow>\
         <HTTPProxyConnection><BasePath>/oauth</BasePath></HTTPProxyConnection>\
         <RouteRule name=\"none\"/></ProxyEndpoint>",
    );
    write(
        "policies/Token.xml",
        "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <ExpiresIn>1800000</ExpiresIn>\n  \
         <RefreshTokenExpiresIn>-1</RefreshTokenExpiresIn>\n  <SupportedGrantTypes>\n    \
         <GrantType>password</GrantType>\n  </SupportedGrantTypes>\n  <GrantType>request.formparam.grant_type</GrantType>\n  \
         <UserName>request.formparam.username</UserName>\n  <PassWord>request.formparam.password</PassWord>\n  \
         <GenerateResponse enabled=\"true\"/>\n</OAuthV2>\n",
    );
    fs::canonicalize(apiproxy.join("policies/Token.xml")).expect("the policy")
}

fn of_rule<'a>(diagnostics: &'a Value, rule: &str) -> Option<&'a Value> {
    diagnostics.as_array()?.iter().find(|diagnostic| diagnostic["code"] == rule)
}

struct Editor {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: u32,
    /// What the server told while an answer was waited for.
    told: Vec<Value>,
}

impl Editor {
    fn start() -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_dormouse"))
            .args(["lint", "--lsp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server");
        let input = server.stdin.take().expect("standard input");
        let output = BufReader::new(server.stdout.take().expect("standard output"));
        Self { server, input, output, asked: 0, told: Vec::new() }
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("sent");
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params }));
        loop {
            let message = self.read();
            if message["id"] == self.asked {
                assert!(message.get("error").is_none(), "{message}");
                return message["result"].clone();
            }
            self.told.push(message);
        }
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).expect("a line");
            match line.trim_end().split_once(": ") {
                Some((_, value)) => length = value.parse().expect("a length"),
                None => break,
            }
        }
        let mut text = vec![0; length];
        self.output.read_exact(&mut text).expect("a message");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// The next diagnostics of a file.
    fn diagnostics(&mut self, uri: &str) -> Value {
        loop {
            let message = if self.told.is_empty() { self.read() } else { self.told.remove(0) };
            let told = message["params"]["uri"].as_str().unwrap_or_default();
            if told.replace("%20", " ") == uri {
                return message["params"]["diagnostics"].clone();
            }
        }
    }

    /// The first fix that any diagnostic has for this file alone, with its rule and the text that it makes.
    fn first_fix(&mut self, uri: &str, diagnostics: &Value, text: &str) -> Option<(String, String)> {
        for diagnostic in diagnostics.as_array()? {
            let params = json!({
                "textDocument": { "uri": uri },
                "range": diagnostic["range"],
                "context": { "diagnostics": [diagnostic], "only": ["quickfix"] },
            });
            let actions = self.ask("textDocument/codeAction", &params);
            for action in actions.as_array()? {
                let changes = action["edit"]["changes"].as_object()?;
                if let [(changed, edits)] = changes.iter().collect::<Vec<_>>().as_slice()
                    && changed.replace("%20", " ") == uri
                {
                    let rule = action["diagnostics"][0]["code"].as_str()?.to_owned();
                    return Some((rule, applied(text, edits.as_array()?)));
                }
            }
        }
        None
    }

    fn leave(mut self) {
        assert_eq!(self.ask("shutdown", &Value::Null), Value::Null);
        self.tell("exit", &Value::Null);
        assert!(self.server.wait().expect("an end").success());
    }
}

/// An ASCII text with edits applied, the last first, as editors do.
fn applied(text: &str, edits: &[Value]) -> String {
    let offset = |position: &Value| {
        let number = |name: &str| usize::try_from(position[name].as_u64().expect("a number")).expect("small");
        let lines = text.split_inclusive('\n').take(number("line"));
        lines.map(str::len).sum::<usize>() + number("character")
    };
    let mut result = text.to_owned();
    for edit in edits.iter().rev() {
        let range = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
        result.replace_range(range, edit["newText"].as_str().expect("a text"));
    }
    result
}
