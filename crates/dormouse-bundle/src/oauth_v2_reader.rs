//! Reads an OAuthV2 policy and tells what is wrong with it ("OAuthV2 policy" reference, deployment errors
//! included). A missing Operation is inferred, since public bundles leave it out and run.

use crate::element::Element;
use crate::oauth_operation::{Algorithm, ELEMENTS, Grant, Operation};
use crate::oauth_reader::{Reader, Refusal, ValueOrReference, similar, text};
use crate::oauth_v2::{GeneratedResponse, OAuthV2, ResponseFormat, TokenKind, TokenReference};
use crate::problem::{Level, Problem};
use crate::source::Located;

/// Types an OAuthV2 policy; `None` if nobody can know what it does.
pub(crate) fn oauth_v2(reader: &mut Reader<'_>) -> Option<OAuthV2> {
    let names: Vec<&str> = ELEMENTS.iter().map(|element| element.name).collect();
    reader.check_shape(&names);
    let (operation, operation_inferred) = operation(reader)?;
    check_applicability(reader, operation.value);
    let scope = if operation.value.verifies() { None } else { reader.variable("Scope") };
    let policy = OAuthV2 {
        access_token: reader.variable("AccessToken"),
        access_token_prefix: access_token_prefix(reader),
        algorithm: algorithm(reader, operation.value),
        app_end_user: reader.variable("AppEndUser"),
        attributes: reader.attributes(),
        cache_expiry: cache_expiry(reader),
        client_id: reader.variable("ClientId"),
        code: reader.variable("Code"),
        expires_in: reader.lifetime("ExpiresIn", INVALID_EXPIRES_IN),
        external_access_token: reader.variable("ExternalAccessToken"),
        external_authorization: reader.switch("ExternalAuthorization"),
        external_authorization_code: reader.variable("ExternalAuthorizationCode"),
        external_refresh_token: reader.variable("ExternalRefreshToken"),
        generate_error_response: generated_response(reader, "GenerateErrorResponse"),
        generate_response: generated_response(reader, "GenerateResponse"),
        grant_type: reader.variable("GrantType"),
        password: reader.variable("PassWord"),
        private_key: key(reader, "PrivateKey"),
        public_key: key(reader, "PublicKey"),
        redirect_uri: reader.variable("RedirectUri"),
        refresh_token: reader.variable("RefreshToken"),
        refresh_token_expires_in: reader.lifetime("RefreshTokenExpiresIn", INVALID_REFRESH_EXPIRES_IN),
        required_scopes: required_scopes(reader, operation.value),
        response_type: reader.variable("ResponseType"),
        reuse_refresh_token: reader.switch("ReuseRefreshToken"),
        rfc_compliant: reader.switch("RFCCompliantRequestResponse"),
        scope,
        secret_key: key(reader, "SecretKey"),
        state: reader.variable("State"),
        store_token: reader.switch("StoreToken"),
        supported_grant_types: supported_grant_types(reader, operation.value),
        tokens: tokens(reader, operation.value),
        user_name: reader.variable("UserName"),
        operation,
        operation_inferred,
    };
    check_keys(reader, &policy);
    Some(policy)
}

fn operation(reader: &mut Reader<'_>) -> Option<(Located<Operation>, bool)> {
    let Some(written) = reader.text("Operation") else {
        let inferred = inferred_operation(reader.root);
        let span = reader.root.name_span.clone();
        let message = format!("no Operation; taken as {} (Apigee: OperationRequired)", inferred.as_str());
        let problem = Problem::warning("operation-required", message).at(span.clone());
        let help = format!("add <Operation>{}</Operation>", inferred.as_str());
        reader.problems.push(problem.help(help));
        return Some((Located::new(inferred, span), true));
    };
    let known = Operation::ALL.into_iter().find(|operation| operation.as_str() == written.value);
    if known.is_none() {
        let names = Operation::ALL.map(Operation::as_str);
        let message = format!("there is no operation `{}` (Apigee: InvalidOperation)", written.value);
        let problem = Problem::error("invalid-operation", message).at(written.span.clone());
        reader.problems.push(match similar(&written.value, &names) {
            Some(meant) => problem.help(format!("write `{meant}`")),
            None => problem.help(format!("the operations are {}", names.join(", "))),
        });
    }
    known.map(|operation| (Located::new(operation, written.span), false))
}

/// What a policy without an Operation does, by the elements that only one operation has. Editors write
/// ReuseRefreshToken into policies of every kind, so that it decides nothing where grants are listed.
fn inferred_operation(root: &Element) -> Operation {
    let has = |name| root.element(name).is_some();
    let lists_grants =
        root.elements_named("SupportedGrantTypes").any(|list| list.elements().next().is_some());
    if has("RefreshToken") || has("ReuseRefreshToken") && !lists_grants {
        Operation::RefreshAccessToken
    } else if has("ResponseType") {
        Operation::GenerateAuthorizationCode
    } else {
        Operation::GenerateAccessToken
    }
}

/// Three elements prevent deployment where they do not apply, though Apigee runs public bundles that list grants
/// where it documents a refusal. All others have no effect.
fn check_applicability(reader: &mut Reader<'_>, operation: Operation) {
    let root = reader.root;
    for child in root.elements() {
        let known = ELEMENTS.iter().find(|known| known.name == child.name);
        let refusable = ["ExpiresIn", "RefreshTokenExpiresIn"].contains(&child.name.as_str());
        if known.is_none_or(|known| (known.applies)(operation)) || child.is_empty() && !refusable {
            continue;
        }
        let (level, code, apigee) = match child.name.as_str() {
            "ExpiresIn" => {
                (Level::Error, "expires-in-not-applicable", " (Apigee: ExpiresInNotApplicableForOperation)")
            }
            "RefreshTokenExpiresIn" => {
                let refused = operation.verifies() || operation.changes_status();
                let level = if refused { Level::Error } else { Level::Warning };
                (
                    level,
                    "refresh-token-expires-in-not-applicable",
                    " (Apigee: RefreshTokenExpiresInNotApplicableForOperation)",
                )
            }
            "SupportedGrantTypes" => (
                Level::Warning,
                "grant-types-not-applicable",
                " (Apigee: GrantTypesNotApplicableForOperation)",
            ),
            _ => (Level::Info, "element-without-effect", ""),
        };
        let message = format!("`{}` means nothing to {}{apigee}", child.name, operation.as_str());
        reader
            .problems
            .push(Problem::new(level, code, message).at(child.name_span.clone()).help("remove it"));
    }
}

fn access_token_prefix(reader: &mut Reader<'_>) -> Option<Located<String>> {
    let prefix = reader.text("AccessTokenPrefix")?;
    if prefix.value != "Bearer" {
        let message = format!("the prefix `{}` is not supported; only Bearer is", prefix.value);
        reader.problems.push(Problem::warning("access-token-prefix", message).at(prefix.span.clone()));
    }
    Some(prefix)
}

fn algorithm(reader: &mut Reader<'_>, operation: Operation) -> Option<Located<Algorithm>> {
    let Some(written) = reader.text("Algorithm") else {
        if operation.is_jwt() {
            let message = format!("{} needs an Algorithm", operation.as_str());
            let problem = Problem::error("algorithm-required", message).at(reader.root.name_span.clone());
            reader.problems.push(problem.help("add one of HS256, HS384, HS512, RS256, RS384, RS512"));
        }
        return None;
    };
    let known = Algorithm::ALL.into_iter().find(|algorithm| algorithm.as_str() == written.value);
    if known.is_none() {
        let message = format!("there is no algorithm `{}` for access tokens", written.value);
        let problem = Problem::error("invalid-algorithm", message).at(written.span.clone());
        reader.problems.push(problem.help("use one of HS256, HS384, HS512, RS256, RS384, RS512"));
    }
    known.map(|algorithm| Located::new(algorithm, written.span))
}

fn cache_expiry(reader: &mut Reader<'_>) -> Option<ValueOrReference<u64>> {
    let value = reader.value("CacheExpiryInSeconds")?;
    let literal = value.literal.and_then(|written| {
        let seconds = written.value.parse().ok().filter(|&seconds: &u64| seconds > 0);
        if seconds.is_none() {
            let message = "CacheExpiryInSeconds must be a number of seconds above 0; it is not read";
            reader.problems.push(Problem::warning("cache-expiry", message).at(written.span.clone()));
        }
        seconds.map(|seconds| Located::new(seconds, written.span))
    });
    (literal.is_some() || value.reference.is_some())
        .then_some(ValueOrReference { literal, reference: value.reference })
}

fn generated_response(reader: &mut Reader<'_>, name: &str) -> GeneratedResponse {
    let Some(element) = reader.root.element(name) else { return GeneratedResponse::default() };
    reader.check_attributes(element, &["enabled"]);
    let format = element.element("Format").and_then(text);
    let format = format.map_or(ResponseFormat::Json, |written| match written.value.as_str() {
        "FORM_PARAM" => ResponseFormat::FormParam,
        "JSON" => ResponseFormat::Json,
        "XML" => ResponseFormat::Xml,
        other => {
            let message = format!("there is no format `{other}`; JSON is used");
            let problem = Problem::warning("response-format", message).at(written.span);
            reader.problems.push(problem.help("use FORM_PARAM, JSON or XML"));
            ResponseFormat::Json
        }
    });
    GeneratedResponse {
        enabled: reader.attribute_switch(element, "enabled").unwrap_or(true),
        format,
        realm: element.element("Realm").and_then(|realm| reader.value_of(realm)),
    }
}

/// The variable that `<PrivateKey><Value ref="…"/></PrivateKey>` names.
fn key(reader: &mut Reader<'_>, name: &str) -> Option<Located<String>> {
    let element = reader.root.element(name)?;
    let value = element.element("Value");
    let reference = value.and_then(|value| reader.reference(value));
    let Some(variable) = reference else {
        let message = format!("{name} needs a variable: <Value ref=\"…\"/>");
        reader.problems.push(Problem::error("key-required", message).at(element.name_span.clone()));
        return None;
    };
    if name != "PublicKey" && !variable.value.starts_with("private.") {
        let message = format!("the variable of {name} must begin with `private.`");
        let problem = Problem::error("key-not-private", message).at(variable.span.clone());
        reader.problems.push(problem.help("variables of that kind are hidden in traces"));
    }
    Some(variable)
}

/// The algorithm and the operation decide which key is needed.
fn check_keys(reader: &mut Reader<'_>, policy: &OAuthV2) {
    let operation = policy.operation.value;
    let Some(algorithm) = policy.algorithm.as_ref().filter(|_| operation.is_jwt()) else { return };
    let needed = match algorithm.value.is_symmetric() {
        true => "SecretKey",
        false if operation.verifies() => "PublicKey",
        false => "PrivateKey",
    };
    if reader.root.element(needed).is_none() {
        let message = format!("{} with {} needs a {needed}", operation.as_str(), algorithm.value.as_str());
        let problem = Problem::error("key-required", message).at(algorithm.span.clone());
        reader.problems.push(problem.help(format!("add <{needed}><Value ref=\"private.…\"/></{needed}>")));
    }
}

fn required_scopes(reader: &Reader<'_>, operation: Operation) -> Option<Located<Vec<String>>> {
    let written = reader.text("Scope").filter(|_| operation.verifies())?;
    let scopes = written.value.split_whitespace().map(str::to_owned).collect();
    Some(Located::new(scopes, written.span))
}

fn supported_grant_types(reader: &mut Reader<'_>, operation: Operation) -> Vec<Located<Grant>> {
    let lists = reader.root.elements_named("SupportedGrantTypes");
    let mut grants = Vec::new();
    for element in lists.flat_map(Element::elements) {
        let Some(written) = text(element).filter(|_| element.name == "GrantType") else { continue };
        if let Some(grant) = Grant::ALL.into_iter().find(|grant| grant.as_str() == written.value) {
            grants.push(Located::new(grant, written.span));
            continue;
        }
        let level = if operation.generates_token() { Level::Error } else { Level::Warning };
        let message = format!("there is no grant type `{}` (Apigee: InvalidGrantType)", written.value);
        let problem = Problem::new(level, "invalid-grant-type", message).at(written.span);
        let names = Grant::ALL.map(Grant::as_str).join(", ");
        reader.problems.push(problem.help(format!("the grant types are {names}")));
    }
    grants
}

fn tokens(reader: &mut Reader<'_>, operation: Operation) -> Vec<TokenReference> {
    let lists = reader.root.elements_named("Tokens");
    let elements: Vec<&Element> = lists.flat_map(|list| list.elements_named("Token")).collect();
    if elements.is_empty() && operation.changes_status() {
        let message =
            format!("{} needs a token: <Tokens><Token type=\"…\">…</Token></Tokens>", operation.as_str());
        reader.refuse(TOKEN_VALUE_REQUIRED, &message, reader.root.name_span.clone());
    }
    elements.into_iter().filter_map(|element| token(reader, element)).collect()
}

fn token(reader: &mut Reader<'_>, element: &Element) -> Option<TokenReference> {
    reader.check_attributes(element, &["cascade", "type"]);
    let Some(variable) = text(element) else {
        let message = "this token names no flow variable";
        reader.refuse(TOKEN_VALUE_REQUIRED, message, element.name_span.clone());
        return None;
    };
    let kind = match element.attribute_value("type").map(str::trim) {
        Some("accesstoken") => Some(TokenKind::Access),
        Some("refreshtoken") => Some(TokenKind::Refresh),
        _ => None,
    };
    if kind.is_none() {
        let written = element.attribute("type");
        let span = written.map_or_else(|| element.name_span.clone(), |attribute| attribute.value.span());
        let message = "the token's type is neither accesstoken nor refreshtoken; each use is the fault InvalidTokenType";
        reader.problems.push(Problem::warning("invalid-token-type", message).at(span));
    }
    let cascade = reader.attribute_switch(element, "cascade").unwrap_or(true);
    Some(TokenReference { kind, cascade, variable })
}

const INVALID_EXPIRES_IN: Refusal =
    Refusal { code: "invalid-expires-in", apigee: "InvalidValueForExpiresIn" };
const INVALID_REFRESH_EXPIRES_IN: Refusal =
    Refusal { code: "invalid-refresh-token-expires-in", apigee: "InvalidValueForRefreshTokenExpiresIn" };
const TOKEN_VALUE_REQUIRED: Refusal = Refusal { code: "token-value-required", apigee: "TokenValueRequired" };
