//! Loads bundles: finds the bundle directories, reads every file, and returns what was understood with every
//! problem on the way. A broken file costs that file; the others still load.

use std::path::Path;
use std::sync::Arc;

use crate::archive::read_archive_file;
use crate::bundle_source::{BundleSource, is_bundle_name};
use crate::decode::decode;
use crate::directory::{read_directory, unreadable};
use crate::element::Element;
use crate::file_tree::FileTree;
use crate::model::{Bundle, BundleKind, Policy, Resource};
use crate::problem::{Problem, limit_problems};
use crate::read_endpoint::{proxy_endpoint, shared_flow, target_endpoint};
use crate::source::{SourceFile, Span};
use crate::xml::parse_xml;

/// Loads what is at a place: a proxy, a shared flow, or both. Without either, the list is empty and a problem
/// says why. Only reading is judged here; [`diagnose`](crate::diagnose()) judges what was read.
pub fn load(source: &BundleSource) -> (Vec<Bundle>, Vec<Problem>) {
    let mut location = match Location::of(source) {
        Ok(location) => location,
        Err(problem) => return (Vec::new(), vec![problem]),
    };
    let mut bundles = Vec::new();
    let mut problems = std::mem::take(&mut location.tree.problems);
    for (kind, folder) in [(BundleKind::Proxy, "apiproxy/"), (BundleKind::SharedFlow, "sharedflowbundle/")] {
        if location.only.is_none_or(|only| only == kind) && location.tree.below(folder).next().is_some() {
            let mut loader = Loader { location: &location, folder, problems: Vec::new(), files: Vec::new() };
            bundles.push(loader.bundle(kind, source));
            problems.append(&mut loader.problems);
        }
    }
    if bundles.is_empty() {
        let message = format!("{} holds neither apiproxy/ nor sharedflowbundle/", source.path.display());
        let help = "name a directory that holds one of them, one of them itself, or a zip archive with one at the top";
        problems.push(Problem::error("no-bundle", message).help(help));
    }
    limit_problems(&mut problems);
    (bundles, problems)
}

/// The files at a place, and how to show their paths.
struct Location {
    tree: FileTree,
    /// Stands before a path inside the tree.
    shown: String,
    /// What the bundle is called if nothing else names it.
    fallback_name: String,
    /// The kind of bundle that was named itself, rather than the directory around it.
    only: Option<BundleKind>,
}

impl Location {
    fn of(source: &BundleSource) -> Result<Self, Problem> {
        let path = &source.path;
        let metadata = path.metadata().map_err(|error| unreadable(path, &error))?;
        if !metadata.is_dir() {
            let tree = read_archive_file(path)?;
            let shown = format!("{}/", path.display());
            let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
            return Ok(Self { tree, shown, fallback_name: stem, only: None });
        }
        let absolute = path.canonicalize().map_err(|error| unreadable(path, &error))?;
        let only = match file_name(&absolute).as_str() {
            "apiproxy" => Some(BundleKind::Proxy),
            "sharedflowbundle" => Some(BundleKind::SharedFlow),
            _ => None,
        };
        let (root, shown) = match (only, absolute.parent()) {
            (Some(_), Some(parent)) => (parent.to_path_buf(), parent_shown(path)),
            _ => (absolute, shown_directory(path)),
        };
        let tree = read_directory(&root)?;
        Ok(Self { tree, shown, fallback_name: file_name(&root), only })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn shown_directory(path: &Path) -> String {
    let shown = path.display().to_string();
    match shown.strip_suffix('/').unwrap_or(&shown) {
        "." | "" if shown != "/" => String::new(),
        trimmed => format!("{trimmed}/"),
    }
}

/// The directory around a bundle directory, as the user would write it.
fn parent_shown(path: &Path) -> String {
    match path.parent() {
        Some(parent) if path.file_name().is_some() => shown_directory(parent),
        _ => "../".to_owned(),
    }
}

/// What one bundle's reading needs and gathers.
struct Loader<'a> {
    location: &'a Location,
    folder: &'a str,
    problems: Vec<Problem>,
    files: Vec<Arc<SourceFile>>,
}

impl Loader<'_> {
    fn bundle(&mut self, kind: BundleKind, source: &BundleSource) -> Bundle {
        let manifest = self.manifest(kind);
        let name = self.name(source, manifest.as_ref());
        let revision = manifest.as_ref().and_then(|manifest| manifest.attribute_value("revision"));
        let revision =
            revision.map(str::trim).filter(|revision| !revision.is_empty()).unwrap_or("1").to_owned();
        let proxies = self.roots("proxies/", "ProxyEndpoint");
        let targets = self.roots("targets/", "TargetEndpoint");
        let shared_flows = self.roots("sharedflows/", "SharedFlow");
        let policies = self.policies();
        let problems = &mut self.problems;
        Bundle {
            kind,
            name,
            revision,
            path: source.path.display().to_string(),
            manifest,
            proxies: proxies.into_iter().map(|(name, root)| proxy_endpoint(name, root, problems)).collect(),
            targets: targets.into_iter().map(|(name, root)| target_endpoint(name, root, problems)).collect(),
            shared_flows: shared_flows
                .into_iter()
                .map(|(name, root)| shared_flow(name, root, problems))
                .collect(),
            policies,
            resources: self.resources(),
            files: std::mem::take(&mut self.files),
        }
    }

    /// The first file directly in the bundle directory that has the manifest's root tag. Others there are not
    /// Apigee's business.
    fn manifest(&mut self, kind: BundleKind) -> Option<Element> {
        let tag = match kind {
            BundleKind::Proxy => "APIProxy",
            BundleKind::SharedFlow => "SharedFlowBundle",
        };
        self.xml("").into_iter().map(|(_, root)| root).find(|root| root.name == tag)
    }

    fn name(&mut self, source: &BundleSource, manifest: Option<&Element>) -> String {
        if let Some(name) = &source.name {
            return name.clone();
        }
        let Some(attribute) = manifest.and_then(|manifest| manifest.attribute("name")) else {
            return self.location.fallback_name.clone();
        };
        let name = attribute.value.as_str().trim();
        if is_bundle_name(name) {
            return name.to_owned();
        }
        let fallback = &self.location.fallback_name;
        let message = format!("the manifest's name cannot be one; the bundle is called `{fallback}` instead");
        let help = "fill in the placeholder, or deploy it as NAME=PATH";
        self.problems.push(Problem::warning("bundle-name", message).at(attribute.value.span()).help(help));
        fallback.clone()
    }

    fn policies(&mut self) -> Vec<Policy> {
        let mut policies: Vec<(bool, Policy)> = Vec::new();
        for (stem, element) in self.xml("policies/") {
            let name = self.name_of(&element, &stem);
            let policy = Policy {
                enabled: self.boolean(&element, "enabled", true),
                continue_on_error: self.boolean(&element, "continueOnError", false),
                kind: element.name.clone(),
                name,
                element,
            };
            policies.push((stem != policy.name, policy));
        }
        policies.sort_by_key(|(elsewhere, _)| *elsewhere);
        policies.into_iter().map(|(_, policy)| policy).collect()
    }

    fn boolean(&mut self, element: &Element, name: &str, default: bool) -> bool {
        let Some(attribute) = element.attribute(name) else { return default };
        match attribute.value.as_str().trim() {
            "true" => true,
            "false" => false,
            _ => {
                let message = format!("`{name}` is neither true nor false; it counts as {default}");
                self.problems.push(Problem::warning("attribute-value", message).at(attribute.value.span()));
                default
            }
        }
    }

    fn resources(&self) -> Vec<Resource> {
        let folder = format!("{}resources/", self.folder);
        let files = self.location.tree.below(&folder);
        let typed =
            files.filter_map(|(path, bytes)| path.split_once('/').map(|(kind, name)| (kind, name, bytes)));
        let resources = typed.map(|(kind, name, bytes)| Resource {
            kind: kind.to_owned(),
            name: name.to_owned(),
            path: format!("{}{folder}{kind}/{name}", self.location.shown),
            bytes: bytes.into(),
        });
        resources.collect()
    }

    /// Names and root elements of the files in a folder that must have a certain root tag.
    fn roots(&mut self, folder: &str, tag: &str) -> Vec<(String, Element)> {
        let mut roots = Vec::new();
        for (stem, root) in self.xml(folder) {
            if root.name == tag {
                roots.push((self.name_of(&root, &stem), root));
                continue;
            }
            let message = format!("`{}` stands where a {tag} is expected; the file is left out", root.name);
            self.problems.push(Problem::error("root-element", message).at(root.name_span.clone()));
        }
        roots
    }

    fn name_of(&mut self, root: &Element, stem: &str) -> String {
        let name = root.attribute_value("name").map(str::trim).filter(|name| !name.is_empty());
        if let Some(name) = name {
            return name.to_owned();
        }
        let message = format!("the {} has no name; it is called `{stem}` after its file", root.name);
        let problem = Problem::error("name-missing", message).at(root.name_span.clone());
        self.problems.push(problem.help(format!("write <{} name=\"{stem}\">", root.name)));
        stem.to_owned()
    }

    /// File names without extension, and root elements, of the readable XML files in a folder.
    fn xml(&mut self, folder: &str) -> Vec<(String, Element)> {
        let location = self.location;
        let folder = format!("{}{folder}", self.folder);
        let mut roots = Vec::new();
        for (name, bytes) in location.tree.xml_files(&folder) {
            let path = format!("{}{folder}{name}", location.shown);
            match decode(&path, bytes).and_then(|(file, odd)| {
                self.files.push(Arc::clone(&file));
                let root = parse_xml(&file)?;
                self.problems.extend(odd);
                Ok(root)
            }) {
                Ok(root) => roots.push((stem(name).to_owned(), root)),
                Err(problem) => self.unreadable_file(problem, &path),
            }
        }
        roots
    }

    /// A file that could not be decoded is known by the problem's place only.
    fn unreadable_file(&mut self, problem: Problem, path: &str) {
        let known = self.files.iter().any(|file| file.path == path);
        if let Some(Span { file, .. }) = problem.span.as_ref().filter(|_| !known) {
            self.files.push(Arc::clone(file));
        }
        self.problems.push(problem);
    }
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
