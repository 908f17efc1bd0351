//! Sources: who issues tokens. Tokens and counters carry 8 bytes; the names are written once, at deploy.

use crate::Engine;
use crate::error::Error;
use aws_lc_rs::digest;
use dormouse_token::{Collection, DocumentKey, DocumentWrite, Expected, SourceId};
use std::collections::HashMap;

/// The id of a source by its name, such as `oauth/GenerateAccessToken`.
pub fn source_id(name: &str) -> SourceId {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"dormouse-source-1");
    context.update(name.as_bytes());
    let mut id = [0; 8];
    id.copy_from_slice(&context.finish().as_ref()[..8]);
    SourceId(id)
}

impl Engine {
    /// Writes the names of sources that the store does not know yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store gives no answer.
    pub async fn register_sources(&self, names: &[String]) -> Result<(), Error> {
        let known = self.source_names().await?;
        for name in names {
            let id = source_id(name);
            if known.contains_key(&id) {
                continue;
            }
            let key = DocumentKey { collection: Collection::Sources, name: id.to_string().into() };
            let value = Some(name.as_bytes().into());
            // Another node that was first has written the same.
            self.store
                .write_documents(vec![DocumentWrite { key, expected: Expected::Absent, value }])
                .await?;
        }
        Ok(())
    }

    /// The names of all sources that were ever deployed on this store.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store gives no answer.
    pub async fn source_names(&self) -> Result<HashMap<SourceId, String>, Error> {
        let documents = self.store.documents(Collection::Sources).await?;
        let names =
            documents.into_iter().map(|(_, document)| String::from_utf8_lossy(&document.value).into_owned());
        Ok(names.map(|name| (source_id(&name), name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_distinct_and_stable_ids() {
        assert_ne!(source_id("oauth/a"), source_id("oauth/b"));
        assert_eq!(source_id("oauth/a"), source_id("oauth/a"));
    }
}
