//! What is told when a policy is compiled, and operations that are inferred.

use crate::support::{End, World, basic, oauth};
use dormouse_bundle::{Level, Problem};
use dormouse_policy::Platform;

fn problems(platform: Platform, xml: &str) -> Vec<(Level, &'static str)> {
    let (_, problems) = World::on(platform).compile(xml);
    problems.iter().map(|problem: &Problem| (problem.level, problem.code)).collect()
}

const PASSWORD: &str = "<SupportedGrantTypes><GrantType>password</GrantType></SupportedGrantTypes>";
const CAPPED: (Level, &str) = (Level::Warning, "lifetime-capped");

#[test]
fn lifetimes_without_an_end_are_reported() {
    let check = |platform, elements: &str, expected: &[(Level, &'static str)]| {
        let xml = oauth("GenerateAccessToken", &format!("{PASSWORD}{elements}"));
        assert_eq!(problems(platform, &xml), expected, "{elements}");
    };
    check(Platform::X, "", &[]);
    check(Platform::Edge, "", &[CAPPED]);
    check(Platform::Edge, "<RefreshTokenExpiresIn>1</RefreshTokenExpiresIn>", &[]);
    check(Platform::X, "<ExpiresIn>-1</ExpiresIn>", &[CAPPED]);
    check(Platform::X, "<RefreshTokenExpiresIn>-1</RefreshTokenExpiresIn>", &[CAPPED]);
    check(Platform::X, "<ExpiresIn>63072000000</ExpiresIn>", &[]);
    check(Platform::X, "<ExpiresIn>63072000001</ExpiresIn>", &[CAPPED]);
    let grants = "<SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes>";
    assert_eq!(problems(Platform::Edge, &oauth("GenerateAccessToken", grants)), []);
    assert_eq!(problems(Platform::Edge, &oauth("RefreshAccessToken", "")), [CAPPED]);
}

#[test]
fn a_missing_operation_is_inferred_with_a_warning() {
    let xml = "<OAuthV2 name='P'><SupportedGrantTypes><GrantType>client_credentials</GrantType>\
               </SupportedGrantTypes><GenerateResponse/></OAuthV2>";
    assert_eq!(problems(Platform::X, xml), [(Level::Warning, "operation-required")]);
    let ran = World::new().run(basic(&[("grant_type", "client_credentials")]), xml);
    assert_eq!((ran.end == End::Continue, ran.message().status()), (true, Some(200)));
}

#[test]
fn what_nobody_can_run_is_an_error() {
    let (executable, problems) = World::new().compile(&oauth("Nothing", ""));
    assert!(executable.is_none() && problems.iter().any(|problem| problem.level == Level::Error));
}
