//! The JSON form of target servers.

use super::node::{Fault, Node, Object};
use crate::{PlainName, Problem, TargetServer, TargetTls};
use serde_json::{Map, Value, json};

impl TargetServer {
    /// The management API's form.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut form = Map::new();
        form.insert("name".to_owned(), json!(self.name.as_str()));
        form.insert("host".to_owned(), json!(self.host));
        form.insert("port".to_owned(), json!(self.port));
        form.insert("isEnabled".to_owned(), json!(self.is_enabled));
        if let Some(tls) = &self.tls {
            let tls = json!({
                "enabled": tls.enabled,
                "clientAuthEnabled": tls.client_auth_enabled,
                "ignoreValidationErrors": tls.ignore_validation_errors,
                "keyStore": tls.key_store,
                "keyAlias": tls.key_alias,
                "trustStore": tls.trust_store,
                "ciphers": tls.ciphers,
                "protocols": tls.protocols,
            });
            form.insert("sSLInfo".to_owned(), tls);
        }
        form
    }
}

/// Reads a target server. The port defaults to that of its scheme.
pub(crate) fn read_target_server(node: Node<'_>) -> Result<TargetServer, Fault> {
    let object = node.object()?;
    let name = object.required("name")?.name("name", PlainName::parse)?;
    let host_node = object.required("host")?;
    let host = object.plain("host")?.trim().to_owned();
    if host.is_empty() {
        return Err(host_node.fault(Problem::Missing("host")));
    }
    let tls = object.get("sSLInfo").or_else(|| object.get("sslInfo")).map(read_tls).transpose()?;
    let default_port = if tls.as_ref().is_some_and(|tls| tls.enabled) { 443 } else { 80 };
    let port = object.get("port").map_or(Ok(default_port), |node| node.number(1, 65_535))?;
    let port = u16::try_from(port).map_err(|_| node.fault(Problem::Range { min: 1, max: 65_535 }))?;
    Ok(TargetServer { name, host, port, is_enabled: object.boolean("isEnabled", true)?, tls })
}

fn read_tls(node: Node<'_>) -> Result<TargetTls, Fault> {
    let object = node.object()?;
    Ok(TargetTls {
        enabled: object.boolean("enabled", true)?,
        client_auth_enabled: object.boolean("clientAuthEnabled", false)?,
        ignore_validation_errors: object.boolean("ignoreValidationErrors", false)?,
        key_store: object.plain("keyStore")?,
        key_alias: object.plain("keyAlias")?,
        trust_store: object.plain("trustStore")?,
        ciphers: words(&object, "ciphers")?,
        protocols: words(&object, "protocols")?,
    })
}

/// Empty words stand for an empty list in some exports.
fn words(object: &Object<'_>, name: &str) -> Result<Vec<String>, Fault> {
    let mut words = object.plain_list(name)?;
    words.retain(|word| !word.is_empty());
    Ok(words)
}
