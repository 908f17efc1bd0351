//! People, read from the store: they are too many to be resident.

use crate::Engine;
use crate::error::{Error, Unavailable};
use dormouse_entity::{Document as _, User};
use dormouse_token::{Collection, DocumentKey};

impl Engine {
    /// The person of this name.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store gives no answer or the document is damaged.
    pub async fn user(&self, name: &str) -> Result<Option<User>, Error> {
        let key = DocumentKey { collection: Collection::Users, name: name.into() };
        let Some(document) = self.store.document(key).await? else { return Ok(None) };
        Ok(Some(User::from_document(&document.value, &self.vault()).map_err(|_| Unavailable::Sealed)?))
    }
}
