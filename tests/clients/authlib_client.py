"""Drives the native endpoints with the unmodified PyPI package Authlib: metadata, client credentials, password, refresh,
introspection, revocation. Argument: the issuer. Exits 0 when every answer is accepted."""

import sys

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

issuer = sys.argv[1]
metadata = AuthorizationServerMetadata(requests.get(get_well_known_url(issuer, external=True), timeout=10).json())
metadata.validate_grant_types_supported()
metadata.validate_token_endpoint_auth_methods_supported()
assert metadata["issuer"] == issuer

SECRET = "s3cr+t %&=:x~*'(!)"
for method in ("client_secret_basic", "client_secret_post"):
    session = OAuth2Session("web", SECRET, token_endpoint_auth_method=method, scope="read")
    tokens = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 1800, "read"), tokens

    session = OAuth2Session("web", SECRET, token_endpoint_auth_method=method)
    first = session.fetch_token(metadata["token_endpoint"], username="ann", password="correct horse")
    second = session.refresh_token(metadata["token_endpoint"], refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    shown = session.introspect_token(metadata["introspection_endpoint"], token=second["access_token"]).json()
    assert (shown["active"], shown["client_id"], shown["sub"]) == (True, "web", "ann"), shown
    revoked = session.revoke_token(
        metadata["revocation_endpoint"], token=second["refresh_token"], token_type_hint="refresh_token"
    )
    assert revoked.status_code == 200, revoked.text
    shown = session.introspect_token(metadata["introspection_endpoint"], token=second["access_token"]).json()
    assert shown == {"active": False}, shown

try:
    OAuth2Session("web", "wrong").fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
except OAuthError as error:
    assert error.error == "invalid_client", error
else:
    raise AssertionError("a wrong secret was accepted")
print("Authlib: ok")
