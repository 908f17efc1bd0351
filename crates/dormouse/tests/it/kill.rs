//! SIGKILL under load: what was acknowledged is there after the restart.

use crate::race::{issue, redeem};
use crate::support::{Answer, Caller, Server, client, shop, shop_arguments};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

const KILLS: usize = 20;
const WORKERS: usize = 8;

/// Each round is killed after this many acknowledgements, in the middle of further work.
const ACKNOWLEDGED_PER_ROUND: usize = 60;

/// Something that the server said it had done.
enum Acknowledged {
    Redeemed { old: String, access: String, refresh: String },
    Revoked { access: String, refresh: String },
    Edited { access: String, note: String },
    Imported { access: String, refresh: String },
    CutOff { access: String, refresh: String },
}

#[test]
fn nothing_acknowledged_is_lost_by_twenty_kills_under_load() {
    let directory = shop();
    let arguments = shop_arguments(directory.path());
    let data = directory.path().join("data").display().to_string();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.extend(["--data", &data]);
    let mut checked = 0;
    for round in 0..KILLS {
        let mut server = Server::start(&arguments);
        let acknowledged = load_until_killed(&mut server, round);
        let server = Server::start(&arguments);
        let caller = Caller::new();
        for fact in &acknowledged {
            check(&caller, &server.gateway, fact);
        }
        checked += acknowledged.len();
    }
    assert!(checked >= KILLS * ACKNOWLEDGED_PER_ROUND, "{checked}");
}

fn load_until_killed(server: &mut Server, round: usize) -> Vec<Acknowledged> {
    let facts: Mutex<Vec<Acknowledged>> = Mutex::default();
    let (count, killed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let gateway = server.gateway.clone();
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (facts, count, killed, gateway) = (&facts, &count, &killed, &gateway);
            scope.spawn(move || {
                let caller = Caller::new();
                let mut step = worker;
                while !killed.load(Ordering::SeqCst) {
                    step += 1;
                    let name = format!("{round}-{worker}-{step}");
                    if let Some(fact) = act(&caller, gateway, step, &name) {
                        facts.lock().unwrap().push(fact);
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        while count.load(Ordering::SeqCst) < ACKNOWLEDGED_PER_ROUND {
            thread::yield_now();
        }
        server.kill();
        killed.store(true, Ordering::SeqCst);
    });
    facts.into_inner().unwrap()
}

/// One piece of work; nothing when the server died before it was acknowledged.
fn act(caller: &Caller, gateway: &str, step: usize, name: &str) -> Option<Acknowledged> {
    let at = |path: &str| format!("{gateway}/shop/{path}");
    if step % 5 == 3 {
        let (access, refresh) = (format!("foreign-access-{name}"), format!("foreign-refresh-{name}"));
        let form = [
            ("grant_type", "password"),
            ("username", "u"),
            ("password", "p"),
            ("client_id", "apigee"),
            ("external_access", access.as_str()),
            ("external_refresh", refresh.as_str()),
        ];
        return acknowledged(caller.try_post(&at("import"), &form))
            .map(|_| Acknowledged::Imported { access, refresh });
    }
    let mut form = vec![("grant_type", "password"), ("username", name), ("password", "p")];
    form.extend(client("apigee"));
    let tokens = acknowledged(caller.try_post(&at("token"), &form))?;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    match step % 5 {
        0 => {
            let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
            form.extend(client("apigee"));
            let next = acknowledged(caller.try_post(&at("token"), &form))?;
            let (access, new) = (next.text("access_token"), next.text("refresh_token"));
            Some(Acknowledged::Redeemed { old: refresh, access, refresh: new })
        }
        1 => {
            acknowledged(caller.try_post(&at("revoke"), &[("token", &refresh)]))?;
            Some(Acknowledged::Revoked { access, refresh })
        }
        2 => {
            acknowledged(caller.try_post(&at("edit"), &[("token", &access), ("note", name)]))?;
            Some(Acknowledged::Edited { access, note: name.to_owned() })
        }
        _ => {
            acknowledged(caller.try_post(&at("cut-off"), &[("username", name)]))?;
            Some(Acknowledged::CutOff { access, refresh })
        }
    }
}

fn acknowledged(answer: Result<Answer, ureq::Error>) -> Option<Answer> {
    let answer = answer.ok()?;
    assert_eq!(answer.status, 200, "{answer:?}");
    Some(answer)
}

fn check(caller: &Caller, gateway: &str, fact: &Acknowledged) {
    let token_url = format!("{gateway}/shop/token");
    let me = |access: &str| caller.get(&format!("{gateway}/shop/me"), Some(access));
    match fact {
        Acknowledged::Redeemed { old, access, refresh } => {
            assert_eq!(me(access).status, 200);
            assert_eq!(redeem(caller, &token_url, "apigee", old).status, 400);
            assert_eq!(redeem(caller, &token_url, "apigee", refresh).text("refresh_count"), "2");
        }
        Acknowledged::Revoked { access, refresh } | Acknowledged::CutOff { access, refresh } => {
            assert_eq!(me(access).status, 401);
            assert_ne!(redeem(caller, &token_url, "apigee", refresh).status, 200);
        }
        Acknowledged::Edited { access, note } => {
            let answer = me(access);
            assert_eq!((answer.status, answer.body.as_str()), (200, note.as_str()));
        }
        Acknowledged::Imported { access, refresh } => {
            assert_eq!(me(access).status, 200);
            assert_eq!(redeem(caller, &token_url, "apigee", refresh).text("refresh_count"), "1");
            assert_eq!(me(access).status, 401, "the imported access token dies with the redemption");
            assert_ne!(redeem(caller, &token_url, "apigee", refresh).status, 200);
        }
    }
}

/// An orderly stop answers what is open and exits with 0; the next start serves on.
#[test]
fn terminating_is_orderly() {
    let directory = shop();
    let arguments = shop_arguments(directory.path());
    let data = directory.path().join("data").display().to_string();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.extend(["--data", &data]);
    let mut server = Server::start(&arguments);
    let caller = Caller::new();
    let tokens = issue(&caller, &format!("{}/shop/token", server.gateway), "apigee");
    drop(caller);
    assert!(server.terminate().success());
    let server = Server::start(&arguments);
    let me = Caller::new().get(&format!("{}/shop/me", server.gateway), Some(&tokens.text("access_token")));
    assert_eq!(me.status, 200);
}
