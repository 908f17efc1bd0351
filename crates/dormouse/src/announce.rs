//! What a start says to people: where it listens, what it keeps, and the clients that it made.

use crate::exit::{self, say};
use crate::hint::{At, Credentials, curl_lines};
use crate::plan::Plan;
use crate::serving::{Opened, Started};
use crate::tls::CertificateFile;
use dormouse_engine::Provisioned;

/// Says it.
pub(crate) fn announce(plan: &Plan, started: &Started) {
    say(format_args!("dormouse {} serves", env!("CARGO_PKG_VERSION")));
    let Opened { running, service, certificate } = &started.opened;
    if let Some((origin, issuer)) = &running.oauth {
        say(format_args!("  oauth         {origin}  (issuer {})", issuer.as_str()));
    }
    if let Some(origin) = running.gateway {
        for (base_path, proxy) in service.program.routes() {
            say(format_args!("  {proxy:<13} {origin}{base_path}"));
        }
    }
    say(format_args!("  admin         {}  (healthz, readyz, metrics, audit)", running.admin));
    if let Some(file) = certificate {
        say(format_args!("  certificate   self-signed, in {}", file.path().display()));
    }
    let in_memory = || "in memory, forgotten at the end".to_owned();
    let store = plan.store.directory.as_ref().map_or_else(in_memory, |path| path.display().to_string());
    say(format_args!("  store         {store}"));
    if let Some(path) = &started.admin_token {
        say(format_args!("  admin token   in {}", path.display()));
    }
    if service.engine.directory().credential_count() == 0 {
        say(format_args!(
            "note: there is no client yet: give --entities DIR, or make one through administration"
        ));
    }
    let Some(provisioned) = &started.provisioned else { return };
    for difference in &provisioned.unapplied {
        say(format_args!("note: not applied: {difference}"));
    }
    show_generated(provisioned);
    if let (true, Some(gateway)) = (started.is_trial, running.gateway)
        && let Some(generated) = provisioned.generated.first()
    {
        let client =
            Credentials { key: generated.consumer_key.as_str(), secret: generated.consumer_secret.expose() };
        let certificate = certificate.as_ref().map(CertificateFile::path);
        for line in curl_lines(&started.bundles, &At { origin: &gateway.to_string(), certificate }, &client) {
            exit::print(format_args!("  {line}\n"));
        }
    }
}

/// Keys and secrets that were generated. This is the one time that they are shown; standard output is where people take
/// results from.
pub(crate) fn show_generated(provisioned: &Provisioned) {
    for generated in &provisioned.generated {
        let (app, developer) = (&generated.app, &generated.developer);
        let (key, secret) = (&generated.consumer_key, generated.consumer_secret.expose());
        exit::print(format_args!("app {app} of {developer}\n  key     {key}\n  secret  {secret}\n"));
    }
}
