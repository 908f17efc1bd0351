//! The bundle and the entities of the demo, written where the child reads them.

use std::fs;
use std::io;
use std::path::Path;

/// A client of the demo.
pub(crate) struct Client {
    pub(crate) key: &'static str,
    pub(crate) secret: &'static str,
}

/// Redeems some of its refresh tokens.
pub(crate) const WEB: Client = Client { key: "web-shop", secret: "web-shop-secret" };

/// Never redeems any: the antipattern.
pub(crate) const BATCH: Client = Client { key: "nightly-batch", secret: "nightly-batch-secret" };

/// Writes `apiproxy/` and `entities/` into a directory.
pub(crate) fn write(directory: &Path) -> io::Result<()> {
    for (name, text) in FILES {
        let path = directory.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

const FILES: &[(&str, &str)] = &[
    ("apiproxy/demo.xml", include_str!("../../demo/apiproxy/demo.xml")),
    ("apiproxy/proxies/default.xml", include_str!("../../demo/apiproxy/proxies/default.xml")),
    ("apiproxy/policies/OA-Generate.xml", include_str!("../../demo/apiproxy/policies/OA-Generate.xml")),
    ("apiproxy/policies/OA-Refresh.xml", include_str!("../../demo/apiproxy/policies/OA-Refresh.xml")),
    ("apiproxy/policies/OA-Invalidate.xml", include_str!("../../demo/apiproxy/policies/OA-Invalidate.xml")),
    ("apiproxy/policies/OA-Verify.xml", include_str!("../../demo/apiproxy/policies/OA-Verify.xml")),
    ("apiproxy/policies/AM-Done.xml", include_str!("../../demo/apiproxy/policies/AM-Done.xml")),
    ("entities/products.json", r#"[{"name": "shop", "proxies": ["demo"], "scopes": ["read", "write"]}]"#),
    ("entities/developers.json", r#"[{"email": "ann@shop.example", "firstName": "Ann", "lastName": "Ode"}]"#),
    (
        "entities/developerapps.json",
        r#"[
  {"name": "web-shop", "developerEmail": "ann@shop.example",
   "attributes": [{"name": "dormouse.refresh.rotation", "value": "rotate"}],
   "credentials": [{"consumerKey": "web-shop", "consumerSecret": "web-shop-secret", "apiProducts": [{"apiproduct": "shop"}]}]},
  {"name": "nightly-batch", "developerEmail": "ann@shop.example",
   "credentials": [{"consumerKey": "nightly-batch", "consumerSecret": "nightly-batch-secret", "apiProducts": [{"apiproduct": "shop"}]}]}
]"#,
    ),
];
