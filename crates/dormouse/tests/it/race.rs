//! Parallel redemptions of one token through HTTP: one new generation each time.

use crate::support::{Answer, Caller, Server, client, shop, shop_arguments};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const PARALLEL: usize = 50;

/// `rotate`: everybody gets the same generation, exactly one is new. `strict` and `apigee`: exactly one 200. In all of them
/// the winner's tokens live on.
#[test]
fn fifty_parallel_redemptions_make_one_new_generation_a_thousand_times() {
    let directory = shop();
    let arguments = shop_arguments(directory.path());
    let data = directory.path().join("data").display().to_string();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.extend(["--data", &data]);
    let server = Server::start(&arguments);
    for (policy, rounds) in [("strict", 400), ("apigee", 300), ("rotate", 300)] {
        rounds_of(&server, policy, rounds);
    }
}

fn rounds_of(server: &Server, policy: &str, rounds: usize) {
    let token_url = format!("{}/shop/token", server.gateway);
    let (start, end) = (Barrier::new(PARALLEL + 1), Barrier::new(PARALLEL + 1));
    let token = std::sync::Mutex::new(String::new());
    let answers: std::sync::Mutex<Vec<Answer>> = std::sync::Mutex::default();
    let left = AtomicU64::new(rounds as u64);
    thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                let caller = Caller::new();
                loop {
                    start.wait();
                    if left.load(Ordering::SeqCst) == 0 {
                        return;
                    }
                    let refresh = token.lock().unwrap().clone();
                    let answer = redeem(&caller, &token_url, policy, &refresh);
                    answers.lock().unwrap().push(answer);
                    end.wait();
                }
            });
        }
        let caller = Caller::new();
        for _ in 0..rounds {
            *token.lock().unwrap() = issue(&caller, &token_url, policy).text("refresh_token");
            start.wait();
            end.wait();
            left.fetch_sub(1, Ordering::SeqCst);
            let round = std::mem::take(&mut *answers.lock().unwrap());
            check_round(&caller, server, policy, &round);
        }
        start.wait();
    });
}

fn check_round(caller: &Caller, server: &Server, policy: &str, round: &[Answer]) {
    let (won, lost): (Vec<&Answer>, Vec<&Answer>) = round.iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len() + lost.len(), PARALLEL);
    if policy == "rotate" {
        assert_eq!(won.len(), PARALLEL, "{lost:?}");
    } else {
        assert_eq!(won.len(), 1, "{policy}");
        assert!(lost.iter().all(|answer| answer.status == 400 || answer.status == 401), "{lost:?}");
    }
    assert!(won.iter().all(|answer| answer.text("refresh_count") == "1"));
    let access = won[0].text("access_token");
    assert_eq!(caller.get(&format!("{}/shop/me", server.gateway), Some(&access)).status, 200);
    // One generation: redeeming any of the answers supersedes all of them.
    let token_url = format!("{}/shop/token", server.gateway);
    let next = redeem(caller, &token_url, policy, &won[0].text("refresh_token"));
    assert_eq!((next.status, next.text("refresh_count").as_str()), (200, "2"));
}

pub(crate) fn issue(caller: &Caller, token_url: &str, policy: &str) -> Answer {
    let mut form = vec![("grant_type", "password"), ("username", "ann"), ("password", "secret-of-ann")];
    form.extend(client(policy));
    let answer = caller.post(token_url, &form);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

pub(crate) fn redeem(caller: &Caller, token_url: &str, policy: &str, refresh_token: &str) -> Answer {
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    form.extend(client(policy));
    caller.post(token_url, &form)
}
