"""Tokens of the gateway as Authlib and jwcrypto see them, which share no code with it.

Standard input is one JSON object: `resource`, `issuer`, `jwks_uri`, `token_endpoint`, and `grants`, by name the parameters
of a token request with the credentials of its client. Every grant is asked for with a DPoP proof of a fresh key, what comes
is verified, and the resource is called with it. Prints one JSON object: by name what the libraries say.
"""

import base64
import hashlib
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from authlib.jose import JsonWebKey, JsonWebToken
from jwcrypto import jwk, jws, jwt


def fetch(url, headers=None, body=None):
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or "{}")


def proof(key, method, url, token=None):
    """RFC 9449 section 4.2, signed by jwcrypto."""
    claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
    if token is not None:
        digest = hashlib.sha256(token.encode()).digest()
        claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    signed = jws.JWS(json.dumps(claims))
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.export_public(as_dict=True)}
    signed.add_signature(key, protected=json.dumps(header))
    return signed.serialize(compact=True)


def by_authlib(token, keys, issuer, resource):
    options = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": resource},
        "exp": {"essential": True},
        "iat": {"essential": True},
    }
    claims = JsonWebToken(["ES256"]).decode(token, JsonWebKey.import_key_set(keys), claims_options=options)
    claims.validate()
    return dict(claims), dict(claims.header)


def by_jwcrypto(token, keys, issuer, resource):
    keys = jwk.JWKSet.from_json(json.dumps(keys))
    checks = {"iss": issuer, "aud": resource, "exp": None, "jti": None}
    checked = jwt.JWT(jwt=token, key=keys, algs=["ES256"], check_claims=checks)
    return json.loads(checked.claims), json.loads(checked.header)


def is_refused(verify, *args):
    try:
        verify(*args)
    except Exception:
        return True
    return False


def call(resource, token, key, signer=None):
    """The first request of a client, with the proof of `signer`."""
    client = {"name": "python", "version": "1.0.0"}
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "Authorization": f"DPoP {token}",
        "DPoP": proof(signer or key, "POST", resource, token),
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    request = urllib.request.Request(resource, data=json.dumps(body).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status
    except urllib.error.HTTPError as refused:
        return refused.code


def ask(asked, grant):
    key = jwk.JWK.generate(kty="EC", crv="P-256")
    url, resource, issuer = asked["token_endpoint"], asked["resource"], asked["issuer"]
    headers = {"DPoP": proof(key, "POST", url), **grant["headers"]}
    status, answer = fetch(url, headers, urllib.parse.urlencode(grant["parameters"]).encode())
    if status != 200:
        return {"status": status, "answer": answer}
    token = answer["access_token"]
    keys = fetch(asked["jwks_uri"])[1]
    claims, header = by_authlib(token, keys, issuer, resource)
    others = (token, keys, issuer, resource + "-of-another")
    head, _, signature = token.split(".")
    body = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "root"}).encode()).rstrip(b"=").decode()
    forged = (f"{head}.{body}.{signature}", keys, issuer, resource)
    return {
        "status": status,
        "token_type": answer["token_type"],
        "agree": (claims, header) == by_jwcrypto(token, keys, issuer, resource),
        "typ": header["typ"],
        "claims": claims,
        "lifetime": claims["exp"] - claims["iat"],
        "thumbprints": [key.thumbprint(), JsonWebKey.import_key(key.export_public(as_dict=True)).thumbprint()],
        "another_audience_refused": [is_refused(verify, *others) for verify in (by_authlib, by_jwcrypto)],
        "forgery_refused": [is_refused(verify, *forged) for verify in (by_authlib, by_jwcrypto)],
        "called": call(resource, token, key),
        "called_with_another_key": call(resource, token, key, jwk.JWK.generate(kty="EC", crv="P-256")),
        "private_keys_published": [k["kid"] for k in keys["keys"] if "d" in k],
    }


asked = json.load(sys.stdin)
print(json.dumps({name: ask(asked, grant) for name, grant in asked["grants"].items()}))
