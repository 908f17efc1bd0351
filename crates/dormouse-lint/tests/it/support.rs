//! Bundles in temporary directories.

use std::fs;
use std::path::{Path, PathBuf};

/// A proxy that issues refresh tokens and has a refresh flow behind the one that takes its requests.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("apiproxy/tokens.xml", "<APIProxy name=\"tokens\"/>"),
    (
        "apiproxy/proxies/default.xml",
        "<ProxyEndpoint name=\"default\"><Flows><Flow name=\"token\"><Condition>proxy.pathsuffix MatchesPath \"/token\"\
         </Condition><Request><Step><Name>Token</Name></Step></Request></Flow><Flow name=\"refresh\"><Condition>\
         proxy.pathsuffix MatchesPath \"/token\" &amp;&amp; request.formparam.grant_type = \"refresh_token\"</Condition>\
         <Request><Step><Name>Refresh</Name></Step></Request></Flow></Flows><HTTPProxyConnection><BasePath>/oauth\
         </BasePath></HTTPProxyConnection><RouteRule name=\"none\"/></ProxyEndpoint>",
    ),
    (
        "apiproxy/policies/Token.xml",
        "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <SupportedGrantTypes><GrantType>\
         password</GrantType></SupportedGrantTypes>\n  <GenerateResponse/>\n</OAuthV2>",
    ),
    (
        "apiproxy/policies/Refresh.xml",
        "<OAuthV2 name=\"Refresh\">\n  <Operation>RefreshAccessToken</Operation>\n  <GenerateResponse/>\n</OAuthV2>",
    ),
];

/// Writes files below a directory.
pub(crate) fn write(directory: &Path, files: &[(&str, &[u8])]) -> PathBuf {
    for (path, bytes) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    directory.to_owned()
}

/// The proxy of [`FILES`] below a directory.
pub(crate) fn write_proxy(directory: &Path) -> PathBuf {
    let files: Vec<(&str, &[u8])> = FILES.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    write(directory, &files)
}
