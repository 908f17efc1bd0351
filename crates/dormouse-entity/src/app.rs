//! Apps of developers (Apigee's `apps` resource). Their keys are [`crate::Credential`]s.

use crate::{AppSettings, AppStatus, EntityId, Name, SettingError};
use dormouse_token::{Attributes, Scope, Timestamp};

/// An app. Attributes and the settings read from them change together, so they are set through
/// [`App::set_attributes`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Never changes.
    pub app_id: EntityId,
    /// Unique among the apps of one developer.
    pub name: Name,
    /// The owner.
    pub developer_id: EntityId,
    /// Whether the app may be used.
    pub status: AppStatus,
    /// The registered redirection URI. `""` and `"NA"`, which Apigee's tools write for none, are absent here.
    pub callback_url: Option<String>,
    /// The app's own list of scopes; informative, the products of a key decide.
    pub scopes: Scope,
    /// May be empty.
    pub display_name: String,
    /// Apigee's grouping of apps, `default` when nothing else was given.
    pub app_family: String,
    /// When the app was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub last_modified_at: Timestamp,
    attributes: Attributes,
    settings: AppSettings,
}

impl App {
    /// An approved app with nothing but its identity.
    pub fn new(app_id: EntityId, developer_id: EntityId, name: Name, now: Timestamp) -> Self {
        Self {
            app_id,
            name,
            developer_id,
            status: AppStatus::Approved,
            callback_url: None,
            scopes: Scope::default(),
            display_name: String::new(),
            app_family: DEFAULT_FAMILY.to_owned(),
            created_at: now,
            last_modified_at: now,
            attributes: Attributes::default(),
            settings: AppSettings::default(),
        }
    }

    /// Custom attributes.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// What the attributes under `dormouse.` say.
    pub fn settings(&self) -> &AppSettings {
        &self.settings
    }

    /// Replaces the custom attributes.
    ///
    /// # Errors
    /// [`SettingError`] when an attribute under `dormouse.` has no meaning; nothing is changed then.
    pub fn set_attributes(&mut self, attributes: Attributes) -> Result<(), SettingError> {
        self.settings = AppSettings::parse(&attributes)?;
        self.attributes = attributes;
        Ok(())
    }
}

/// Apigee's family of apps that were put into none.
pub(crate) const DEFAULT_FAMILY: &str = "default";
