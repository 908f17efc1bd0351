//! The operations, grants and algorithms of the OAuthV2 policy ("OAuthV2 policy" reference), and which element
//! means something to which operation.

/// What an OAuthV2 policy does. In the order of Apigee's reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Issues an authorization code.
    GenerateAuthorizationCode,
    /// Issues a token for a code, a password or client credentials.
    GenerateAccessToken,
    /// Issues a token without a client secret.
    GenerateAccessTokenImplicitGrant,
    /// Redeems a refresh token.
    RefreshAccessToken,
    /// Checks an access token.
    VerifyAccessToken,
    /// Revokes tokens.
    InvalidateToken,
    /// Takes a revocation back.
    ValidateToken,
    /// As `GenerateAccessToken`, with a signed JWT as token.
    GenerateJWTAccessToken,
    /// As `GenerateAccessTokenImplicitGrant`, with a signed JWT as token.
    GenerateJWTAccessTokenImplicitGrant,
    /// As `RefreshAccessToken`, with a signed JWT as token.
    RefreshJWTAccessToken,
    /// Checks a JWT access token.
    VerifyJWTAccessToken,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::GenerateAuthorizationCode,
        Self::GenerateAccessToken,
        Self::GenerateAccessTokenImplicitGrant,
        Self::RefreshAccessToken,
        Self::VerifyAccessToken,
        Self::InvalidateToken,
        Self::ValidateToken,
        Self::GenerateJWTAccessToken,
        Self::GenerateJWTAccessTokenImplicitGrant,
        Self::RefreshJWTAccessToken,
        Self::VerifyJWTAccessToken,
    ];

    /// The name that `Operation` takes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GenerateAuthorizationCode => "GenerateAuthorizationCode",
            Self::GenerateAccessToken => "GenerateAccessToken",
            Self::GenerateAccessTokenImplicitGrant => "GenerateAccessTokenImplicitGrant",
            Self::RefreshAccessToken => "RefreshAccessToken",
            Self::VerifyAccessToken => "VerifyAccessToken",
            Self::InvalidateToken => "InvalidateToken",
            Self::ValidateToken => "ValidateToken",
            Self::GenerateJWTAccessToken => "GenerateJWTAccessToken",
            Self::GenerateJWTAccessTokenImplicitGrant => "GenerateJWTAccessTokenImplicitGrant",
            Self::RefreshJWTAccessToken => "RefreshJWTAccessToken",
            Self::VerifyJWTAccessToken => "VerifyJWTAccessToken",
        }
    }

    /// Whether tokens are signed JWTs.
    pub fn is_jwt(self) -> bool {
        matches!(
            self,
            Self::GenerateJWTAccessToken
                | Self::GenerateJWTAccessTokenImplicitGrant
                | Self::RefreshJWTAccessToken
                | Self::VerifyJWTAccessToken
        )
    }

    /// Whether it issues an access token in exchange for a grant, from a token endpoint.
    pub fn generates_token(self) -> bool {
        matches!(self, Self::GenerateAccessToken | Self::GenerateJWTAccessToken)
    }

    /// Whether it issues a token in a redirect.
    pub fn is_implicit(self) -> bool {
        matches!(self, Self::GenerateAccessTokenImplicitGrant | Self::GenerateJWTAccessTokenImplicitGrant)
    }

    /// Whether it redeems a refresh token.
    pub fn refreshes(self) -> bool {
        matches!(self, Self::RefreshAccessToken | Self::RefreshJWTAccessToken)
    }

    /// Whether it checks an access token.
    pub fn verifies(self) -> bool {
        matches!(self, Self::VerifyAccessToken | Self::VerifyJWTAccessToken)
    }

    /// Whether it changes the status of tokens.
    pub fn changes_status(self) -> bool {
        matches!(self, Self::InvalidateToken | Self::ValidateToken)
    }

    /// Whether it issues a code or a token.
    pub fn issues(self) -> bool {
        !self.verifies() && !self.changes_status()
    }
}

/// A grant that `SupportedGrantTypes` can list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grant {
    /// RFC 6749 §4.1
    AuthorizationCode,
    /// RFC 6749 §4.4
    ClientCredentials,
    /// RFC 6749 §4.2
    Implicit,
    /// RFC 6749 §4.3
    Password,
}

impl Grant {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::AuthorizationCode, Self::ClientCredentials, Self::Implicit, Self::Password];

    /// The name on the wire and in bundles.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::Implicit => "implicit",
            Self::Password => "password",
        }
    }

    /// Whether tokens of this grant come with a refresh token.
    pub fn yields_refresh_token(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::Password)
    }
}

/// How JWT access tokens are signed (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// HMAC with SHA-256
    Hs256,
    /// HMAC with SHA-384
    Hs384,
    /// HMAC with SHA-512
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512
    Rs512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Hs256, Self::Hs384, Self::Hs512, Self::Rs256, Self::Rs384, Self::Rs512];

    /// The `alg` value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    /// Whether the key is a shared secret.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }
}

/// An element of the OAuthV2 policy.
pub(crate) struct KnownElement {
    pub(crate) name: &'static str,
    /// Whether it means something to an operation.
    pub(crate) applies: fn(Operation) -> bool,
}

/// All elements, in alphabetical order.
pub(crate) const ELEMENTS: &[KnownElement] = &[
    element("AccessToken", |it| it.verifies() || it.generates_token()),
    element("AccessTokenPrefix", Operation::verifies),
    element("Algorithm", Operation::is_jwt),
    element("AppEndUser", Operation::issues),
    element("Attributes", Operation::issues),
    element("CacheExpiryInSeconds", Operation::verifies),
    element("ClientId", Operation::issues),
    element("Code", Operation::generates_token),
    element("ExpiresIn", Operation::issues),
    element("ExternalAccessToken", Operation::generates_token),
    element("ExternalAuthorization", |it| it.issues() && !it.refreshes()),
    element("ExternalAuthorizationCode", |it| {
        it == Operation::GenerateAuthorizationCode || it.generates_token()
    }),
    element("ExternalRefreshToken", Operation::generates_token),
    element("GenerateErrorResponse", |_| true),
    element("GenerateResponse", Operation::issues),
    element("GrantType", |it| it.generates_token() || it.refreshes()),
    element("Operation", |_| true),
    element("PassWord", Operation::generates_token),
    element("PrivateKey", |it| it.is_jwt() && it.issues()),
    element("PublicKey", |it| it == Operation::VerifyJWTAccessToken),
    element("RFCCompliantRequestResponse", |_| true),
    element("RedirectUri", |it| it.issues() && !it.refreshes()),
    element("RefreshToken", Operation::refreshes),
    element("RefreshTokenExpiresIn", |it| it.generates_token() || it.refreshes()),
    element("ResponseType", |it| it == Operation::GenerateAuthorizationCode || it.is_implicit()),
    element("ReuseRefreshToken", Operation::refreshes),
    element("Scope", |it| !it.changes_status()),
    element("SecretKey", Operation::is_jwt),
    element("State", |it| it == Operation::GenerateAuthorizationCode || it.is_implicit()),
    element("StoreToken", |it| it.issues() && !it.refreshes()),
    element("SupportedGrantTypes", Operation::generates_token),
    element("Tokens", Operation::changes_status),
    element("UserName", Operation::generates_token),
];

const fn element(name: &'static str, applies: fn(Operation) -> bool) -> KnownElement {
    KnownElement { name, applies }
}
