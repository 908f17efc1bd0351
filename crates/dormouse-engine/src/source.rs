//! Names of sources: the policies and endpoints that issue tokens. Tokens seal a short hash of the name (TOKENS §1), the
//! store keeps the name once, and the audit tells it.

use crate::Engine;
use crate::error::{Error, Unavailable};
use aws_lc_rs::digest::{Context, SHA256};
use dormouse_token::{Collection, DocumentKey, DocumentWrite, Expected, SourceId, StoreError};
use std::collections::HashMap;

/// The id of a source: the first 8 bytes of SHA-256 over a label and the name.
pub fn source_id(name: &str) -> SourceId {
    let mut context = Context::new(&SHA256);
    context.update(LABEL);
    context.update(name.as_bytes());
    let mut id = [0; 8];
    for (own, byte) in id.iter_mut().zip(context.finish().as_ref()) {
        *own = *byte;
    }
    SourceId(id)
}

impl Engine {
    /// Keeps the names of sources, at a deploy. Names that are kept already are not written again.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn register_sources(&self, names: &[String]) -> Result<(), Error> {
        for _ in 0..ATTEMPTS_MAX {
            let known = self.source_names().await?;
            let new = names.iter().filter(|name| !known.contains_key(&source_id(name)));
            let writes: Vec<_> = new.map(|name| write(name)).collect();
            if writes.is_empty() || self.write_set(writes).await? {
                return Ok(());
            }
        }
        Err(Unavailable::Contended.into())
    }

    /// The names of all sources that were ever registered.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn source_names(&self) -> Result<HashMap<SourceId, String>, Error> {
        let read = |(key, document): (DocumentKey, dormouse_token::Document)| {
            let name = String::from_utf8(document.value.into()).ok();
            let name = name.filter(|name| source_id(name).to_string() == *key.name);
            let damaged =
                || StoreError::Corrupt(format!("the name of source {} is damaged", key.name).into());
            name.map(|name| (source_id(&name), name)).ok_or_else(|| damaged().into())
        };
        self.store.documents(Collection::Sources).await?.into_iter().map(read).collect()
    }
}

fn write(name: &str) -> DocumentWrite {
    let key = DocumentKey { collection: Collection::Sources, name: source_id(name).to_string().into() };
    DocumentWrite { key, expected: Expected::Absent, value: Some(name.as_bytes().into()) }
}

const LABEL: &[u8] = b"dormouse-source-1\0";

/// A race can be lost once a name at most.
const ATTEMPTS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_fixed_by_its_name_alone() {
        // printf 'dormouse-source-1\0oauth/GenerateToken' | sha256sum
        assert_eq!(source_id("oauth/GenerateToken").to_string(), "7f7d825d3fb4c1aa");
        assert_ne!(source_id("oauth/GenerateToken"), source_id("oauth/GenerateTokens"));
    }
}
