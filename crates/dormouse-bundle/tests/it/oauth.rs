//! Typed OAuth policies: what is read, and what is told.

use std::sync::Arc;

use dormouse_bundle::{
    Algorithm, Grant, InfoSubject, Lifetime, OAuthPolicy, OAuthV2, Operation, Policy, ResponseFormat,
    SourceFile, TokenKind, oauth_policy, parse_xml,
};

fn policy(xml: &str) -> Policy {
    let file: Arc<SourceFile> = SourceFile::new("p.xml", xml);
    let element = parse_xml(&file).expect("well-formed");
    Policy {
        name: "p".to_owned(),
        kind: element.name.clone(),
        enabled: true,
        continue_on_error: false,
        element,
    }
}

fn problems(xml: &str) -> Vec<String> {
    let show = |problem: &dormouse_bundle::Problem| {
        let span = problem.span.as_ref().expect("a place");
        let marked = &span.file.text[span.range.clone()];
        format!("{} {} [{marked}] {}", problem.level.as_str(), problem.code, problem.message)
    };
    oauth_policy(&policy(xml)).1.iter().map(show).collect()
}

#[track_caller]
fn check(xml: &str, expected: &[&str]) {
    assert_eq!(problems(xml), expected, "{xml}");
}

/// An OAuthV2 policy of an operation, with further elements.
fn of(operation: &str, elements: &str) -> String {
    format!("<OAuthV2 name='p'><Operation>{operation}</Operation>{elements}</OAuthV2>")
}

/// A typed OAuthV2 policy without problems.
#[track_caller]
fn typed(xml: &str) -> OAuthV2 {
    check(xml, &[]);
    match oauth_policy(&policy(xml)).0 {
        Some(OAuthPolicy::OAuthV2(typed)) => *typed,
        other => panic!("no OAuthV2: {other:?}"),
    }
}

#[test]
fn every_element_of_a_token_policy_is_read() {
    let typed = typed(&of(
        "GenerateAccessToken",
        "<DisplayName>x</DisplayName><Properties/><FaultRules/>
        <ExpiresIn ref='e'> 1800000 </ExpiresIn><RefreshTokenExpiresIn>-1</RefreshTokenExpiresIn>
        <SupportedGrantTypes><GrantType> password </GrantType><GrantType>client_credentials</GrantType></SupportedGrantTypes>
        <GrantType>request.formparam.grant_type</GrantType><ClientId>c</ClientId><UserName>u</UserName><PassWord>w</PassWord>
        <Scope>s</Scope><AppEndUser>a</AppEndUser><Code>k</Code><RedirectUri>r</RedirectUri>
        <ExternalAuthorization>true</ExternalAuthorization><ExternalAccessToken>xa</ExternalAccessToken>
        <ExternalRefreshToken>xr</ExternalRefreshToken><StoreToken>true</StoreToken>
        <RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>
        <Attributes><Attribute name='n.m' ref='v' display='false'>UNDEFINED</Attribute><Attribute name='o'/></Attributes>
        <GenerateResponse><Format>FORM_PARAM</Format></GenerateResponse><GenerateErrorResponse enabled='false'/><Tokens/>",
    ));
    assert_eq!((typed.operation.value, typed.operation_inferred), (Operation::GenerateAccessToken, false));
    let expires_in = typed.expires_in.as_ref().expect("a lifetime");
    assert_eq!(expires_in.literal.as_ref().map(|it| it.value), Some(Lifetime::Milliseconds(1_800_000)));
    assert_eq!(expires_in.reference.as_ref().map(|it| it.value.as_str()), Some("e"));
    let refresh = typed.refresh_token_expires_in.as_ref().and_then(|it| it.literal.as_ref());
    assert_eq!(refresh.map(|it| it.value), Some(Lifetime::Never));
    assert_eq!(typed.grants(), [Grant::Password, Grant::ClientCredentials]);
    assert!(
        typed.is_external()
            && typed.stores_token()
            && typed.is_rfc_compliant()
            && !typed.reuses_refresh_token()
    );
    let variables = [
        &typed.grant_type,
        &typed.client_id,
        &typed.user_name,
        &typed.password,
        &typed.scope,
        &typed.app_end_user,
        &typed.code,
        &typed.redirect_uri,
        &typed.external_access_token,
        &typed.external_refresh_token,
    ];
    let names: Vec<&str> =
        variables.iter().map(|it| it.as_ref().map_or("", |it| it.value.as_str())).collect();
    assert_eq!(names, ["request.formparam.grant_type", "c", "u", "w", "s", "a", "k", "r", "xa", "xr"]);
    let [first, second] = typed.attributes.as_slice() else { panic!("two attributes") };
    assert_eq!((first.name.value.as_str(), first.display, second.display), ("n.m", false, true));
    assert_eq!(
        first.value.as_ref().and_then(|it| it.literal.as_ref()).map(|it| it.value.as_str()),
        Some("UNDEFINED")
    );
    assert_eq!(second.value, None);
    assert!(typed.generate_response.enabled && !typed.generate_error_response.enabled);
    assert_eq!(typed.generate_response.format, ResponseFormat::FormParam);
}

#[test]
fn verification_has_scopes_and_tokens_have_types() {
    let verify = typed(&of(
        "VerifyAccessToken",
        "<Scope> read  write </Scope><AccessToken>request.header.token</AccessToken>",
    ));
    assert_eq!(verify.required_scopes.expect("scopes").value, ["read", "write"]);
    assert_eq!(verify.scope, None);
    let invalidate = typed(&of(
        "InvalidateToken",
        "<Tokens><Token type='accesstoken' cascade='false'>a</Token><Token type='refreshtoken'>b</Token></Tokens>",
    ));
    let tokens: Vec<_> =
        invalidate.tokens.iter().map(|it| (it.kind, it.cascade, it.variable.value.as_str())).collect();
    assert_eq!(tokens, [(Some(TokenKind::Access), false, "a"), (Some(TokenKind::Refresh), true, "b")]);
    assert!(
        typed(&of("RefreshAccessToken", "<ReuseRefreshToken>true</ReuseRefreshToken>"))
            .reuses_refresh_token()
    );
    assert_eq!(typed(&of("GenerateAccessToken", "")).grants(), [Grant::AuthorizationCode, Grant::Implicit]);
}

#[test]
fn a_missing_operation_is_inferred() {
    for (elements, operation) in [
        ("<RefreshToken>r</RefreshToken>", "RefreshAccessToken"),
        ("<ResponseType>r</ResponseType>", "GenerateAuthorizationCode"),
        ("<ReuseRefreshToken>true</ReuseRefreshToken>", "RefreshAccessToken"),
        ("<SupportedGrantTypes><GrantType>password</GrantType></SupportedGrantTypes>", "GenerateAccessToken"),
        ("", "GenerateAccessToken"),
    ] {
        let xml = format!("<OAuthV2 name='p'>{elements}</OAuthV2>");
        check(
            &xml,
            &[&format!(
                "warning operation-required [OAuthV2] no Operation; taken as {operation} (Apigee: OperationRequired)"
            )],
        );
        let Some(OAuthPolicy::OAuthV2(typed)) = oauth_policy(&policy(&xml)).0 else { panic!("typed") };
        assert!(typed.operation_inferred && typed.operation.value.as_str() == operation);
    }
}

#[test]
fn editors_write_reuse_refresh_token_everywhere() {
    let xml = "<OAuthV2 name='p'><ReuseRefreshToken>false</ReuseRefreshToken><SupportedGrantTypes><GrantType>password\
               </GrantType></SupportedGrantTypes></OAuthV2>";
    let Some(OAuthPolicy::OAuthV2(typed)) = oauth_policy(&policy(xml)).0 else { panic!("typed") };
    assert_eq!(typed.operation.value, Operation::GenerateAccessToken);
}

#[test]
fn deployment_errors_have_their_names() {
    check(
        &of("Generate", ""),
        &["error invalid-operation [Generate] there is no operation `Generate` (Apigee: InvalidOperation)"],
    );
    assert!(oauth_policy(&policy(&of("Generate", ""))).0.is_none());
    for wrong in ["0", "-2", "1.5", "1h", "99999999999999999999"] {
        check(
            &of("GenerateAccessToken", &format!("<ExpiresIn>{wrong}</ExpiresIn>")),
            &[&format!(
                "error invalid-expires-in [{wrong}] ExpiresIn must be a number of milliseconds above 0, or -1 (Apigee: InvalidValueForExpiresIn)"
            )],
        );
    }
    check(
        &of("RefreshAccessToken", "<RefreshTokenExpiresIn ref='a'>x</RefreshTokenExpiresIn>"),
        &[
            "error invalid-refresh-token-expires-in [x] RefreshTokenExpiresIn must be a number of milliseconds above 0, or -1 (Apigee: InvalidValueForRefreshTokenExpiresIn)",
        ],
    );
    check(
        &of(
            "GenerateAccessToken",
            "<SupportedGrantTypes><GrantType>refresh_token</GrantType></SupportedGrantTypes>",
        ),
        &[
            "error invalid-grant-type [refresh_token] there is no grant type `refresh_token` (Apigee: InvalidGrantType)",
        ],
    );
    check(
        &of(
            "VerifyAccessToken",
            "<ExpiresIn ref='x'/><RefreshTokenExpiresIn>1</RefreshTokenExpiresIn><SupportedGrantTypes><GrantType>implicit</GrantType></SupportedGrantTypes>",
        ),
        &[
            "error expires-in-not-applicable [ExpiresIn] `ExpiresIn` means nothing to VerifyAccessToken (Apigee: ExpiresInNotApplicableForOperation)",
            "error refresh-token-expires-in-not-applicable [RefreshTokenExpiresIn] `RefreshTokenExpiresIn` means nothing to VerifyAccessToken (Apigee: RefreshTokenExpiresInNotApplicableForOperation)",
            "warning grant-types-not-applicable [SupportedGrantTypes] `SupportedGrantTypes` means nothing to VerifyAccessToken (Apigee: GrantTypesNotApplicableForOperation)",
        ],
    );
    check(
        &of("InvalidateToken", "<Tokens><Token type='accesstoken'/></Tokens>"),
        &[
            "error token-value-required [Token] this token names no flow variable (Apigee: TokenValueRequired)",
        ],
    );
    check(
        &of("ValidateToken", ""),
        &[
            "error token-value-required [OAuthV2] ValidateToken needs a token: <Tokens><Token type=\"…\">…</Token></Tokens> (Apigee: TokenValueRequired)",
        ],
    );
}

#[test]
fn what_apigee_tolerates_is_no_error() {
    check(
        "<OAuthV2 name='p' asnyc='false' async='false'><Operation>GenerateAccessToken</Operation><Password>a</Password><Foo/><Scope>A {b}</Scope><Scope/><ReuseRefreshToken>true</ReuseRefreshToken><StoreToken>yes</StoreToken></OAuthV2>",
        &[
            "warning unknown-attribute [asnyc] `OAuthV2` has no attribute `asnyc`; it is not read",
            "warning unknown-element [Password] OAuthV2 has no element `Password`; it is not read",
            "warning unknown-element [Foo] OAuthV2 has no element `Foo`; it is not read",
            "warning duplicate-element [Scope] a second `Scope`; only the first one is read",
            "info element-without-effect [ReuseRefreshToken] `ReuseRefreshToken` means nothing to GenerateAccessToken",
            "warning not-a-variable [A {b}] `Scope` names a flow variable, which cannot have blanks, quotes or braces",
            "warning not-boolean [yes] `StoreToken` is neither true nor false; it is not read",
        ],
    );
    check(
        &of("InvalidateToken", "<Tokens><Token type='code'>a</Token></Tokens>"),
        &[
            "warning invalid-token-type [code] the token's type is neither accesstoken nor refreshtoken; each use is the fault InvalidTokenType",
        ],
    );
    check(
        &of(
            "VerifyAccessToken",
            "<AccessTokenPrefix>Token</AccessTokenPrefix><CacheExpiryInSeconds>0</CacheExpiryInSeconds>",
        ),
        &[
            "warning access-token-prefix [Token] the prefix `Token` is not supported; only Bearer is",
            "warning cache-expiry [0] CacheExpiryInSeconds must be a number of seconds above 0; it is not read",
        ],
    );
}

#[test]
fn jwt_operations_need_an_algorithm_and_its_key() {
    let typed = typed(&of(
        "GenerateJWTAccessToken",
        "<Algorithm>RS256</Algorithm><PrivateKey><Value ref='private.k'/></PrivateKey>",
    ));
    assert_eq!(typed.algorithm.expect("an algorithm").value, Algorithm::Rs256);
    assert_eq!(typed.private_key.expect("a key").value, "private.k");
    check(
        &of("VerifyJWTAccessToken", "<Algorithm>RS256</Algorithm><PublicKey><Value ref='k'/></PublicKey>"),
        &[],
    );
    check(
        &of("VerifyJWTAccessToken", "<Algorithm>RS256</Algorithm>"),
        &["error key-required [RS256] VerifyJWTAccessToken with RS256 needs a PublicKey"],
    );
    check(
        &of("RefreshJWTAccessToken", ""),
        &["error algorithm-required [OAuthV2] RefreshJWTAccessToken needs an Algorithm"],
    );
    check(
        &of("GenerateJWTAccessToken", "<Algorithm>HS256</Algorithm><SecretKey><Value ref='k'/></SecretKey>"),
        &["error key-not-private [k] the variable of SecretKey must begin with `private.`"],
    );
    check(
        &of("GenerateJWTAccessToken", "<Algorithm>none</Algorithm><SecretKey/>"),
        &[
            "error invalid-algorithm [none] there is no algorithm `none` for access tokens",
            "error key-required [SecretKey] SecretKey needs a variable: <Value ref=\"…\"/>",
        ],
    );
}

#[test]
fn info_policies() {
    let xml = "<GetOAuthV2Info name='p'><RefreshToken ref='a'>b</RefreshToken><IgnoreAccessTokenStatus>true</IgnoreAccessTokenStatus></GetOAuthV2Info>";
    let Some(OAuthPolicy::Get(get)) = oauth_policy(&policy(xml)).0 else { panic!("typed") };
    assert!(get.subject == InfoSubject::RefreshToken && get.ignore_access_token_status);
    assert_eq!(get.value.reference.map(|it| it.value), Some("a".to_owned()));
    let Some(OAuthPolicy::Get(get)) =
        oauth_policy(&policy("<GetOAuthV2Info name='p'><ClientId/></GetOAuthV2Info>")).0
    else {
        panic!("typed")
    };
    assert_eq!(get.value.reference.map(|it| it.value), Some("request.formparam.access_token".to_owned()));
    check(
        "<GetOAuthV2Info name='p'><AuthorizationCode ref='a'/><AccessToken ref='b'/><IgnoreRefreshTokenStatus>true</IgnoreRefreshTokenStatus></GetOAuthV2Info>",
        &[
            "warning unknown-element [IgnoreRefreshTokenStatus] GetOAuthV2Info has no element `IgnoreRefreshTokenStatus`; it is not read",
            "error subject-not-unique [AuthorizationCode] GetOAuthV2Info takes exactly one of AccessToken, AuthorizationCode, ClientId, RefreshToken (Apigee: InvalidParameter)",
        ],
    );
    check(
        "<DeleteOAuthV2Info name='p'/>",
        &[
            "error subject-required [DeleteOAuthV2Info] DeleteOAuthV2Info needs one of AccessToken, AuthorizationCode",
        ],
    );
    check(
        "<SetOAuthV2Info name='p'><AccessToken ref='a'/></SetOAuthV2Info>",
        &["error attributes-required [SetOAuthV2Info] SetOAuthV2Info needs at least one attribute to set"],
    );
    let xml = "<SetOAuthV2Info name='p'><AccessToken ref='a'/><Attributes><Attribute name='x'>1</Attribute><Attribute/></Attributes></SetOAuthV2Info>";
    check(xml, &["error attribute-name-missing [Attribute] a custom attribute needs a name"]);
    let Some(OAuthPolicy::Set(set)) = oauth_policy(&policy(xml)).0 else { panic!("typed") };
    assert_eq!((set.attributes.len(), set.ignore_unresolved_variables), (1, false));
}

#[test]
fn bulk_revocation() {
    let xml = "<RevokeOAuthV2 name='p'><EndUserId ref='u'/><RevokeBeforeTimestamp ref='t'>1700000000000</RevokeBeforeTimestamp></RevokeOAuthV2>";
    check(xml, &[]);
    let Some(OAuthPolicy::Revoke(revoke)) = oauth_policy(&policy(xml)).0 else { panic!("typed") };
    assert!(revoke.cascade && revoke.app_id.is_none() && revoke.end_user_id.is_some());
    assert_eq!(revoke.revoke_before.and_then(|it| it.literal).map(|it| it.value), Some(1_700_000_000_000));
    check(
        "<RevokeOAuthV2 name='p'><Cascade>false</Cascade><RevokeBeforeTimestamp>yesterday</RevokeBeforeTimestamp></RevokeOAuthV2>",
        &[
            "warning revoke-without-id [RevokeOAuthV2] RevokeOAuthV2 names neither an AppId nor an EndUserId; each use is the fault EmptyAppAndEndUserId",
            "error revoke-before-timestamp [yesterday] RevokeBeforeTimestamp must be milliseconds since 1970; nothing can be revoked by this value",
        ],
    );
}

#[test]
fn other_kinds_are_not_typed() {
    let (typed, problems) = oauth_policy(&policy("<AssignMessage name='p'><Foo/></AssignMessage>"));
    assert!(typed.is_none() && problems.is_empty());
}
