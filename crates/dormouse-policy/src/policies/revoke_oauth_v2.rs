//! RevokeOAuthV2: revokes all tokens of an app, of an end user, or of an end user in an app (Apigee: "RevokeOAuthV2
//! policy").

use crate::compile_context::CompileContext;
use crate::oauth::TextSource;
use crate::oauth::failure::{During, EMPTY_APP_AND_END_USER_ID, Failure, INVALID_TIMESTAMP, UNKNOWN_APP};
use crate::oauth::report::Reporter;
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{OAuthPolicy, Policy, oauth_policy};
use dormouse_engine::CutOffOrder;
use dormouse_flow::{Executable, Host, OutcomeFuture, Text, Transaction, Variable, WaitingPolicy};
use dormouse_token::{Reach, Reason, Target, Timestamp};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "RevokeOAuthV2",
    summary: "Revokes all tokens of an app or of an end user.",
    failure_prefix: "oauthV2",
    may_continue: true,
    compile,
};

struct RevokeOAuthV2 {
    reporter: Reporter,
    app_id: Option<TextSource>,
    end_user_id: Option<TextSource>,
    before_variable: Option<Variable>,
    before: Option<u64>,
    reach: Reach,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let (typed, problems) = oauth_policy(policy);
    let Some(OAuthPolicy::Revoke(typed)) = typed else { return (None, problems) };
    let before = typed.revoke_before.as_ref();
    let reference = before.and_then(|before| before.reference.as_ref());
    let compiled = RevokeOAuthV2 {
        reporter: Reporter::new(policy),
        app_id: typed.app_id.as_ref().map(TextSource::new),
        end_user_id: typed.end_user_id.as_ref().map(TextSource::new),
        before_variable: reference.map(|reference| Variable::parse(&reference.value)),
        before: before.and_then(|before| before.literal.as_ref()).map(|literal| literal.value),
        reach: if typed.cascade { Reach::Both } else { Reach::Access },
    };
    (Some(Executable::Waiting(Box::new(compiled))), problems)
}

impl WaitingPolicy for RevokeOAuthV2 {
    fn run<'a>(&'a self, transaction: &'a mut Transaction, host: &'a Host) -> OutcomeFuture<'a> {
        Box::pin(async move {
            let result = self.revoke(transaction, host).await;
            self.reporter.outcome(transaction, result)
        })
    }
}

impl RevokeOAuthV2 {
    async fn revoke(&self, transaction: &Transaction, host: &Host) -> Result<(), Failure> {
        let app = id(self.app_id.as_ref(), transaction);
        let user = id(self.end_user_id.as_ref(), transaction);
        if app.as_deref().is_some_and(|app| host.engine.directory().app(app).is_none()) {
            return Err(Failure::of(&UNKNOWN_APP));
        }
        let (target, reason) = match (app, user) {
            (Some(app), Some(user)) => {
                (Target::AppUser { app: (*app).into(), user: (*user).into() }, Reason::AppEndUser)
            }
            (Some(app), None) => (Target::App((*app).into()), Reason::App),
            (None, Some(user)) => (Target::User((*user).into()), Reason::EndUser),
            (None, None) => return Err(Failure::of(&EMPTY_APP_AND_END_USER_ID)),
        };
        let before = self.before(transaction)?;
        let order = CutOffOrder { target, reach: self.reach, reason, before };
        let ordered = host.engine.cut_off(order).await;
        ordered.map(drop).map_err(|error| Failure::from_engine(&error, During::Revoke))
    }

    /// A variable that does not resolve gives way to the literal, and that to now. Anything but a number revokes nothing:
    /// whoever made a mistake must not revoke more than was meant.
    fn before(&self, transaction: &Transaction) -> Result<Option<Timestamp>, Failure> {
        let referred = self.before_variable.as_ref().and_then(|variable| transaction.text(variable));
        let Some(text) = referred.filter(|text| !text.is_empty()) else {
            return Ok(self.before.map(Timestamp::from_ms));
        };
        let milliseconds = text.trim().parse().map_err(|_| Failure::of(&INVALID_TIMESTAMP))?;
        Ok(Some(Timestamp::from_ms(milliseconds)))
    }
}

/// An id that resolves to nothing, or to an empty text, is not given.
fn id(source: Option<&TextSource>, transaction: &Transaction) -> Option<Text> {
    source?.read(transaction).filter(|id| !id.is_empty())
}
