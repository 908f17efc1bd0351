//! Which API product covers a call: environment, proxy, path and verb together (Apigee: "Managing API products").

use crate::{ApiProduct, Name, Operation, OperationConfig, PathPattern, Quota};
use dormouse_token::{Attributes, Scope};

/// A call that needs a product.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The environment that serves it.
    pub environment: &'a str,
    /// Name under which the proxy is deployed.
    pub proxy: &'a str,
    /// Request method.
    pub verb: &'a str,
    /// Path after the base path, without query.
    pub path: &'a str,
}

/// A product that covers a call, and what it said about it.
#[derive(Clone, Copy, Debug)]
pub struct Matched<'a> {
    /// The product.
    pub product: &'a ApiProduct,
    /// The resource path that matched; none when the product names no paths.
    pub resource: Option<&'a PathPattern>,
    /// The operation that matched, when the product has an operation group with operations.
    pub operation: Option<&'a Operation>,
    /// The operations' configuration, when the product has an operation group.
    pub config: Option<&'a OperationConfig>,
}

/// What of a product does not fit a call: the nearest miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mismatch {
    /// The environment is not in the product.
    Environment,
    /// The proxy is not in the product.
    Proxy,
    /// The proxy is, but no path of the product matches.
    Path,
    /// A path matches, but not with this verb.
    Verb,
}

impl<'a> Matched<'a> {
    /// Verbs of the operation; empty allows all.
    pub fn methods(&self) -> &'a [String] {
        self.operation.map_or(&[], |operation| &operation.methods)
    }

    /// Attributes of the operations' configuration.
    pub fn operation_attributes(&self) -> Option<&'a Attributes> {
        self.config.map(|config| &config.attributes)
    }

    /// The operation's quota where it has one, else the product's.
    pub fn quota(&self) -> &'a Quota {
        self.config
            .map(|config| &config.quota)
            .filter(|quota| !quota.is_empty())
            .unwrap_or(&self.product.quota)
    }
}

/// The first of the products that covers the call. The caller leaves out those that are not approved or cut off.
pub fn match_product<'a>(
    products: impl IntoIterator<Item = &'a ApiProduct>,
    call: &Call<'_>,
) -> Option<Matched<'a>> {
    products.into_iter().find_map(|product| examine(product, call).ok())
}

/// What of each product does not fit, in order; products that do cover the call are left out.
pub fn why_not<'a>(
    products: impl IntoIterator<Item = &'a ApiProduct>,
    call: &Call<'_>,
) -> Vec<(&'a Name, Mismatch)> {
    let mismatch =
        |product: &'a ApiProduct| examine(product, call).err().map(|mismatch| (&product.name, mismatch));
    products.into_iter().filter_map(mismatch).collect()
}

/// Every scope that tokens of these products may be granted, in the products' order.
pub fn grantable_scope<'a>(products: impl IntoIterator<Item = &'a ApiProduct>) -> Scope {
    products.into_iter().flat_map(|product| product.scopes.iter()).map(Box::from).collect()
}

/// What a request for `requested` is granted out of `grantable`: everything for no request, else what both have. Nothing
/// in common is an empty grant, not an error, as on Apigee; who wants an error asks [`Scope::is_subset`].
pub fn grant_scope(requested: Option<&Scope>, grantable: &Scope) -> Scope {
    match requested.filter(|scope| !scope.is_empty()) {
        None => grantable.clone(),
        Some(requested) => requested.intersection(grantable),
    }
}

/// Whether a product covers the call.
pub fn examine<'a>(product: &'a ApiProduct, call: &Call<'_>) -> Result<Matched<'a>, Mismatch> {
    if !restricts_nothing_or(&product.environments, |environment| environment.as_str() == call.environment) {
        return Err(Mismatch::Environment);
    }
    let Some(group) = &product.operation_group else {
        return examine_lists(product, call);
    };
    let mut nearest = Mismatch::Proxy;
    for config in &group.configs {
        match examine_config(config, call) {
            Ok(operation) => {
                let resource = operation.map(|operation| &operation.resource);
                return Ok(Matched { product, resource, operation, config: Some(config) });
            }
            Err(mismatch) => nearest = nearest.max(mismatch),
        }
    }
    Err(nearest)
}

/// The product's own proxies and paths, which count when there is no operation group.
fn examine_lists<'a>(product: &'a ApiProduct, call: &Call<'_>) -> Result<Matched<'a>, Mismatch> {
    if !restricts_nothing_or(&product.proxies, |proxy| proxy == call.proxy) {
        return Err(Mismatch::Proxy);
    }
    let resource = product.api_resources.iter().find(|resource| resource.matches(call.path));
    if resource.is_none() && !product.api_resources.is_empty() {
        return Err(Mismatch::Path);
    }
    Ok(Matched { product, resource, operation: None, config: None })
}

fn examine_config<'a>(
    config: &'a OperationConfig,
    call: &Call<'_>,
) -> Result<Option<&'a Operation>, Mismatch> {
    if config.api_source.as_deref().is_some_and(|source| source != call.proxy) {
        return Err(Mismatch::Proxy);
    }
    if config.operations.is_empty() {
        return Ok(None);
    }
    let mut nearest = Mismatch::Path;
    for operation in config.operations.iter().filter(|operation| operation.resource.matches(call.path)) {
        if restricts_nothing_or(&operation.methods, |method| method == call.verb) {
            return Ok(Some(operation));
        }
        nearest = Mismatch::Verb;
    }
    Err(nearest)
}

fn restricts_nothing_or<T>(list: &[T], fits: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(fits)
}
