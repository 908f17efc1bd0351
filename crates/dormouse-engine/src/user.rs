//! People who sign in or use the password grant. They are read from the store when they are asked for, never resident.

use crate::Engine;
use crate::error::{Error, Unavailable};
use dormouse_entity::{Document as _, EntityKey, IncomingUser, User};
use dormouse_token::{Collection, DocumentKey, DocumentWrite, Expected};

impl Engine {
    /// The person of this name. The password is to be checked away from threads that serve requests.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn user(&self, name: &str) -> Result<Option<User>, Error> {
        let document = self.store.document(user_key(name)).await?;
        let read = |document: dormouse_token::Document| User::from_document(&document.value, &self.vault());
        document.map(read).transpose().map_err(|error| {
            tracing::error!(%error, "a stored user cannot be read");
            Unavailable::Sealed.into()
        })
    }

    /// Whether anybody could use the password grant. Reads every person while there is none: keep a yes.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn has_users(&self) -> Result<bool, Error> {
        Ok(!self.store.documents(Collection::Users).await?.is_empty())
    }

    /// Adds a person, or replaces the password, as administration does. Durable when it returns. Hashes a clear password:
    /// not to be called on a thread that serves requests.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; when the outcome is unknown, putting it again does no harm.
    pub async fn put_user(&self, incoming: &IncomingUser) -> Result<(), Error> {
        let user = self.user_of(incoming)?;
        let write = DocumentWrite {
            key: user_key(user.document_key()),
            expected: Expected::Anything,
            value: Some(user.to_document(&self.vault())?.into()),
        };
        for _ in 0..ATTEMPTS_MAX {
            let row = self.ledger_row(EntityKey::User(user.username.to_string())).await?;
            let lifted = row.is_deleted.then(|| row.made_again());
            if self.write_set(lifted.into_iter().chain([write.clone()]).collect()).await? {
                return Ok(());
            }
        }
        Err(Unavailable::Contended.into())
    }
}

pub(crate) fn user_key(name: &str) -> DocumentKey {
    DocumentKey { collection: Collection::Users, name: name.into() }
}

const ATTEMPTS_MAX: usize = 16;
