//! Bundles on a null route beside a bare server that answers the same bytes.

use super::Setting;
use super::serve::{Subject, beside_bare, notes};
use crate::child::Server;
use crate::load::ask;
use crate::organization;
use crate::requests::{form, get, member};
use crate::table::Table;
use std::fs;
use std::path::{Path, PathBuf};

/// Measures.
pub(crate) fn run(setting: &Setting) -> anyhow::Result<Table> {
    let entities = organization::write(&setting.scratch)?;
    let bundle = write_bundle(&setting.scratch)?;
    let (entities, bundle) = (entities.to_string_lossy(), bundle.to_string_lossy());
    let arguments = ["--entities", &entities, "--bundle", &bundle, "--gateway", "127.0.0.1:0"];
    let mut table = Table::default();
    for workers in [1, 2] {
        let server = Server::dormouse(&setting.dormouse, &arguments, workers)?;
        let issue = form("/oauth/token", "grant_type=client_credentials");
        let token = member(&ask(server.address("oauth")?, &issue)?.body, "access_token")?;
        let address = server.address("bench")?;
        for (name, path) in
            [("null route, no policy", "/bench/plain"), ("null route, VerifyAccessToken", "/bench/verified")]
        {
            let subject = Subject { server: &server, address, request: get(path, &token), workers };
            beside_bare(setting, &mut table, name, &subject)?;
        }
    }
    notes(&mut table);
    Ok(table)
}

/// A proxy that verifies access tokens on one of its paths, and answers itself.
fn write_bundle(scratch: &Path) -> anyhow::Result<PathBuf> {
    let bundle = scratch.join("bench");
    for (path, text) in BUNDLE {
        let file = bundle.join("apiproxy").join(path);
        fs::create_dir_all(file.parent().unwrap_or(&bundle))?;
        fs::write(file, text)?;
    }
    Ok(bundle)
}

const BUNDLE: &[(&str, &str)] = &[
    ("bench.xml", r#"<APIProxy name="bench"/>"#),
    (
        "proxies/default.xml",
        r#"<ProxyEndpoint name="default">
  <Flows>
    <Flow name="Verified">
      <Condition>proxy.pathsuffix MatchesPath "/verified"</Condition>
      <Request><Step><Name>OA-Verify</Name></Step></Request>
    </Flow>
  </Flows>
  <HTTPProxyConnection><BasePath>/bench</BasePath></HTTPProxyConnection>
  <RouteRule name="none"/>
</ProxyEndpoint>"#,
    ),
    (
        "policies/OA-Verify.xml",
        r#"<OAuthV2 name="OA-Verify"><Operation>VerifyAccessToken</Operation></OAuthV2>"#,
    ),
];
