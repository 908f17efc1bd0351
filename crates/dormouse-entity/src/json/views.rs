//! The management API's answers about entities together with what belongs to them.

use super::Secrets;
use crate::{App, Developer, Directory};
use serde_json::{Map, Value, json};

impl Directory {
    /// A developer with the names of the apps.
    pub fn developer_json(&self, developer: &Developer, organization: &str) -> Map<String, Value> {
        let mut names: Vec<_> =
            self.apps_of(developer.developer_id.as_str()).map(|app| app.name.as_str()).collect();
        names.sort_unstable();
        let mut form = developer.to_json();
        form.insert("apps".to_owned(), json!(names));
        form.insert("organizationName".to_owned(), json!(organization));
        form
    }

    /// An app with its keys.
    pub fn app_json(&self, app: &App, secrets: Secrets) -> Map<String, Value> {
        let credentials = self.credentials_of(app.app_id.as_str()).into_iter();
        let credentials = credentials.map(|credential| Value::Object(credential.to_json(secrets)));
        let mut form = app.to_json();
        form.insert("credentials".to_owned(), credentials.collect());
        form
    }
}
