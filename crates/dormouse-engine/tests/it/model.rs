//! Random histories on two nodes of one store, each answer compared with the oracle's. A failing seed is printed: it is the
//! report of the bug.

use crate::oracle::{Asked, Cut, Family, Given, HOUR, No, Oracle, Token};
use crate::support::{NATIVE, Node, SOURCE, World, attributes, wait};
use dormouse_engine::StatusChange::{Approve, Revoke};
use dormouse_engine::{
    CodeExchange, CodeRequest, CutOffOrder, Error, IssueRequest, Issued, RedeemRequest, Refusal,
    Supersession, Unavailable,
};
use dormouse_token::{
    Attributes, FrontEnd, Grant, Kind, Reach, Reason, Redeemer, Rotation, Scope, Target, Timestamp,
};
use std::collections::BTreeMap;
use std::time::Duration;

#[test]
fn random_histories_are_answered_as_the_design_says() {
    for seed in 0..SEEDS {
        let mut history = History::of(World::seeded(seed), seed);
        for step in 0..STEPS {
            history.at = format!("seed {seed}, step {step}");
            history.step();
        }
    }
}

#[test]
fn histories_go_on_after_power_losses() {
    for seed in 0..DISK_SEEDS {
        let mut history = History::of(World::on_disk(seed), seed);
        for step in 0..DISK_STEPS {
            history.at = format!("seed {seed} on a disk, step {step}");
            history.step();
            if history.dice.below(25) == 0 {
                history.lose_power();
            }
        }
    }
}

/// A history as it unfolds: the world, what should be so, and the strings by the oracle's numbers.
struct History {
    world: World,
    nodes: [Node; 2],
    /// Whether a node has yet to follow what the other one did.
    behind: [bool; 2],
    oracle: Oracle,
    texts: Vec<String>,
    dice: Dice,
    at: String,
}

impl History {
    fn of(world: World, seed: u64) -> Self {
        let nodes = [world.node(), world.node()];
        let now = nodes[0].engine.now().as_ms();
        Self {
            world,
            nodes,
            behind: [false; 2],
            oracle: Oracle { now, ..Oracle::default() },
            texts: Vec::new(),
            dice: Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) + 1),
            at: String::new(),
        }
    }

    fn step(&mut self) {
        let node = self.dice.below(2);
        match self.dice.below(100) {
            0..12 => self.issue(node),
            12..17 => self.issue_code(node),
            17..24 => self.exchange(node),
            24..56 => self.redeem(node),
            56..64 => self.set_status(node),
            64..66 => self.delete(node),
            66..72 => self.edit(node),
            72..82 => self.look_up(node),
            82..85 => self.cut_off(node),
            85..86 => self.burn(node),
            86..96 => self.advance(),
            96..98 => self.restart(node),
            _ => wait(self.nodes[node].engine.maintain()).expect("the store answers"),
        }
        self.verify(node);
    }

    fn issue(&mut self, node: usize) {
        let client = self.dice.pick(&CLIENTS);
        let user = self.dice.pick(&[Some("ann"), Some("bob"), None]);
        let grant = self.dice.pick(&[Grant::Password, Grant::Password, Grant::ClientCredentials]);
        let front_end = self.front_end();
        let scope = self.scope();
        let authenticated = self.nodes[node].client(client);
        let value = self.dice.below(9).to_string();
        let request = IssueRequest {
            client: &authenticated,
            grant,
            user,
            scope: scope.as_ref(),
            attributes: attributes(&[("a", &value)]),
            access_ttl: self.access_ttl(),
            refresh_ttl: Some(self.refresh_ttl()),
            source: SOURCE,
            front_end,
        };
        match wait(self.nodes[node].engine.issue(request)) {
            Ok(issued) => {
                // A node that has not heard of a burn issues what is dead at birth.
                let knows = !self.behind[node] && self.oracle.present_hour_is_burned();
                assert!(!knows, "{}: issued under a burned key", self.at);
                let born = issued.access.claims.born.hour.into();
                self.oracle.families.push(Family::new(client, user, grant, front_end, born));
                assert_eq!(issued.refresh.is_some(), grant.has_refresh(), "{}", self.at);
                self.take_in(&issued, self.oracle.families.len() - 1);
            }
            Err(error) => {
                assert_eq!(error, Unavailable::KeyBurned.into(), "{}", self.at);
                assert!(self.oracle.present_hour_is_burned(), "{}", self.at);
            }
        }
    }

    fn issue_code(&mut self, node: usize) {
        let client = self.dice.pick(&CLIENTS);
        let front_end = self.front_end();
        let identified = self.nodes[node].engine.identify(client).expect("the client is in order");
        let request = CodeRequest {
            client: &identified,
            redirect_uri: None,
            user: Some("ann"),
            scope: None,
            attributes: attributes(&[("c", "1")]),
            ttl: Duration::from_mins(10),
            source: SOURCE,
            front_end,
        };
        let Ok(code) = wait(self.nodes[node].engine.issue_code(request)) else {
            assert!(self.oracle.present_hour_is_burned(), "{}", self.at);
            return;
        };
        let claims = &code.claims;
        let born = claims.born.hour.into();
        self.oracle.families.push(Family::new(
            client,
            Some("ann"),
            Grant::AuthorizationCode,
            front_end,
            born,
        ));
        self.oracle.tokens.push(Token {
            kind: Kind::Code,
            family: self.oracle.families.len() - 1,
            generation: 0,
            pair: 0,
            issued: claims.issued_at.as_ms(),
            expires: claims.expires_at.as_ms(),
            seen: claims.seen,
            scope: claims.scope.clone(),
            attributes: map(&attributes(&[("c", "1")])),
            partner: None,
            access_expires: 0,
            family_end: None,
        });
        self.texts.push(code.text);
    }

    fn exchange(&mut self, node: usize) {
        let Some(code) = self.pick(|token| token.kind == Kind::Code) else { return };
        let family = self.oracle.tokens[code].family;
        let client = self.client_for(family);
        let front_end = self.front_end();
        let (access_ttl, refresh_ttl) = (self.access_ttl(), self.refresh_ttl());
        let authenticated = self.nodes[node].client(client);
        let request = CodeExchange {
            client: &authenticated,
            code: &self.texts[code],
            redirect_uri: None,
            code_verifier: None,
            attributes: Attributes::default(),
            access_ttl,
            refresh_ttl: Some(refresh_ttl),
            user: None,
            source: SOURCE,
            front_end,
        };
        let answer = wait(self.nodes[node].engine.exchange_code(request));
        let expected = self.oracle.exchange(code, client, front_end);
        self.behind[1 - node] = true;
        match (answer, expected) {
            (Ok(issued), Ok(())) => {
                assert_eq!(issued.attributes, attributes(&[("c", "1")]), "{}", self.at);
                self.take_in(&issued, family);
            }
            (answer, expected) => self.agree(answer.map(|_| ()), expected),
        }
    }

    fn redeem(&mut self, node: usize) {
        let Some(token) = self.pick(|token| token.kind == Kind::Refresh) else { return };
        let family = self.oracle.tokens[token].family;
        let client = self.client_for(family);
        let asked = Asked {
            client,
            rotation: self.dice.pick(&Rotation::ALL),
            native: self.dice.below(2) == 0,
            scope: self.scope(),
            access_ttl: millis(self.access_ttl()),
            refresh_ttl: millis(self.refresh_ttl()),
        };
        let authenticated = self.nodes[node].client(client);
        let request = RedeemRequest {
            client: &authenticated,
            token: &self.texts[token],
            scope: asked.scope.as_ref(),
            rotation: asked.rotation,
            redeemer: if asked.native { NATIVE } else { Redeemer::Bundle },
            attributes: Attributes::default(),
            access_ttl: Duration::from_millis(asked.access_ttl),
            refresh_ttl: Duration::from_millis(asked.refresh_ttl),
        };
        let answer = wait(self.nodes[node].engine.redeem(request));
        let expected = self.oracle.redeem(token, &asked);
        self.behind[1 - node] = true;
        match (answer, expected) {
            (Ok(redeemed), Ok(given)) => {
                let issued = &redeemed.issued;
                let refresh = issued.refresh.as_ref().expect("a redemption has a refresh token");
                let (access, refresh_claims) = (&issued.access.claims, &refresh.claims);
                let late = self.oracle.families[family].edited_late;
                let seen = Given {
                    access_generation: access.generation,
                    access_expires: access.expires_at.as_ms(),
                    access_scope: access.scope.clone(),
                    refresh_generation: refresh_claims.generation,
                    refresh_expires: refresh_claims.expires_at.as_ms(),
                    refresh_scope: refresh_claims.scope.clone(),
                    repeated: redeemed.repeated,
                    keeps_refresh: refresh.text == self.texts[token],
                    family_end: access.absolute_expires_at.map(Timestamp::as_ms),
                    attributes: if late { given.attributes.clone() } else { map(&issued.attributes) },
                };
                assert_eq!(seen, given, "{}: {asked:?} of token {token}", self.at);
                assert_eq!(redeemed.refresh_count, access.generation, "{}", self.at);
                assert_eq!(access.seen, self.oracle.counter, "{}: a linearizable read", self.at);
                self.take_in(&redeemed.issued, family);
            }
            (answer, expected) => {
                let (answer, expected) = (answer.map(drop), expected.map(drop));
                self.agree(answer, expected);
            }
        }
    }

    fn set_status(&mut self, node: usize) {
        let Some(token) = self.pick(|token| token.kind != Kind::Code) else { return };
        let kind = self.dice.pick(&[Kind::Access, Kind::Refresh]);
        let (cascade, revoke) = (self.dice.below(2) == 0, self.dice.below(2) == 0);
        let change = if revoke { Revoke } else { Approve };
        let answer = wait(self.nodes[node].engine.set_status(&self.texts[token], kind, cascade, change));
        self.oracle.set_status(token, kind, cascade, revoke);
        self.behind[1 - node] = true;
        assert!(answer.is_ok(), "{}: {answer:?}", self.at);
    }

    fn delete(&mut self, node: usize) {
        let Some(token) = self.pick(|token| token.kind != Kind::Refresh) else { return };
        let kind = self.oracle.tokens[token].kind;
        let answer = wait(self.nodes[node].engine.delete(&self.texts[token], kind));
        let expected = self.oracle.delete(token);
        self.behind[1 - node] = true;
        self.agree(answer, expected);
    }

    fn edit(&mut self, node: usize) {
        let Some(token) = self.pick(|token| token.kind == Kind::Access) else { return };
        let (name, value) = (self.dice.pick(&["a", "b", "c"]), self.dice.below(100).to_string());
        let answer = wait(self.nodes[node].engine.edit(&self.texts[token], &attributes(&[(name, &value)])));
        let expected = self.oracle.edit(token, name, &value);
        self.behind[1 - node] = true;
        if let (Ok((_, all)), Ok(()), true) = (&answer, expected, self.oracle.foretells_attributes(token)) {
            assert_eq!(map(all), self.oracle.attributes(token), "{}", self.at);
        }
        self.agree(answer.map(|_| ()), expected);
    }

    fn look_up(&mut self, node: usize) {
        let Some(token) = self.pick(|_| true) else { return };
        let of = self.oracle.tokens[token].clone();
        let answer = wait(self.nodes[node].engine.look_up(&self.texts[token], of.kind, None));
        let expected = self.oracle.look_up(token);
        let (answer, status) = match (answer, expected) {
            (Ok(answer), Ok(status)) => (answer, status),
            (answer, expected) => return self.agree(answer.map(|_| ()), expected.map(|_| ())),
        };
        self.agree(answer.status.map_err(|reason| Refusal::NotApproved(reason).into()), status);
        assert_eq!(answer.expired, of.expires <= self.oracle.now, "{}", self.at);
        assert_eq!(answer.refresh_count, self.oracle.refresh_count(token), "{}", self.at);
        if self.oracle.foretells_attributes(token) {
            assert_eq!(map(&answer.attributes), self.oracle.attributes(token), "{}", self.at);
        }
        let twin = answer.partner.and_then(|partner| partner.twin);
        let expected = self.oracle.twin(token);
        assert_eq!(twin.is_some(), expected.is_some(), "{}: the twin of token {token}", self.at);
        if let (Some(twin), Some(original)) = (twin, expected) {
            self.oracle.tokens.push(self.oracle.tokens[original].clone());
            self.texts.push(twin);
        }
    }

    fn cut_off(&mut self, node: usize) {
        let (client, user) = (self.dice.pick(&CLIENTS), self.dice.pick(&["ann", "bob"]));
        let target = match self.dice.below(7) {
            0 => Target::Client(client.into()),
            1 => Target::App(format!("{client}-app").into()),
            2 => Target::User(user.into()),
            3 => Target::AppUser { app: format!("{client}-app").into(), user: user.into() },
            4 => Target::Developer("bob".into()),
            5 => Target::Product("silver".into()),
            _ => Target::Organization,
        };
        let reach = self.dice.pick(&[Reach::Access, Reach::Both]);
        let before = match self.dice.below(3) {
            0 => Some(self.oracle.now.saturating_sub(self.dice.below(7_200_000) as u64)),
            1 => Some(self.oracle.now + 5),
            _ => None,
        };
        let order = CutOffOrder {
            target: target.clone(),
            reach,
            reason: Reason::EndUser,
            before: before.map(Timestamp::from_ms),
        };
        let cut = wait(self.nodes[node].engine.cut_off(order)).expect("the store answers");
        self.oracle.counter += 1;
        assert_eq!(cut.number, self.oracle.counter, "{}", self.at);
        self.oracle.cuts.push(Cut {
            number: cut.number,
            target,
            access_only: reach == Reach::Access,
            before: before.map(|before| before.min(self.oracle.now)),
        });
        self.behind[1 - node] = true;
    }

    fn burn(&mut self, node: usize) {
        let hour = self.oracle.now / HOUR - self.dice.below(4) as u64;
        let root = self.world.root.id();
        let burned = self.nodes[node].engine.burn_hour(root, u32::try_from(hour).expect("hours are few"));
        let number = wait(burned).expect("the store answers");
        self.oracle.counter += 1;
        assert_eq!(number, self.oracle.counter, "{}", self.at);
        self.oracle.burns.push((hour, number));
        self.behind[1 - node] = true;
    }

    fn advance(&mut self) {
        let by = match self.dice.below(12) {
            0..3 => self.dice.below(1500),
            3..6 => self.dice.below(70_000),
            6..9 => self.dice.below(2_400_000),
            9..11 => self.dice.below(12 * 3_600_000),
            _ => self.dice.below(12 * 24 * 3_600_000),
        };
        self.world.pass(Duration::from_millis(by as u64));
        self.oracle.now += by as u64;
        if by > 1000 {
            self.behind = [true; 2];
        }
    }

    fn restart(&mut self, node: usize) {
        self.nodes[node] = self.world.node();
        self.behind[node] = false;
    }

    fn lose_power(&mut self) {
        self.world.lose_power();
        self.nodes = [self.world.node(), self.world.node()];
        self.behind = [false; 2];
    }

    /// What the acting node has acknowledged it knows at once; the other one when it has followed.
    fn verify(&mut self, node: usize) {
        for node in [node, self.dice.below(2)] {
            let Some(token) = self.pick(|token| token.kind == Kind::Access) else { return };
            if self.behind[node] {
                self.nodes[node].follow();
                self.behind[node] = false;
            }
            let answer = self.nodes[node].verify(&self.texts[token]);
            if let Ok(verified) = &answer
                && self.oracle.foretells_attributes(token)
            {
                assert_eq!(map(&verified.attributes), self.oracle.attributes(token), "{}", self.at);
            }
            self.agree(answer.map(|_| ()), self.oracle.verify(token));
        }
    }

    fn take_in(&mut self, issued: &Issued, family: usize) {
        let number = self.oracle.tokens.len();
        let keeps = issued.refresh.as_ref().is_some_and(|token| self.texts.contains(&token.text));
        let fresh = issued.refresh.as_ref().filter(|_| !keeps);
        for token in [Some(&issued.access), fresh].into_iter().flatten() {
            let claims = &token.claims;
            let partner = if claims.kind == Kind::Access { number + 1 } else { number };
            self.oracle.tokens.push(Token {
                kind: claims.kind,
                family,
                generation: claims.generation,
                pair: issued.access.claims.generation,
                issued: claims.issued_at.as_ms(),
                expires: claims.expires_at.as_ms(),
                seen: claims.seen,
                scope: claims.scope.clone(),
                attributes: map(&issued.attributes),
                partner: fresh.map(|_| partner),
                access_expires: issued.access.claims.expires_at.as_ms(),
                family_end: claims.absolute_expires_at.map(Timestamp::as_ms),
            });
            self.texts.push(token.text.clone());
            let ahead = claims.issued_at.as_ms() - self.oracle.now;
            assert!(ahead <= 1 && claims.seen <= self.oracle.counter, "{}", self.at);
        }
    }

    #[track_caller]
    fn agree(&self, answer: Result<(), Error>, expected: Result<(), No>) {
        let refusal = |error| match error {
            Error::Refused(refusal) => Ok(refusal),
            Error::Unavailable(Unavailable::KeyBurned) => Err(No::KeyBurned),
            other @ Error::Unavailable(_) => panic!("{}: {other}", self.at),
        };
        let answer = answer.map_err(|error| refusal(error).map_or_else(|no| no, |refusal| no(&refusal)));
        assert_eq!(answer, expected, "{}", self.at);
    }

    /// Mostly one of the latest tokens of a kind, now and then any.
    fn pick(&mut self, wanted: impl Fn(&Token) -> bool) -> Option<usize> {
        let found: Vec<_> = (0..self.oracle.tokens.len())
            .filter(|index| wanted(&self.oracle.tokens[*index]) && !self.oracle.is_forgotten(*index))
            .collect();
        let recent = if self.dice.below(4) == 0 { found.len() } else { found.len().min(6) };
        (recent > 0).then(|| found[found.len() - 1 - self.dice.below(recent)])
    }

    fn client_for(&mut self, family: usize) -> &'static str {
        let own = self.oracle.families[family].client;
        if self.dice.below(15) == 0 { self.dice.pick(&CLIENTS) } else { own }
    }

    fn front_end(&mut self) -> FrontEnd {
        let native = FrontEnd::Native(self.dice.pick(&Rotation::ALL));
        self.dice.pick(&[FrontEnd::Bundle, native])
    }

    fn scope(&mut self) -> Option<Scope> {
        self.dice.pick(&[None, None, None, Some("read"), Some("read write")]).map(Scope::parse)
    }

    fn access_ttl(&mut self) -> Duration {
        Duration::from_secs(self.dice.pick(&[90, 1800, 1800, 7200]))
    }

    fn refresh_ttl(&mut self) -> Duration {
        Duration::from_secs(self.dice.pick(&[3600, 86_400, 30 * 86_400, 200 * 86_400]))
    }
}

fn no(refusal: &Refusal) -> No {
    match refusal {
        Refusal::Unknown => No::Unknown,
        Refusal::Expired => No::Expired,
        Refusal::InvalidScope => No::WiderScope,
        Refusal::NotApproved(Reason::Token) => No::Revoked,
        Refusal::NotApproved(Reason::Replay) => No::Replayed,
        Refusal::NotApproved(Reason::EndUser) => No::CutOff,
        Refusal::NotApproved(Reason::Administration) => No::ProductCutOff,
        Refusal::Superseded(Supersession::Refused) => No::Superseded,
        Refusal::Superseded(Supersession::Race) => No::Race,
        Refusal::Superseded(Supersession::FamilyRevoked) => No::FamilyRevoked,
        other => panic!("nothing here is refused as {other:?}"),
    }
}

fn map(attributes: &Attributes) -> BTreeMap<String, String> {
    attributes.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("lifetimes are short")
}

/// A generator of numbers that depends on nothing but its seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits fit") % end
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

const CLIENTS: [&str; 3] = ["web", "mobile", "other"];
const SEEDS: u64 = 100;
const STEPS: usize = 400;
const DISK_SEEDS: u64 = 12;
const DISK_STEPS: usize = 200;
