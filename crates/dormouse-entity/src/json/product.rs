//! The JSON form of API products.

use super::attributes::{read_attributes, read_scopes, write_attributes, write_scopes};
use super::node::{Fault, LIST_MAX, Node, Object, TEXT_MAX};
use crate::{
    ApiProduct, ApprovalType, Name, Operation, OperationConfig, OperationGroup, PathPattern, Problem, Quota,
};
use dormouse_token::Timestamp;
use serde_json::{Map, Value, json};

impl ApiProduct {
    /// The management API's form.
    pub fn to_json(&self) -> Map<String, Value> {
        let paths = self.api_resources.iter().map(PathPattern::as_str);
        let mut form = Map::new();
        form.insert("name".to_owned(), json!(self.name.as_str()));
        form.insert("displayName".to_owned(), json!(self.display_name));
        form.insert("description".to_owned(), json!(self.description));
        form.insert("approvalType".to_owned(), json!(self.approval_type.as_str()));
        form.insert("attributes".to_owned(), write_attributes(&self.attributes));
        form.insert("environments".to_owned(), self.environments.iter().map(Name::as_str).collect());
        form.insert("proxies".to_owned(), json!(self.proxies));
        form.insert("apiResources".to_owned(), paths.collect());
        form.insert("scopes".to_owned(), write_scopes(&self.scopes));
        for (member, value) in QUOTA_MEMBERS.into_iter().zip(quota_values(&self.quota)) {
            if !value.is_empty() {
                form.insert(member.to_owned(), json!(value));
            }
        }
        if let Some(group) = &self.operation_group {
            let configs: Value = group.configs.iter().map(write_config).collect();
            let group = json!({ "operationConfigs": configs, "operationConfigType": group.kind });
            form.insert("operationGroup".to_owned(), group);
        }
        form.insert("createdAt".to_owned(), json!(self.created_at.as_ms().to_string()));
        form.insert("lastModifiedAt".to_owned(), json!(self.last_modified_at.as_ms().to_string()));
        form
    }
}

/// Reads a product. `displayName` defaults to the name, as Apigee demands one.
pub(crate) fn read_product(node: Node<'_>, now: Timestamp) -> Result<ApiProduct, Fault> {
    let object = node.object()?;
    let name = object.required("name")?.name("name", Name::parse)?;
    let display_name = object.get("displayName").map_or(Ok(name.to_string()), |node| node.plain(TEXT_MAX))?;
    let description = object.get("description").map_or(Ok(String::new()), |node| node.text(TEXT_MAX))?;
    let environments = object.list("environments")?.into_iter().filter(|node| !node.is_empty_text());
    Ok(ApiProduct {
        display_name,
        description,
        approval_type: read_approval_type(&object)?,
        attributes: read_attributes(&object)?,
        environments: environments
            .map(|node| node.name("environments", Name::parse))
            .collect::<Result<_, _>>()?,
        proxies: object.plain_list("proxies")?,
        api_resources: object.plain_list("apiResources")?.iter().map(|path| PathPattern::new(path)).collect(),
        scopes: read_scopes(&object)?,
        quota: read_quota(&object, QUOTA_MEMBERS)?,
        operation_group: read_operation_group(&object)?,
        created_at: object.timestamp("createdAt", now)?,
        last_modified_at: object.timestamp("lastModifiedAt", now)?,
        name,
    })
}

fn read_approval_type(object: &Object<'_>) -> Result<ApprovalType, Fault> {
    let Some(node) = object.get("approvalType").filter(|node| !node.is_empty_text()) else {
        return Ok(ApprovalType::Auto);
    };
    match node.text(TEXT_MAX)?.to_ascii_lowercase().as_str() {
        "auto" => Ok(ApprovalType::Auto),
        "manual" => Ok(ApprovalType::Manual),
        _ => Err(node.fault(Problem::Word("auto, manual"))),
    }
}

/// Reads the three members of a quota. A nested object, which some exports have in the first one's place, counts as well.
fn read_quota(object: &Object<'_>, members: [&str; 3]) -> Result<Quota, Fault> {
    let [limit, interval, time_unit] = members;
    if let Some(nested) = object.get(limit).filter(|node| node.is_object()) {
        return read_quota(&nested.object()?, OPERATION_QUOTA_MEMBERS);
    }
    Ok(Quota {
        limit: object.plain(limit)?,
        interval: object.plain(interval)?,
        time_unit: object.plain(time_unit)?,
    })
}

fn quota_values(quota: &Quota) -> [&str; 3] {
    [&quota.limit, &quota.interval, &quota.time_unit]
}

/// Reads all operation groups as one. A group for GraphQL, gRPC or language models restricts the product to its proxies
/// too, so leaving it out would open what it closes. A group without configurations is none.
fn read_operation_group(object: &Object<'_>) -> Result<Option<OperationGroup>, Fault> {
    let mut group = OperationGroup { kind: String::new(), configs: Vec::new() };
    for (member, operations) in OPERATION_GROUPS {
        let Some(node) = object.get(member) else {
            continue;
        };
        let own = node.object()?;
        for config in own.list("operationConfigs")? {
            group.configs.push(read_config(&config.object()?, operations)?);
        }
        if group.kind.is_empty() {
            group.kind = own.plain("operationConfigType")?;
        }
    }
    if group.configs.len() > LIST_MAX {
        return Err(object.node().fault(Problem::TooMany { count: group.configs.len(), limit: LIST_MAX }));
    }
    if group.kind.is_empty() {
        "proxy".clone_into(&mut group.kind);
    }
    Ok(Some(group).filter(|group| !group.configs.is_empty()))
}

fn read_config(object: &Object<'_>, operations: &str) -> Result<OperationConfig, Fault> {
    let api_source = Some(object.plain("apiSource")?).filter(|source| !source.is_empty());
    let quota = match object.get("quota") {
        Some(node) => read_quota(&node.object()?, OPERATION_QUOTA_MEMBERS)?,
        None => Quota::default(),
    };
    Ok(OperationConfig {
        api_source,
        operations: object.list(operations)?.into_iter().map(read_operation).collect::<Result<_, _>>()?,
        quota,
        attributes: read_attributes(object)?,
    })
}

fn read_operation(node: Node<'_>) -> Result<Operation, Fault> {
    let object = node.object()?;
    Ok(Operation {
        resource: PathPattern::new(&object.plain("resource")?),
        methods: object.plain_list("methods")?,
    })
}

fn write_config(config: &OperationConfig) -> Value {
    let operation = |operation: &Operation| json!({ "resource": operation.resource.as_str(), "methods": operation.methods });
    let quota = OPERATION_QUOTA_MEMBERS.into_iter().zip(quota_values(&config.quota));
    let quota: Map<_, _> = quota
        .filter(|(_, value)| !value.is_empty())
        .map(|(member, value)| (member.to_owned(), json!(value)))
        .collect();
    let mut form = json!({
        "operations": config.operations.iter().map(operation).collect::<Value>(),
        "quota": quota,
        "attributes": write_attributes(&config.attributes),
    });
    if let (Some(source), Some(form)) = (&config.api_source, form.as_object_mut()) {
        form.insert("apiSource".to_owned(), json!(source));
    }
    form
}

const QUOTA_MEMBERS: [&str; 3] = ["quota", "quotaInterval", "quotaTimeUnit"];
const OPERATION_QUOTA_MEMBERS: [&str; 3] = ["limit", "interval", "timeUnit"];
/// The groups, each with the member that lists its operations by path. GraphQL and gRPC operations have no paths.
const OPERATION_GROUPS: [(&str, &str); 4] = [
    ("operationGroup", "operations"),
    ("llmOperationGroup", "llmOperations"),
    ("graphqlOperationGroup", ""),
    ("grpcOperationGroup", ""),
];
