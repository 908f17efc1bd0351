//! Entities as the store keeps them: the management API's JSON form in which a sealed text stands for each secret.

use crate::json::{self, Fault, Source};
use crate::{
    ApiProduct, App, ConsumerKey, Credential, Developer, EntityError, EntityId, PlainName, Problem, Secrets,
    TargetServer, User,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dormouse_token::{Secret, Timestamp};
use serde_json::{Map, Value, json};
use thiserror::Error;

/// Seals secrets on their way into the store and opens them on their way out.
pub trait Vault {
    /// An opaque form of the secret.
    ///
    /// # Errors
    /// [`NotSealed`]: nothing may be stored then.
    fn seal(&self, secret: &Secret) -> Result<Vec<u8>, NotSealed>;

    /// The secret again; none when the bytes were not sealed here.
    fn open(&self, sealed: &[u8]) -> Option<Secret>;
}

/// There is no key to seal with, or the cipher has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the secret cannot be sealed for the store")]
pub struct NotSealed;

/// A document that cannot be read back.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// The bytes are not a document of this kind.
    #[error("stored document is damaged: {0}")]
    Damaged(#[from] EntityError),
    /// The secret does not open under the keys at hand.
    #[error("stored secret of {0:?} does not open: it was sealed under another wrapping key")]
    Sealed(String),
    /// The bytes are not UTF-8.
    #[error("stored document is damaged: not UTF-8")]
    Utf8,
}

/// An entity that the store keeps under a key of its own.
pub trait Document: Sized {
    /// Separates the keys of different kinds.
    const KIND: &'static str;

    /// The key, which never changes for one entity.
    fn document_key(&self) -> &str;

    /// The bytes for the store.
    ///
    /// # Errors
    /// [`NotSealed`] when the vault does not seal the secret.
    fn to_document(&self, vault: &dyn Vault) -> Result<Vec<u8>, NotSealed>;

    /// The inverse of [`Document::to_document`].
    ///
    /// # Errors
    /// [`DocumentError`] when the bytes are damaged or the secret does not open.
    fn from_document(bytes: &[u8], vault: &dyn Vault) -> Result<Self, DocumentError>;
}

impl Document for Developer {
    const KIND: &'static str = "developer";

    fn document_key(&self) -> &str {
        self.developer_id.as_str()
    }

    fn to_document(&self, _: &dyn Vault) -> Result<Vec<u8>, NotSealed> {
        Ok(bytes(self.to_json()))
    }

    fn from_document(bytes: &[u8], _: &dyn Vault) -> Result<Self, DocumentError> {
        read(bytes, |node| json::read_developer(node, "", Timestamp::EPOCH))
    }
}

impl Document for App {
    const KIND: &'static str = "app";

    fn document_key(&self) -> &str {
        self.app_id.as_str()
    }

    fn to_document(&self, _: &dyn Vault) -> Result<Vec<u8>, NotSealed> {
        Ok(bytes(self.to_json()))
    }

    fn from_document(bytes: &[u8], _: &dyn Vault) -> Result<Self, DocumentError> {
        read(bytes, |node| json::read_app(node, Timestamp::EPOCH))
    }
}

impl Document for ApiProduct {
    const KIND: &'static str = "product";

    fn document_key(&self) -> &str {
        self.name.as_str()
    }

    fn to_document(&self, _: &dyn Vault) -> Result<Vec<u8>, NotSealed> {
        Ok(bytes(self.to_json()))
    }

    fn from_document(bytes: &[u8], _: &dyn Vault) -> Result<Self, DocumentError> {
        read(bytes, |node| json::read_product(node, Timestamp::EPOCH))
    }
}

impl Document for TargetServer {
    const KIND: &'static str = "targetserver";

    fn document_key(&self) -> &str {
        self.name.as_str()
    }

    fn to_document(&self, _: &dyn Vault) -> Result<Vec<u8>, NotSealed> {
        Ok(bytes(self.to_json()))
    }

    fn from_document(bytes: &[u8], _: &dyn Vault) -> Result<Self, DocumentError> {
        read(bytes, json::read_target_server)
    }
}

impl Document for Credential {
    const KIND: &'static str = "credential";

    fn document_key(&self) -> &str {
        self.consumer_key.as_str()
    }

    fn to_document(&self, vault: &dyn Vault) -> Result<Vec<u8>, NotSealed> {
        let mut form = self.to_json(Secrets::Hidden);
        form.insert("appId".to_owned(), json!(self.app_id.as_str()));
        form.insert(SEALED.to_owned(), json!(URL_SAFE_NO_PAD.encode(vault.seal(&self.consumer_secret)?)));
        Ok(bytes(form))
    }

    fn from_document(bytes: &[u8], vault: &dyn Vault) -> Result<Self, DocumentError> {
        let (sealed, mut credential) = read(bytes, |node| {
            let object = node.object()?;
            let app_id = object.required("appId")?.name("appId", EntityId::parse)?;
            let key = object.required("consumerKey")?.name("consumerKey", ConsumerKey::parse)?;
            let sealed = object.required(SEALED)?.text(SEALED_MAX)?;
            let secret = Secret::new(String::new());
            Ok((sealed, json::read_credential(&object, (key, secret), app_id, Timestamp::EPOCH)?))
        })?;
        let opened = URL_SAFE_NO_PAD.decode(sealed).ok().and_then(|sealed| vault.open(&sealed));
        credential.consumer_secret =
            opened.ok_or_else(|| DocumentError::Sealed(credential.consumer_key.to_string()))?;
        Ok(credential)
    }
}

impl Document for User {
    const KIND: &'static str = "user";

    fn document_key(&self) -> &str {
        self.username.as_str()
    }

    fn to_document(&self, _: &dyn Vault) -> Result<Vec<u8>, NotSealed> {
        let form = json!({ "username": self.username.as_str(), "passwordHash": self.password_hash.as_str() });
        Ok(form.to_string().into_bytes())
    }

    fn from_document(bytes: &[u8], _: &dyn Vault) -> Result<Self, DocumentError> {
        read(bytes, |node| {
            let object = node.object()?;
            let username = object.required("username")?.name("username", PlainName::parse)?;
            let hash = object.required("passwordHash")?;
            let password_hash =
                hash.text(SEALED_MAX)?.parse().map_err(|error| hash.fault(Problem::Password(error)))?;
            Ok(Self { username, password_hash })
        })
    }
}

fn bytes(form: Map<String, Value>) -> Vec<u8> {
    Value::Object(form).to_string().into_bytes()
}

fn read<T>(bytes: &[u8], read: impl FnOnce(json::Node<'_>) -> Result<T, Fault>) -> Result<T, DocumentError> {
    let text = std::str::from_utf8(bytes).map_err(|_| DocumentError::Utf8)?;
    let source = Source::new("store", text);
    Ok(read(source.root()?).map_err(|fault| source.error(fault))?)
}

const SEALED: &str = "sealedSecret";
/// A sealed secret is a little longer than the secret.
const SEALED_MAX: usize = 16 * 1024;
