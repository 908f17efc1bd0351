//! Black-box tests: the binary as a user starts it, over real sockets.

#[cfg(test)]
mod administration;
#[cfg(test)]
mod audit_log;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod lsp;
#[cfg(test)]
mod management;
#[cfg(test)]
mod oauth2_client;
#[cfg(test)]
mod oauth_authentication;
#[cfg(test)]
mod oauth_browsers;
#[cfg(test)]
mod oauth_codes;
#[cfg(test)]
mod oauth_endpoints;
#[cfg(test)]
mod oauth_password;
#[cfg(test)]
mod oauth_refresh;
#[cfg(test)]
mod oauth_requests;
#[cfg(test)]
mod oauth_substitution;
#[cfg(test)]
mod oauth_support;
#[cfg(test)]
mod race;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod serve_configuration;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod zero;
