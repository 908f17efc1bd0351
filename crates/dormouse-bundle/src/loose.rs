//! Files of a bundle that stand in no bundle directory: a folder of policies, an endpoint next to them. What a file
//! is, its root element tells.

use std::sync::Arc;

use crate::decode::decode;
use crate::model::{Bundle, BundleKind, Policy, Resource};
use crate::problem::{Problem, limit_problems};
use crate::read_endpoint::{proxy_endpoint, shared_flow, target_endpoint};
use crate::xml::parse_xml;

/// A file and the path to show for it.
pub struct LooseFile {
    /// The path, with `/`.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// A bundle from loose files, in their order, and the problems of reading them. XML that is nothing of Apigee's is
/// left out silently.
pub fn load_loose(name: &str, files: &[LooseFile]) -> (Bundle, Vec<Problem>) {
    let mut bundle = empty(name);
    let mut problems = Vec::new();
    for file in files {
        match extension(&file.path) {
            "xml" => xml_file(&mut bundle, file, &mut problems),
            other => bundle.resources.extend(resource(other, file)),
        }
    }
    if bundle.proxies.is_empty() && !bundle.shared_flows.is_empty() {
        bundle.kind = BundleKind::SharedFlow;
    }
    limit_problems(&mut problems);
    (bundle, problems)
}

fn xml_file(bundle: &mut Bundle, file: &LooseFile, problems: &mut Vec<Problem>) {
    let read = decode(&file.path, &file.bytes).and_then(|(source, odd)| {
        bundle.files.push(Arc::clone(&source));
        let root = parse_xml(&source)?;
        problems.extend(odd);
        Ok(root)
    });
    let element = match read {
        Ok(element) => element,
        Err(problem) => return problems.push(problem),
    };
    let stem = file.path.rsplit('/').next().unwrap_or_default();
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let given = element.attribute_value("name").map(str::trim).filter(|name| !name.is_empty());
    let name = given.unwrap_or(stem).to_owned();
    let is_named = given.is_some();
    match element.name.as_str() {
        "APIProxy" | "SharedFlowBundle" => bundle.manifest = Some(element),
        "ProxyEndpoint" => bundle.proxies.push(proxy_endpoint(name, element, problems)),
        "SharedFlow" => bundle.shared_flows.push(shared_flow(name, element, problems)),
        "TargetEndpoint" => bundle.targets.push(target_endpoint(name, element, problems)),
        kind if is_named && kind.starts_with(|first: char| first.is_ascii_uppercase()) => {
            let flag = |name, default| match element.attribute_value(name).map(str::trim) {
                Some("true") => true,
                Some("false") => false,
                _ => default,
            };
            bundle.policies.push(Policy {
                enabled: flag("enabled", true),
                continue_on_error: flag("continueOnError", false),
                kind: kind.to_owned(),
                name,
                element,
            });
        }
        _ => {}
    }
}

fn resource(extension: &str, file: &LooseFile) -> Option<Resource> {
    let (_, kind) = RESOURCE_KINDS.iter().find(|(known, _)| *known == extension)?;
    let name = file.path.rsplit('/').next().unwrap_or_default().to_owned();
    Some(Resource {
        kind: (*kind).to_owned(),
        name,
        path: file.path.clone(),
        bytes: file.bytes.as_slice().into(),
    })
}

fn empty(name: &str) -> Bundle {
    Bundle {
        kind: BundleKind::Proxy,
        name: name.to_owned(),
        revision: "1".to_owned(),
        path: name.to_owned(),
        manifest: None,
        proxies: Vec::new(),
        targets: Vec::new(),
        shared_flows: Vec::new(),
        policies: Vec::new(),
        resources: Vec::new(),
        files: Vec::new(),
    }
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

const RESOURCE_KINDS: [(&str, &str); 4] = [("js", "jsc"), ("py", "py"), ("xsl", "xsl"), ("xslt", "xsl")];

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> LooseFile {
        LooseFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn the_root_element_tells_what_a_file_is() {
        let files = [
            file("a/t.xml", "<OAuthV2 name=\"T\" enabled=\"false\"/>"),
            file("a/p.xml", "<ProxyEndpoint name=\"p\"/>"),
            file("a/t.js", "x"),
            file("pom.xml", "<project name=\"x\"/>"),
            file("note.xml", "<Note/>"),
        ];
        let (bundle, problems) = load_loose("a", &files);
        assert!(problems.is_empty());
        let policies: Vec<(&str, bool)> =
            bundle.policies.iter().map(|policy| (policy.name.as_str(), policy.enabled)).collect();
        assert_eq!(policies, [("T", false)]);
        assert!(bundle.proxy_endpoint("p").is_some() && bundle.resource("jsc", "t.js").is_some());
    }

    #[test]
    fn a_broken_file_is_one_problem() {
        let files = [file("a.xml", "<OAuthV2"), file("b.xml", "<OAuthV2 name='B'/>")];
        let (bundle, problems) = load_loose("a", &files);
        assert_eq!((bundle.policies.len(), problems.len()), (1, 1));
    }
}
