//! The state of a session and what each message does to it. No input or output: a message in, messages out.

use super::Lint;
use super::answer::{code_action, diagnostic, hover};
use super::place::{Position, Range, path, uri};
use dormouse_bundle::Span;
use dormouse_report::{Finding, RuleInfo};
use serde::Deserialize as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// One client's session.
pub(super) struct Server<'a> {
    lint: Lint<'a>,
    phase: Phase,
    folders: Vec<PathBuf>,
    /// The texts of open documents by path.
    documents: HashMap<String, String>,
    findings: Vec<Finding>,
    /// The diagnostics that the client knows, by URI.
    published: BTreeMap<String, Value>,
}

/// How the client took its leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Orderly,
    WithoutShutdown,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Running,
    ShutDown,
    Ended(End),
}

/// A request's answer, or the protocol's error code and a sentence.
type Answer = Result<Value, (i64, String)>;

impl<'a> Server<'a> {
    pub(super) fn new(lint: Lint<'a>) -> Self {
        Self {
            lint,
            phase: Phase::New,
            folders: Vec::new(),
            documents: HashMap::new(),
            findings: Vec::new(),
            published: BTreeMap::new(),
        }
    }

    /// Whether and how the session has ended.
    pub(super) fn end(&self) -> Option<End> {
        if let Phase::Ended(end) = self.phase { Some(end) } else { None }
    }

    /// What to send in return for a message.
    pub(super) fn handle(&mut self, message: &Value) -> Vec<Value> {
        let params = message.get("params").unwrap_or(&Value::Null);
        match (message.get("method").and_then(Value::as_str), message.get("id")) {
            (Some(method), Some(id)) => vec![response(id, self.request(method, params))],
            (Some(method), None) => self.notification(method, params),
            // A response, though nothing was asked.
            (None, Some(_)) => Vec::new(),
            (None, None) => {
                vec![response(&Value::Null, Err((INVALID_REQUEST, "the message has no method".to_owned())))]
            }
        }
    }

    fn request(&mut self, method: &str, params: &Value) -> Answer {
        match (self.phase, method) {
            (Phase::New, "initialize") => {
                self.phase = Phase::Running;
                self.folders = folders(params);
                Ok(capabilities())
            }
            (Phase::New, _) => Err((NOT_INITIALIZED, "the session has not been initialized".to_owned())),
            (Phase::Running, "shutdown") => {
                self.phase = Phase::ShutDown;
                Ok(Value::Null)
            }
            (Phase::Running, "textDocument/hover") => Ok(self.hover(params)),
            (Phase::Running, "textDocument/codeAction") => Ok(self.code_actions(params)),
            (Phase::Running, _) => Err((METHOD_NOT_FOUND, format!("there is no method {method}"))),
            _ => Err((INVALID_REQUEST, "the session has been shut down".to_owned())),
        }
    }

    fn notification(&mut self, method: &str, params: &Value) -> Vec<Value> {
        if method == "exit" {
            let end = if self.phase == Phase::ShutDown { End::Orderly } else { End::WithoutShutdown };
            self.phase = Phase::Ended(end);
        }
        if self.phase != Phase::Running {
            return Vec::new();
        }
        match method {
            "initialized" | "textDocument/didSave" | "workspace/didChangeWatchedFiles" => self.lint_all(),
            "textDocument/didOpen" => self.opened(params),
            "textDocument/didChange" => {
                let text =
                    params.pointer("/contentChanges").and_then(Value::as_array).and_then(|it| it.last());
                self.remember(params, text.and_then(|change| change.get("text")));
                Vec::new()
            }
            "textDocument/didClose" => {
                document_path(params).map(|path| self.documents.remove(&path));
                Vec::new()
            }
            "workspace/didChangeWorkspaceFolders" => {
                let of = |list: &str| uris(params.pointer(list));
                let (added, removed) = (of("/event/added"), of("/event/removed"));
                self.folders.retain(|folder| !removed.contains(folder));
                self.folders.extend(added);
                self.lint_all()
            }
            _ => Vec::new(),
        }
    }

    fn opened(&mut self, params: &Value) -> Vec<Value> {
        self.remember(params, params.pointer("/textDocument/text"));
        let Some(path) = document_path(params) else { return Vec::new() };
        if self.folders.iter().any(|folder| Path::new(&path).starts_with(folder)) {
            return Vec::new();
        }
        self.folders.extend(bundle_folder(&path));
        self.lint_all()
    }

    fn remember(&mut self, params: &Value, text: Option<&Value>) {
        if let (Some(path), Some(text)) = (document_path(params), text.and_then(Value::as_str)) {
            self.documents.insert(path, text.to_owned());
        }
    }

    /// Lints everything and tells what has changed since.
    fn lint_all(&mut self) -> Vec<Value> {
        match (self.lint)(&self.folders) {
            Ok(findings) => self.findings = findings,
            Err(error) => {
                let params = json!({ "type": MESSAGE_ERROR, "message": format!("dormouse: {error:#}") });
                return vec![notification("window/showMessage", &params)];
            }
        }
        let mut by_uri: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut notes = Vec::new();
        for finding in &self.findings {
            match &finding.span {
                Some(span) => by_uri.entry(uri(&span.file.path)).or_default().push(diagnostic(finding, span)),
                None => notes.push(log_message(finding)),
            }
        }
        let known = std::mem::take(&mut self.published);
        self.published = by_uri.into_iter().map(|(uri, list)| (uri, Value::Array(list))).collect();
        let gone = known.keys().filter(|uri| !self.published.contains_key(*uri));
        let gone = gone.map(|uri| publish(uri, &json!([])));
        let changed = self.published.iter().filter(|(uri, list)| known.get(*uri) != Some(*list));
        let changed = changed.map(|(uri, list)| publish(uri, list));
        gone.chain(changed).chain(notes).collect()
    }

    fn hover(&self, params: &Value) -> Value {
        let position = params.get("position").and_then(|it| Position::deserialize(it).ok());
        let Some(position) = position else { return Value::Null };
        let mut rules: Vec<&'static RuleInfo> = Vec::new();
        for (finding, _) in self.findings_at(params, Range { start: position, end: position }) {
            if !rules.contains(&finding.rule) {
                rules.push(finding.rule);
            }
        }
        if rules.is_empty() { Value::Null } else { hover(&rules) }
    }

    fn code_actions(&self, params: &Value) -> Value {
        let wanted = params.pointer("/context/only").and_then(Value::as_array);
        let is_quickfix =
            |kind: &Value| kind.as_str().is_some_and(|kind| kind.is_empty() || kind == "quickfix");
        let range = params.get("range").and_then(|it| Range::deserialize(it).ok());
        let Some(range) = range.filter(|_| wanted.is_none_or(|kinds| kinds.iter().any(is_quickfix))) else {
            return json!([]);
        };
        let mut actions = Vec::new();
        for (finding, span) in self.findings_at(params, range) {
            let applicable = finding.fixes.iter().enumerate().filter(|(_, fix)| self.is_applicable(fix));
            actions.extend(applicable.map(|(at, fix)| code_action(finding, span, fix, at == 0)));
        }
        Value::Array(actions)
    }

    /// The findings that touch a range of a document, as long as its text is the one that was linted.
    fn findings_at(&self, params: &Value, range: Range) -> impl Iterator<Item = (&Finding, &Span)> {
        let path = document_path(params).unwrap_or_default();
        let placed = self.findings.iter().filter_map(|it| Some((it, it.span.as_ref()?)));
        placed.filter(move |(_, span)| {
            span.file.path == path && self.is_current(span) && Range::of(span).touches(&range)
        })
    }

    fn is_applicable(&self, fix: &dormouse_report::Fix) -> bool {
        let current = |edit: &dormouse_report::Edit| {
            self.documents.get(&edit.file.path).is_none_or(|text| *text == edit.file.text)
        };
        !fix.edits.is_empty() && fix.edits.iter().all(current)
    }

    fn is_current(&self, span: &Span) -> bool {
        self.documents.get(&span.file.path).is_none_or(|text| *text == span.file.text)
    }
}

fn capabilities() -> Value {
    json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            // Whole texts: they are only compared.
            "textDocumentSync": { "openClose": true, "change": 1, "save": { "includeText": false } },
            "hoverProvider": true,
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
            "workspace": { "workspaceFolders": { "supported": true, "changeNotifications": true } },
        },
        "serverInfo": { "name": "dormouse", "version": env!("CARGO_PKG_VERSION") },
    })
}

/// The folders of the client, under the three names that the protocol has had for them.
fn folders(params: &Value) -> Vec<PathBuf> {
    let folders = uris(params.get("workspaceFolders"));
    if !folders.is_empty() {
        return folders;
    }
    let root = params.get("rootUri").and_then(Value::as_str).and_then(path);
    root.or_else(|| params.get("rootPath")?.as_str().map(str::to_owned))
        .map(PathBuf::from)
        .into_iter()
        .collect()
}

fn uris(folders: Option<&Value>) -> Vec<PathBuf> {
    let folders = folders.and_then(Value::as_array).into_iter().flatten();
    folders.filter_map(|folder| path(folder.get("uri")?.as_str()?)).map(PathBuf::from).collect()
}

fn document_path(params: &Value) -> Option<String> {
    path(params.pointer("/textDocument/uri")?.as_str()?)
}

/// The folder to lint for a file that is in none of the client's: its bundle's, else the one that it is in.
fn bundle_folder(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let bundle = path.ancestors().find(|it| BUNDLE_FOLDERS.iter().any(|folder| it.ends_with(folder)));
    bundle.unwrap_or(path).parent().map(Path::to_path_buf)
}

fn response(id: &Value, answer: Answer) -> Value {
    match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err((code, message)) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        }
    }
}

fn notification(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

fn publish(uri: &str, diagnostics: &Value) -> Value {
    notification("textDocument/publishDiagnostics", &json!({ "uri": uri, "diagnostics": diagnostics }))
}

fn log_message(finding: &Finding) -> Value {
    let message = format!("{} {}: {}", finding.rule.code, finding.level.as_str(), finding.message);
    notification("window/logMessage", &json!({ "type": MESSAGE_WARNING, "message": message }))
}

const BUNDLE_FOLDERS: [&str; 2] = ["apiproxy", "sharedflowbundle"];
const INVALID_REQUEST: i64 = -32_600;
const METHOD_NOT_FOUND: i64 = -32_601;
const NOT_INITIALIZED: i64 = -32_002;
const MESSAGE_ERROR: u8 = 1;
const MESSAGE_WARNING: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_bundle::{Level, SourceFile};
    use dormouse_report::{Edit, Fix, Related};

    static RULE: RuleInfo = RuleInfo {
        code: "OAU999",
        name: "sample",
        level: Level::Warning,
        summary: "a summary",
        what: "what it is",
        why: "",
        bad: "",
        good: "",
        when_to_suppress: "",
        link: "https://example.com/",
    };

    /// One finding in the second line, with a fix.
    fn findings(text: &str) -> Vec<Finding> {
        let file = SourceFile::new("/w/apiproxy/a.xml", text);
        let at = text.find("bad").unwrap();
        let span = Span::new(&file, at..at + 3);
        vec![Finding {
            rule: &RULE,
            level: Level::Warning,
            bundle: "b".to_owned(),
            span: Some(span.clone()),
            message: "it is bad".to_owned(),
            help: Some("make it good".to_owned()),
            fixes: vec![Fix {
                title: "make it good".to_owned(),
                safe: true,
                edits: vec![Edit { file, range: span.range.clone(), replacement: "good".to_owned() }],
            }],
            related: vec![Related { span, message: "here".to_owned() }],
        }]
    }

    fn send(server: &mut Server<'_>, method: &str, id: Option<u32>, params: &Value) -> Vec<Value> {
        let mut message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        if let Some(id) = id {
            message["id"] = json!(id);
        }
        server.handle(&message)
    }

    fn ask(server: &mut Server<'_>, method: &str, params: &Value) -> Value {
        let answers = send(server, method, Some(1), params);
        assert_eq!(answers.len(), 1);
        answers[0].clone()
    }

    fn at(line: u32, character: u32) -> Value {
        let position = json!({ "line": line, "character": character });
        json!({
            "textDocument": { "uri": "file:///w/apiproxy/a.xml" },
            "position": position,
            "range": { "start": position, "end": position },
            "context": { "diagnostics": [] },
        })
    }

    fn opened(text: &str) -> Value {
        json!({ "textDocument": { "uri": "file:///w/apiproxy/a.xml", "text": text, "version": 1 } })
    }

    #[test]
    fn a_saved_file_has_diagnostics_pages_and_fixes() {
        let text = std::cell::RefCell::new("a\né bad".to_owned());
        let lint = |folders: &[PathBuf]| {
            assert_eq!(folders, [PathBuf::from("/w")]);
            Ok(if text.borrow().contains("bad") { findings(&text.borrow()) } else { Vec::new() })
        };
        let mut server = Server::new(&lint);
        ask(&mut server, "initialize", &json!({ "rootUri": "file:///w" }));
        let told = send(&mut server, "initialized", None, &json!({}));
        assert_eq!(told.len(), 1);
        let diagnostic = &told[0]["params"]["diagnostics"][0];
        assert_eq!(told[0]["params"]["uri"], "file:///w/apiproxy/a.xml");
        assert_eq!(
            diagnostic["range"],
            json!({ "start": { "line": 1, "character": 2 }, "end": { "line": 1, "character": 5 } })
        );
        assert_eq!((&diagnostic["severity"], &diagnostic["code"]), (&json!(2), &json!("OAU999")));
        assert_eq!(send(&mut server, "textDocument/didSave", None, &json!({})), [] as [Value; 0]);

        send(&mut server, "textDocument/didOpen", None, &opened("a\né bad"));
        let page = ask(&mut server, "textDocument/hover", &at(1, 3));
        assert!(page["result"]["contents"]["value"].as_str().unwrap().contains("what it is"));
        assert_eq!(ask(&mut server, "textDocument/hover", &at(0, 0))["result"], Value::Null);
        let actions = ask(&mut server, "textDocument/codeAction", &at(1, 5));
        assert_eq!(actions["result"][0]["edit"]["changes"]["file:///w/apiproxy/a.xml"][0]["newText"], "good");
        assert_eq!(actions["result"][0]["isPreferred"], true);

        let edited = json!({
            "textDocument": { "uri": "file:///w/apiproxy/a.xml", "version": 2 },
            "contentChanges": [{ "text": "a\né  good" }],
        });
        send(&mut server, "textDocument/didChange", None, &edited);
        assert_eq!(ask(&mut server, "textDocument/codeAction", &at(1, 5))["result"], json!([]));
        "a\né good".clone_into(&mut text.borrow_mut());
        let told = send(&mut server, "textDocument/didSave", None, &json!({}));
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["params"]["diagnostics"], json!([]));
    }

    #[test]
    fn a_file_of_no_folder_brings_its_bundle() {
        let lint = |folders: &[PathBuf]| {
            assert_eq!(folders, [PathBuf::from("/w")]);
            Ok(findings("bad"))
        };
        let mut server = Server::new(&lint);
        ask(&mut server, "initialize", &json!({}));
        assert_eq!(send(&mut server, "textDocument/didOpen", None, &opened("bad")).len(), 1);
        assert_eq!(send(&mut server, "textDocument/didOpen", None, &opened("bad")).len(), 0);
    }

    #[track_caller]
    fn check_error(server: &mut Server<'_>, method: &str, code: i64) {
        assert_eq!(ask(server, method, &Value::Null)["error"]["code"], code);
    }

    #[test]
    fn requests_at_the_wrong_time_are_refused() {
        let lint = |_: &[PathBuf]| Ok(Vec::new());
        let mut server = Server::new(&lint);
        check_error(&mut server, "textDocument/hover", NOT_INITIALIZED);
        ask(&mut server, "initialize", &Value::Null);
        check_error(&mut server, "initialize", METHOD_NOT_FOUND);
        check_error(&mut server, "textDocument/rename", METHOD_NOT_FOUND);
        ask(&mut server, "shutdown", &Value::Null);
        check_error(&mut server, "textDocument/hover", INVALID_REQUEST);
        assert_eq!(server.handle(&json!([]))[0]["error"]["code"], INVALID_REQUEST);
        assert_eq!(server.end(), None);
        send(&mut server, "exit", None, &Value::Null);
        assert_eq!(server.end(), Some(End::Orderly));
    }

    #[test]
    fn what_goes_wrong_is_shown() {
        let lint = |_: &[PathBuf]| Err(anyhow::anyhow!("dormouse-lint.toml: line 3"));
        let mut server = Server::new(&lint);
        ask(&mut server, "initialize", &Value::Null);
        let told = send(&mut server, "initialized", None, &Value::Null);
        assert_eq!(told[0]["method"], "window/showMessage");
        assert!(told[0].to_string().contains("line 3"));
    }
}
