//! What a token should be answered, by the rules of the design alone: a history of families, cut-offs and burns, without
//! records, versions, seals or a store. It knows nothing of the engine.

use crate::support::NATIVE_FAMILY_TTL;
use dormouse_token::Rotation::{self, Reuse, Rotate};
use dormouse_token::{FrontEnd, Grant, Kind, Scope, Target};
use std::collections::BTreeMap;

pub(crate) const HOUR: u64 = 3_600_000;

/// Why something is refused, as far as the design says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum No {
    Unknown,
    Expired,
    Revoked,
    Replayed,
    CutOff,
    ProductCutOff,
    WiderScope,
    /// Superseded, and nothing else happens.
    Superseded,
    Race,
    FamilyRevoked,
    /// The key of the present hour is burned.
    KeyBurned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Approved,
    Revoked,
    Replayed,
    Deleted,
}

/// A token that was handed out. Twins are tokens like any other.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) family: usize,
    pub(crate) generation: u32,
    /// The access generation of its pair.
    pub(crate) pair: u32,
    pub(crate) issued: u64,
    pub(crate) expires: u64,
    pub(crate) seen: u64,
    pub(crate) scope: Scope,
    pub(crate) attributes: BTreeMap<String, String>,
    /// The other token of the pair, unless no twin of it may be shown.
    pub(crate) partner: Option<usize>,
    /// When the access token of the pair expires.
    pub(crate) access_expires: u64,
    pub(crate) family_end: Option<u64>,
}

/// All tokens of one authorization.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) client: &'static str,
    pub(crate) user: Option<&'static str>,
    pub(crate) grant: Grant,
    pub(crate) front_end: FrontEnd,
    /// The front end of the code, for what happens at its second use.
    code_from: FrontEnd,
    pub(crate) born: u64,
    refresh_generation: u32,
    access_generation: u32,
    oldest_living: u32,
    redeemed: Option<(u64, Rotation)>,
    access: State,
    refresh: State,
    access_expires: u64,
    refresh_expires: u64,
    narrowed: Option<Scope>,
    /// How long reuse at a native front end needs no new generation.
    covered: u64,
    edits: Vec<(u32, String, String)>,
    /// An older living access token was edited: what its successors carry is not foretold.
    pub(crate) edited_late: bool,
    pub(crate) code_used: bool,
}

/// Somebody's or everybody's tokens issued so far.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    pub(crate) number: u64,
    pub(crate) target: Target,
    pub(crate) access_only: bool,
    pub(crate) before: Option<u64>,
}

/// A redemption.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) client: &'static str,
    pub(crate) rotation: Rotation,
    pub(crate) native: bool,
    pub(crate) scope: Option<Scope>,
    pub(crate) access_ttl: u64,
    pub(crate) refresh_ttl: u64,
}

/// The tokens that a redemption should give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) access_generation: u32,
    pub(crate) access_expires: u64,
    pub(crate) access_scope: Scope,
    pub(crate) refresh_generation: u32,
    pub(crate) refresh_expires: u64,
    pub(crate) refresh_scope: Scope,
    pub(crate) repeated: bool,
    pub(crate) keeps_refresh: bool,
    pub(crate) family_end: Option<u64>,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// Everything that has happened.
#[derive(Default)]
pub(crate) struct Oracle {
    pub(crate) now: u64,
    pub(crate) families: Vec<Family>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) cuts: Vec<Cut>,
    /// Burned hours and the numbers of their burns.
    pub(crate) burns: Vec<(u64, u64)>,
    pub(crate) counter: u64,
}

impl Family {
    pub(crate) fn new(
        client: &'static str,
        user: Option<&'static str>,
        grant: Grant,
        front_end: FrontEnd,
        born: u64,
    ) -> Self {
        Self {
            client,
            user,
            grant,
            front_end,
            code_from: front_end,
            born,
            refresh_generation: 0,
            access_generation: 0,
            oldest_living: 0,
            redeemed: None,
            access: State::Approved,
            refresh: State::Approved,
            access_expires: 0,
            refresh_expires: 0,
            narrowed: None,
            covered: 0,
            edits: Vec::new(),
            edited_late: false,
            code_used: false,
        }
    }

    fn supersedes(&self, token: &Token) -> bool {
        match token.kind {
            Kind::Access => token.generation < self.oldest_living,
            Kind::Refresh => token.generation < self.refresh_generation,
            Kind::Code => self.code_used,
        }
    }

    fn state(&self, kind: Kind) -> State {
        match kind {
            Kind::Access => self.access,
            Kind::Refresh => self.refresh,
            Kind::Code => State::Approved,
        }
    }

    fn cover(&mut self, token: &Token) {
        self.covered = self.covered.max(self.access_expires).max(token.access_expires);
    }
}

impl Oracle {
    pub(crate) fn refresh_count(&self, token: usize) -> u32 {
        self.families[self.tokens[token].family].access_generation
    }

    /// Whether the store may have forgotten the family 48 hours after its last token has expired, or the use of the code 48
    /// hours after its own expiry.
    pub(crate) fn is_forgotten(&self, token: usize) -> bool {
        let of = &self.tokens[token];
        let lasts =
            |token: &&Token| token.family == of.family && (of.kind != Kind::Code || token.kind == Kind::Code);
        self.tokens.iter().filter(lasts).map(|token| token.expires).max().unwrap_or(0) + 48 * HOUR <= self.now
    }

    fn of(&self, token: usize) -> (&Token, &Family) {
        let token = &self.tokens[token];
        (token, &self.families[token.family])
    }

    pub(crate) fn present_hour_is_burned(&self) -> bool {
        self.burns.iter().any(|(hour, _)| *hour == self.now / HOUR)
    }

    fn is_burned(&self, token: &Token, family: &Family) -> bool {
        let has_ancestor = token.generation > 0
            || token.pair > 0
            || (family.grant == Grant::AuthorizationCode && token.kind != Kind::Code);
        self.burns.iter().any(|(hour, number)| {
            token.issued / HOUR == *hour
                || family.born == *hour
                || (has_ancestor && token.issued >= hour * HOUR && token.seen < *number)
        })
    }

    fn kills(cut: &Cut, token: &Token) -> bool {
        let reaches = !cut.access_only || token.kind == Kind::Access;
        reaches && cut.before.map_or(token.seen < cut.number, |before| token.issued < before)
    }

    fn is_cut(&self, token: &Token, family: &Family) -> bool {
        let app = format!("{}-app", family.client);
        let is_meant = |target: &Target| match target {
            Target::Client(id) => **id == *family.client,
            Target::App(id) => **id == *app,
            Target::User(user) => Some(&**user) == family.user,
            Target::AppUser { app: own, user } => **own == *app && Some(&**user) == family.user,
            Target::Developer(id) => &**id == if family.client == "other" { "bob" } else { "ada" },
            Target::Product(_) => false,
            Target::Organization => true,
        };
        self.cuts.iter().any(|cut| is_meant(&cut.target) && Self::kills(cut, token))
    }

    fn product_is_cut(&self, token: &Token) -> bool {
        self.cuts.iter().any(|cut| matches!(cut.target, Target::Product(_)) && Self::kills(cut, token))
    }

    fn judge(&self, token: &Token, family: &Family) -> Result<(), No> {
        if self.is_burned(token, family) {
            Err(No::Unknown)
        } else if self.is_cut(token, family) {
            Err(No::CutOff)
        } else {
            Ok(())
        }
    }

    fn standing(token: &Token, family: &Family) -> Result<(), No> {
        if family.supersedes(token) {
            return Err(No::Unknown);
        }
        match family.state(token.kind) {
            State::Approved => Ok(()),
            State::Revoked => Err(No::Revoked),
            State::Replayed => Err(No::Replayed),
            State::Deleted => Err(No::Unknown),
        }
    }

    /// The record keeps edits through the grace window: an older access token that lives on may lose its own.
    pub(crate) fn foretells_attributes(&self, token: usize) -> bool {
        let (token, family) = self.of(token);
        let is_old = token.kind == Kind::Access && token.generation + 1 < family.access_generation;
        !family.edited_late && !is_old
    }

    /// The attributes of a token at present: what it was issued with and the edits that concern it.
    pub(crate) fn attributes(&self, token: usize) -> BTreeMap<String, String> {
        let (token, family) = self.of(token);
        let concerns = |generation: u32| match token.kind {
            Kind::Access => generation == token.generation,
            Kind::Refresh => generation >= token.pair,
            Kind::Code => false,
        };
        let mut edits: Vec<_> =
            family.edits.iter().filter(|(generation, ..)| concerns(*generation)).collect();
        edits.sort_by_key(|(generation, ..)| *generation);
        let mut attributes = token.attributes.clone();
        attributes.extend(edits.into_iter().map(|(_, name, value)| (name.clone(), value.clone())));
        attributes
    }

    pub(crate) fn verify(&self, token: usize) -> Result<(), No> {
        let (token, family) = self.of(token);
        if token.expires <= self.now {
            return Err(No::Expired);
        }
        self.judge(token, family)?;
        Self::standing(token, family)
    }

    /// The status of a token for a reader, who is told of revoked ones as well.
    pub(crate) fn look_up(&self, token: usize) -> Result<Result<(), No>, No> {
        let (token, family) = self.of(token);
        let judged = self.judge(token, family);
        if judged == Err(No::Unknown) || Self::standing(token, family) == Err(No::Unknown) {
            return Err(No::Unknown);
        }
        Ok(judged.and(Self::standing(token, family)))
    }

    /// The token that a reader is shown as the partner.
    pub(crate) fn twin(&self, token: usize) -> Option<usize> {
        if self.look_up(token) != Ok(Ok(())) {
            return None;
        }
        let partner = self.tokens[token].partner?;
        let (twin, family) = self.of(partner);
        let current = match twin.kind {
            Kind::Access => family.access_generation,
            _ => family.refresh_generation,
        };
        let lives = twin.expires > self.now
            && self.look_up(partner) == Ok(Ok(()))
            && twin.generation == current
            && !self.product_is_cut(twin);
        lives.then_some(partner)
    }

    pub(crate) fn redeem(&mut self, index: usize, asked: &Asked) -> Result<Given, No> {
        let (token, family) = self.of(index);
        if token.expires <= self.now {
            return Err(No::Expired);
        }
        if family.client != asked.client {
            return Err(No::Unknown);
        }
        self.judge(token, family)?;
        match family.refresh {
            State::Approved => {}
            State::Revoked => return Err(No::Revoked),
            State::Replayed => return Err(No::Replayed),
            State::Deleted => return Err(No::Unknown),
        }
        if self.product_is_cut(token) {
            return Err(No::ProductCutOff);
        }
        if asked.scope.as_ref().is_some_and(|scope| !scope.is_subset(&token.scope)) {
            return Err(No::WiderScope);
        }
        let end = token.family_end.or_else(|| {
            let begins = asked.native && family.front_end == FrontEnd::Bundle;
            begins.then(|| family.born * HOUR + NATIVE_FAMILY_TTL)
        });
        if end.is_some_and(|end| end <= self.now) {
            return Err(No::Expired);
        }
        let policy = match family.front_end {
            FrontEnd::Native(own) => own.max(asked.rotation),
            FrontEnd::Bundle => asked.rotation,
        };
        if token.generation < family.refresh_generation {
            return self.superseded(index, policy, end, asked.native);
        }
        if self.present_hour_is_burned() {
            return Err(No::KeyBurned);
        }
        Ok(self.advance(index, policy, end, asked))
    }

    /// The living refresh token is redeemed.
    fn advance(&mut self, index: usize, policy: Rotation, end: Option<u64>, asked: &Asked) -> Given {
        let attributes = self.attributes(index);
        let token = self.tokens[index].clone();
        let family = &mut self.families[token.family];
        let capped = |ttl: u64| end.map_or(self.now + ttl, |end| end.min(self.now + ttl));
        let narrowed = asked.scope.clone().filter(|scope| !token.scope.is_subset(scope));
        let access_scope = narrowed.clone().unwrap_or_else(|| token.scope.clone());
        let keeps_refresh = policy == Reuse;
        let access_expires = capped(asked.access_ttl);
        let writes = !keeps_refresh
            || !asked.native
            || access_expires > family.covered
            || family.access != State::Approved;
        if writes {
            family.cover(&token);
            family.access_generation += 1;
            if !asked.native || family.access != State::Approved {
                family.oldest_living = family.access_generation;
            }
            family.access = State::Approved;
            family.access_expires = access_expires;
            family.narrowed = narrowed;
            family.redeemed = Some((self.now, policy));
            let ahead = if keeps_refresh && asked.native { HOUR } else { 0 };
            family.covered = family.covered.max(access_expires + ahead);
            if !keeps_refresh {
                family.refresh_generation += 1;
                family.refresh_expires = capped(asked.refresh_ttl);
            }
        }
        let (refresh_expires, refresh_scope) = match (keeps_refresh, asked.native) {
            (true, _) => (token.expires, token.scope),
            (false, true) => (family.refresh_expires, token.scope),
            (false, false) => (family.refresh_expires, access_scope.clone()),
        };
        Given {
            access_generation: family.access_generation,
            access_expires,
            access_scope,
            refresh_generation: family.refresh_generation,
            refresh_expires,
            refresh_scope,
            repeated: false,
            keeps_refresh,
            family_end: end,
            attributes,
        }
    }

    fn superseded(
        &mut self,
        index: usize,
        policy: Rotation,
        end: Option<u64>,
        native: bool,
    ) -> Result<Given, No> {
        let attributes = self.attributes(index);
        let burned = self.present_hour_is_burned();
        let token = self.tokens[index].clone();
        let family = &mut self.families[token.family];
        let (at, by) = family.redeemed.unwrap_or((0, policy));
        let age = self.now - at;
        if family.refresh_generation == token.generation + 1
            && (policy, by) == (Rotate, Rotate)
            && age <= 60_000
        {
            if burned {
                return Err(No::KeyBurned);
            }
            let access_scope = family.narrowed.clone().unwrap_or_else(|| token.scope.clone());
            return Ok(Given {
                access_generation: family.access_generation,
                access_expires: family.access_expires,
                access_scope: access_scope.clone(),
                refresh_generation: family.refresh_generation,
                refresh_expires: family.refresh_expires,
                refresh_scope: if native { token.scope } else { access_scope },
                repeated: true,
                keeps_refresh: false,
                family_end: end,
                attributes,
            });
        }
        if policy < Rotate {
            return Err(No::Superseded);
        }
        if age <= 2000 {
            return Err(No::Race);
        }
        family.cover(&token);
        (family.access, family.refresh) = (State::Replayed, State::Replayed);
        Err(No::FamilyRevoked)
    }

    /// What stands in the way of a code, before it is looked at whether it was used.
    pub(crate) fn exchange(
        &mut self,
        index: usize,
        client: &'static str,
        front_end: FrontEnd,
    ) -> Result<(), No> {
        let (code, family) = self.of(index);
        if code.expires <= self.now {
            return Err(No::Expired);
        }
        if family.client != client {
            return Err(No::Unknown);
        }
        self.judge(code, family)?;
        if self.product_is_cut(code) {
            return Err(No::ProductCutOff);
        }
        if self.present_hour_is_burned() {
            return Err(No::KeyBurned);
        }
        let family_of_code = code.family;
        let family = &mut self.families[family_of_code];
        if !family.code_used {
            family.code_used = true;
            if family.front_end == FrontEnd::Bundle {
                family.front_end = front_end;
            }
            return Ok(());
        }
        if family.code_from == FrontEnd::Bundle && front_end == FrontEnd::Bundle {
            return Err(No::Superseded);
        }
        let last = self.tokens.iter().filter(|token| token.family == family_of_code && token.pair == 0);
        let family_expires = last.map(|token| token.expires).max().unwrap_or(0);
        let family = &mut self.families[family_of_code];
        for state in [&mut family.access, &mut family.refresh] {
            if *state == State::Approved {
                *state = State::Replayed;
            }
        }
        family.covered = family.covered.max(family_expires);
        Err(No::FamilyRevoked)
    }

    /// Invalidate and Validate. The type is what the caller believes it to be.
    pub(crate) fn set_status(&mut self, index: usize, believed: Kind, cascade: bool, revoke: bool) {
        let now = self.now;
        let (token, family) = self.of(index);
        let is_meant = token.kind == believed || (believed, token.kind) == (Kind::Refresh, Kind::Access);
        if !is_meant || family.supersedes(token) || self.is_burned(token, family) {
            return;
        }
        let current = match token.kind {
            Kind::Access => token.generation == family.access_generation,
            _ => token.generation == family.refresh_generation,
        };
        if !revoke && (!current || token.expires <= now) {
            return;
        }
        let (from, to) =
            if revoke { (State::Approved, State::Revoked) } else { (State::Revoked, State::Approved) };
        let refresh_alone = token.kind == Kind::Refresh && !cascade;
        let token = token.clone();
        let family = &mut self.families[token.family];
        let before = (family.access, family.refresh);
        if !refresh_alone && family.access == from {
            family.access = to;
        }
        if family.refresh == from {
            family.refresh = to;
        }
        if before != (family.access, family.refresh) {
            family.cover(&token);
        }
    }

    pub(crate) fn delete(&mut self, index: usize) -> Result<(), No> {
        let _whatever_its_status = self.look_up(index)?;
        let token = self.tokens[index].clone();
        let family = &mut self.families[token.family];
        if token.kind == Kind::Code {
            family.code_used = true;
        } else {
            (family.access, family.refresh) = (State::Deleted, State::Deleted);
            family.cover(&token);
        }
        Ok(())
    }

    pub(crate) fn edit(&mut self, index: usize, name: &str, value: &str) -> Result<(), No> {
        let (token, family) = self.of(index);
        self.judge(token, family)?;
        Self::standing(token, family)?;
        let token = token.clone();
        if token.expires <= self.now {
            return Err(No::Expired);
        }
        let family = &mut self.families[token.family];
        family.edited_late |= token.generation < family.access_generation;
        family.edits.push((token.generation, name.to_owned(), value.to_owned()));
        family.cover(&token);
        Ok(())
    }
}
