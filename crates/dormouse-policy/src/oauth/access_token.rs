//! GenerateAccessToken: client credentials, password and authorization code grants, and the import of foreign tokens
//! (Apigee: OAuthV2, "Using third-party OAuth systems"; RFC 6749 §4.1.3, §4.3, §4.4).

use crate::oauth::browser::check_scope;
use crate::oauth::client::{Authenticated, ClientSource, ExternalAuthorization};
use crate::oauth::failure::{
    CODE_UNRESOLVED, During, Failure, REDIRECT_URI_DIFFERS, REQUIRED_PARAMETER, UNSUPPORTED_GRANT,
};
use crate::oauth::inputs::{AttributeSources, LifetimeSource, Locator, optional, variable};
use crate::oauth::lifetimes::Lifetimes;
use crate::oauth::output::Output;
use crate::oauth::storing::{ExternalSource, ExternalTokens, Storing, replace_strings};
use crate::oauth::view::TokenView;
use dormouse_bundle::OAuthV2;
use dormouse_engine::{
    AuthenticatedClient, CodeExchange, Engine, Error, ImportRequest, IssueRequest, Issued, Refusal,
};
use dormouse_flow::{Host, Text, Transaction, Variable};
use dormouse_token::{Attributes, FrontEnd, Grant, Scope, SourceId};
use std::time::Duration;

/// The compiled operation.
pub(crate) struct GenerateAccessToken {
    grants: Vec<dormouse_bundle::Grant>,
    grant_type: Locator,
    client: ClientSource,
    code: Locator,
    redirect_uri: Locator,
    user_name: Locator,
    password: Locator,
    scope: Option<Variable>,
    end_user: Option<Variable>,
    attributes: AttributeSources,
    access_lifetime: LifetimeSource,
    refresh_lifetime: LifetimeSource,
    external: ExternalSource,
    storing: Storing,
    source: SourceId,
    output: Output,
}

/// What a token request asks for, read from the transaction.
struct Order {
    grant: Grant,
    /// The code and the redirect URI of the request, where a code of ours is to be exchanged.
    code: Option<(Text, Option<Text>)>,
    user: Option<Text>,
    scope: Option<Scope>,
    attributes: Attributes,
    access_ttl: Duration,
    refresh_ttl: Option<Duration>,
    source: SourceId,
}

impl GenerateAccessToken {
    /// Compiles the operation of a policy.
    pub(crate) fn new(policy: &str, typed: &OAuthV2, source: SourceId, lifetimes: Lifetimes) -> Self {
        let external = ExternalAuthorization::new(typed.is_external());
        let generates = typed.generate_response.enabled;
        Self {
            grants: typed.grants(),
            grant_type: Locator::new(typed.grant_type.as_ref(), "request.formparam.grant_type"),
            client: ClientSource::new(typed.client_id.as_ref(), external, generates),
            code: Locator::new(typed.code.as_ref(), "request.formparam.code"),
            redirect_uri: Locator::new(typed.redirect_uri.as_ref(), "request.formparam.redirect_uri"),
            user_name: Locator::new(typed.user_name.as_ref(), "request.formparam.username"),
            password: Locator::new(typed.password.as_ref(), "request.formparam.password"),
            scope: variable(typed.scope.as_ref()),
            end_user: variable(typed.app_end_user.as_ref()),
            attributes: AttributeSources::new(&typed.attributes),
            access_lifetime: LifetimeSource::new(typed.expires_in.as_ref(), lifetimes.access),
            refresh_lifetime: LifetimeSource::new(typed.refresh_token_expires_in.as_ref(), lifetimes.refresh),
            external: ExternalSource::new(typed),
            storing: Storing::new(typed),
            source,
            output: Output::new(policy, typed),
        }
    }

    /// Runs the operation.
    pub(crate) async fn run(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Failure> {
        let grant = self.grant(transaction)?;
        let client = self.client.authenticate(transaction, &host.engine)?;
        let external = self.external.read(transaction)?;
        let order = self.order(grant, &client, &external, transaction)?;
        // A code has its scope; what is asked for at its exchange means nothing.
        let requested = order.scope.as_ref().filter(|_| order.code.is_none());
        check_scope(requested, &client.client, self.output.is_rfc)?;
        let stores = self.storing.stores(external.is_some());
        let issued = match (stores, external.is_some()) {
            (true, true) => import(&host.engine, &client.client, order, &external).await,
            (true, false) => issue(&host.engine, &client.client, order).await,
            (false, _) => issue(&host.engine, &client.client, Order { refresh_ttl: None, ..order }).await,
        }?;
        let context = (host.organization.clone(), host.clock.now());
        let mut view = TokenView::issued(issued, &client.client, context, 0);
        view.is_rfc = self.output.is_rfc;
        if !stores {
            let refresh_ttl = self.refresh_ttl(grant, &external, transaction);
            replace_strings(&mut view, &external, refresh_ttl, &*host.entropy);
        }
        self.output.token_response(transaction, view, &self.attributes);
        Ok(())
    }

    fn grant(&self, transaction: &Transaction) -> Result<Grant, Failure> {
        let name = self.grant_type.read(transaction);
        let name = name.ok_or_else(|| Failure::about(&REQUIRED_PARAMETER, "grant_type"))?;
        let listed = self.grants.iter().any(|grant| grant.as_str() == &*name);
        // The implicit grant has an operation of its own.
        let grant = name.parse().ok().filter(|grant| listed && *grant != Grant::Implicit);
        grant.ok_or_else(|| Failure::about(&UNSUPPORTED_GRANT, &*name))
    }

    fn order(
        &self,
        grant: Grant,
        client: &Authenticated,
        external: &ExternalTokens,
        transaction: &Transaction,
    ) -> Result<Order, Failure> {
        if grant == Grant::Password {
            for (locator, parameter) in [(&self.user_name, "username"), (&self.password, "password")] {
                if locator.read(transaction).is_none() {
                    return Err(Failure::about(&REQUIRED_PARAMETER, parameter));
                }
            }
        }
        // The code of an exchange that took place elsewhere means nothing here.
        let was_exchanged = client.is_vouched_for && external.is_some();
        let code = if grant == Grant::AuthorizationCode && !was_exchanged {
            Some((self.required_code(transaction)?, self.redirect_uri.read(transaction)))
        } else {
            None
        };
        Ok(Order {
            grant,
            code,
            user: optional(self.end_user.as_ref(), transaction),
            scope: optional(self.scope.as_ref(), transaction).map(|scope| Scope::parse(&scope)),
            attributes: self.attributes.read(transaction),
            access_ttl: self.access_lifetime.read(transaction),
            refresh_ttl: self.refresh_ttl(grant, external, transaction),
            source: self.source,
        })
    }

    fn required_code(&self, transaction: &Transaction) -> Result<Text, Failure> {
        self.code.read(transaction).ok_or_else(|| {
            match self.code.named_variable().filter(|_| !self.output.generates) {
                Some(variable) => Failure::about(&CODE_UNRESOLVED, variable),
                None => Failure::about(&REQUIRED_PARAMETER, "code"),
            }
        })
    }

    fn refresh_ttl(
        &self,
        grant: Grant,
        external: &ExternalTokens,
        transaction: &Transaction,
    ) -> Option<Duration> {
        let has_refresh = grant.has_refresh() || external.refresh.is_some();
        has_refresh.then(|| self.refresh_lifetime.read(transaction))
    }
}

/// Issues tokens of our own.
async fn issue(engine: &Engine, client: &AuthenticatedClient, order: Order) -> Result<Issued, Failure> {
    if order.code.is_some() {
        return exchange(engine, client, &order).await;
    }
    let request = IssueRequest {
        client,
        grant: order.grant,
        user: order.user.as_deref(),
        scope: order.scope.as_ref(),
        attributes: order.attributes,
        access_ttl: order.access_ttl,
        refresh_ttl: order.refresh_ttl,
        source: order.source,
        front_end: FrontEnd::Bundle,
    };
    engine.issue(request).await.map_err(|error| Failure::from_engine(&error, During::Issue))
}

async fn exchange(engine: &Engine, client: &AuthenticatedClient, order: &Order) -> Result<Issued, Failure> {
    let Some((code, redirect_uri)) = &order.code else {
        return Err(Failure::about(&REQUIRED_PARAMETER, "code"));
    };
    let request = CodeExchange {
        client,
        code,
        redirect_uri: redirect_uri.as_deref(),
        code_verifier: None,
        attributes: order.attributes.clone(),
        access_ttl: order.access_ttl,
        refresh_ttl: order.refresh_ttl,
        user: order.user.as_deref(),
        source: order.source,
        front_end: FrontEnd::Bundle,
    };
    engine.exchange_code(request).await.map_err(|error| match (&error, redirect_uri) {
        (Error::Refused(Refusal::RedirectUriDiffers), Some(uri)) => {
            Failure::about(&REDIRECT_URI_DIFFERS, &**uri)
        }
        _ => Failure::from_engine(&error, During::Exchange),
    })
}

/// Imports foreign tokens. A code of ours that comes with them is used up all the same, and what it grants holds.
async fn import(
    engine: &Engine,
    client: &AuthenticatedClient,
    mut order: Order,
    external: &ExternalTokens,
) -> Result<Issued, Failure> {
    if order.code.is_some() {
        let refresh_ttl = order.refresh_ttl.take();
        let issued = exchange(engine, client, &order).await?;
        order.user = issued.access.claims.user.as_deref().map(Text::from);
        order.scope = Some(issued.access.claims.scope.clone());
        order.attributes = issued.attributes;
        order.refresh_ttl = refresh_ttl;
    }
    let request = ImportRequest {
        client,
        grant: order.grant,
        access: external.access.as_deref(),
        refresh: external.refresh.as_deref(),
        user: order.user.as_deref(),
        scope: order.scope.as_ref(),
        attributes: order.attributes,
        access_ttl: order.access_ttl,
        refresh_ttl: order.refresh_ttl,
        source: order.source,
    };
    engine.import(request).await.map_err(|error| Failure::from_engine(&error, During::Issue))
}
