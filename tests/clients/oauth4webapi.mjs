// Drives the native endpoints with the unmodified npm package oauth4webapi: discovery, client credentials, password by a
// generic token request, refresh, introspection, revocation. Argument: the issuer. Exits 0 when every answer is accepted.
import * as oauth from 'oauth4webapi';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';

// Debian's node has it under this name only.
globalThis.crypto ??= webcrypto;

const issuer = new URL(process.argv[2]);
const insecure = { [oauth.allowInsecureRequests]: true };
const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
const server = await oauth.processDiscoveryResponse(issuer, discovered);

const client = { client_id: 'web' };
const secret = "s3cr+t %&=:x~*'(!)";
for (const authentication of [oauth.ClientSecretBasic(secret), oauth.ClientSecretPost(secret)]) {
  const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, { scope: 'read' }, insecure);
  const tokens = await oauth.processClientCredentialsResponse(server, client, response);
  assert.deepEqual([tokens.token_type, tokens.expires_in, tokens.scope], ['bearer', 1800, 'read']);

  const signIn = await oauth.genericTokenEndpointRequest(
    server, client, authentication, 'password', { username: 'ann', password: 'correct horse' }, insecure);
  const first = await oauth.processGenericTokenEndpointResponse(server, client, signIn);
  const refresh = await oauth.refreshTokenGrantRequest(server, client, authentication, first.refresh_token, insecure);
  const second = await oauth.processRefreshTokenResponse(server, client, refresh);
  assert.notEqual(second.refresh_token, first.refresh_token);

  const introspect = async (token) => oauth.processIntrospectionResponse(
    server, client, await oauth.introspectionRequest(server, client, authentication, token, insecure));
  const shown = await introspect(second.access_token);
  assert.deepEqual([shown.active, shown.client_id, shown.sub], [true, 'web', 'ann']);
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, authentication, second.refresh_token, insecure));
  assert.equal((await introspect(second.access_token)).active, false);
}

const wrong = await oauth.clientCredentialsGrantRequest(server, client, oauth.ClientSecretBasic('wrong'), {}, insecure);
await assert.rejects(oauth.processClientCredentialsResponse(server, client, wrong), oauth.WWWAuthenticateChallengeError);
console.log('oauth4webapi: ok');
