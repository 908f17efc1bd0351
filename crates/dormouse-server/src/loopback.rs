//! Which host names mean this machine.

/// The name in `name:port`, `[v6]:port` or a bare name.
pub(crate) fn host_name(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split_once(']').map_or(rest, |(name, _)| name);
    }
    authority.rsplit_once(':').map_or(authority, |(name, _)| name)
}

/// Whether a name is `localhost` or a loopback address.
pub(crate) fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
