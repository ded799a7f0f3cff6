"""MSAL Python on a desktop: a loopback address, and the browser that BROWSER names."""

import json

import msal

from lines import announce, ask_me, check, party

announce("msal")


class Refused(Exception):
    """What acquire_token_interactive returns when there is no token: a dictionary."""


app = msal.PublicClientApplication(party.client_id, authority=party.authority(party.tenant), instance_discovery=False)


def interactive(scope):
    result = app.acquire_token_interactive([scope], timeout=60)
    if "access_token" not in result:
        raise Refused(json.dumps(result))
    return result


def plain(result):
    return {"token": result["access_token"], "idToken": result["id_token"], "public": True}


def account():
    (only,) = app.get_accounts()
    return only


signed_in = {}


def sign_in():
    signed_in.update(interactive(party.permission))
    return {**plain(signed_in), "account": account()["home_account_id"]}


def cache():
    second = app.acquire_token_silent([party.permission], account())
    if second["token_source"] != "cache":
        raise AssertionError("the second result says that it is not from the cache")
    return {**plain(signed_in), "again": second["access_token"]}


def refresh():
    second = app.acquire_token_silent([party.permission], account(), force_refresh=True)
    return {**plain(second), "token": signed_in["access_token"], "again": second["access_token"]}


check("sign-in", sign_in)
check("sign-in-cache", cache)
check("refresh", refresh)
check("me", lambda: {"me": ask_me(interactive("User.Read")["access_token"])})
