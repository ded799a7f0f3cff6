"""MSAL Python: instance_discovery=False."""

import json
import pathlib

import msal

from lines import announce, check, list_applications, party, refused

announce("msal")


class Refused(Exception):
    """What acquire_token_for_client returns when there is no token: a dictionary."""


def application(credential, tenant=None, **more):
    return msal.ConfidentialClientApplication(
        party.client_id,
        authority=party.authority(tenant or party.tenant),
        client_credential=credential,
        instance_discovery=False,
        **more,
    )


def acquire(app, scope=None):
    result = app.acquire_token_for_client(scopes=[scope or party.scope])
    if "access_token" not in result:
        raise Refused(json.dumps(result))
    return result


def token(credential, scope=None, **more):
    return {"token": acquire(application(credential, **more), scope)["access_token"]}


key = pathlib.Path(party.key_file).read_text()
certificate = pathlib.Path(party.certificate_file).read_text().replace(key, "")


def graph():
    got = token(party.secret, party.graph_scope)
    return {**got, "applications": list_applications(got["token"])}


def cache():
    app = application(party.secret)
    first, second = acquire(app), acquire(app)
    if second["token_source"] != "cache":
        raise AssertionError("the second result says that it is not from the cache")
    return {"token": first["access_token"], "again": second["access_token"]}


check("secret", lambda: token(party.secret))
check("certificate", lambda: token({"private_key": key, "public_certificate": certificate}))
check("certificate-sha1", lambda: token({"private_key": key, "thumbprint": party.thumbprint}))
check("assertion", lambda: token({"client_assertion": party.assertion}))
check("v1-api", lambda: token(party.secret, party.scope_v1))
check("domain", lambda: token(party.secret, tenant=party.domain))
check("capability", lambda: token(party.secret, client_capabilities=["CP1"]))
check("graph", graph)
check("cache", cache)
refused("wrong-secret", lambda: token(party.wrong_secret), Refused)
refused("unconsented", lambda: token(party.secret, tenant=party.elsewhere), Refused)
