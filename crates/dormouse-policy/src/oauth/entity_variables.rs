//! Variables about apps, developers and API products, under whatever prefix a policy has (Apigee: "Flow variables set by
//! VerifyAPIKey and VerifyAccessToken").

use crate::oauth::view::ClientFacts;
use dormouse_entity::{Directory, Matched, PathPattern};
use dormouse_flow::Value;
use dormouse_token::Attributes;

/// `apiproduct.` followed by `suffix`.
pub(crate) fn product_variable(matched: &Matched<'_>, suffix: &str) -> Option<Value> {
    let (product, quota) = (matched.product, matched.quota());
    let set = |text: &str| Value::from((!text.is_empty()).then_some(text));
    let value = match suffix {
        "name" => product.name.as_str().into(),
        "displayName" => set(&product.display_name),
        "description" => set(&product.description),
        "operation" | "operation.resource" => matched.resource.map(PathPattern::as_str).into(),
        "operation.methods" => Value::list(matched.methods().iter().map(String::as_str)),
        "developer.quota.limit" => set(&quota.limit),
        "developer.quota.interval" => set(&quota.interval),
        "developer.quota.timeunit" => set(&quota.time_unit),
        _ => match suffix.strip_prefix("operation.attributes.") {
            Some(name) => {
                return matched.operation_attributes().and_then(|attributes| attribute(attributes, name));
            }
            None => return attribute(&product.attributes, suffix),
        },
    };
    Some(value)
}

/// `app.` followed by `suffix`.
pub(crate) fn app_variable(client: &ClientFacts, suffix: &str) -> Option<Value> {
    let app = &client.app;
    let value = match suffix {
        "name" => app.name.as_str().into(),
        "id" => app.app_id.as_str().into(),
        "accessType" => "".into(),
        "callbackUrl" => app.callback_url.as_deref().unwrap_or_default().into(),
        "DisplayName" => app.display_name.as_str().into(),
        "status" => app.status.as_str().into(),
        "scopes" => Value::list(app.scopes.iter()),
        "appFamily" => app.app_family.as_str().into(),
        "apiproducts" => Value::list(client.products.iter().map(|name| &**name)),
        "appParentStatus" => client.developer.status.as_str().into(),
        "appType" => "Developer".into(),
        "appParentId" => app.developer_id.as_str().into(),
        "created_by" | "last_modified_by" => client.developer.email.as_str().into(),
        "created_at" => app.created_at.as_ms().into(),
        "last_modified_at" => app.last_modified_at.as_ms().into(),
        _ => return attribute(app.attributes(), suffix),
    };
    Some(value)
}

/// `developer.` followed by `suffix`, `developer.app.` included.
pub(crate) fn developer_variable(client: &ClientFacts, directory: &Directory, suffix: &str) -> Option<Value> {
    let developer = &client.developer;
    let value = match suffix {
        "apps" => {
            let apps = directory.apps_of(developer.developer_id.as_str());
            Value::list(apps.map(|app| app.name.as_str()))
        }
        "app.name" => client.app.name.as_str().into(),
        "app.id" => client.app.app_id.as_str().into(),
        "id" => developer.developer_id.as_str().into(),
        "userName" => developer.user_name.as_str().into(),
        "firstName" => developer.first_name.as_str().into(),
        "lastName" => developer.last_name.as_str().into(),
        "status" => developer.status.as_str().into(),
        "email" | "created_by" | "last_modified_by" => developer.email.as_str().into(),
        "created_at" => developer.created_at.as_ms().into(),
        "last_modified_at" => developer.last_modified_at.as_ms().into(),
        _ => return attribute(&developer.attributes, suffix),
    };
    Some(value)
}

fn attribute(attributes: &Attributes, name: &str) -> Option<Value> {
    attributes.value(name).map(Value::from)
}
