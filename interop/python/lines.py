"""What both programs here share: reading the party from the file that
SEKISHO_INTEROP_PARTY names, and printing one line of JSON for each case."""

import importlib.metadata
import json
import os
import pathlib

import requests


class Party:
    """The application that the test registered, and where it lives."""

    def __init__(self, members):
        self.authority_host = members["authorityHost"]
        self.graph_url = members["graphUrl"]
        self.tenant = members["tenant"]
        self.domain = members["domain"]
        self.elsewhere = members["elsewhere"]
        self.client_id = members["clientId"]
        self.secret = members["secret"]
        self.wrong_secret = members["wrongSecret"]
        self.certificate_file = members["certificateFile"]
        self.key_file = members["keyFile"]
        self.thumbprint = members["thumbprint"]
        self.assertion_file = members["assertionFile"]
        self.scope = members["scope"]
        self.scope_v1 = members["scopeV1"]
        self.graph_scope = members["graphScope"]
        self.permission = members["permission"]

    def authority(self, tenant):
        """The authority with the tenant named by id or domain."""
        return f"{self.authority_host}/{tenant}"

    def assertion(self):
        """A token of the issuer that the application trusts, read anew each time."""
        return pathlib.Path(self.assertion_file).read_text()


party = Party(json.loads(pathlib.Path(os.environ["SEKISHO_INTEROP_PARTY"]).read_text()))


def _print(**members):
    print(json.dumps(members), flush=True)


def announce(package):
    """Says which version of the client runs."""
    _print(version=importlib.metadata.version(package))


def check(case, run):
    """Runs a case and prints what it returned, or how it failed."""
    try:
        _print(case=case, **run())
    except Exception as error:  # whatever it is, the test must hear of it
        _print(case=case, failed=f"{type(error).__name__}: {error}")


def refused(case, run, *kinds):
    """Runs a case that must fail with one of the kinds of error."""

    def ask():
        try:
            run()
        except kinds as error:
            return {"error": str(error)}
        raise AssertionError("nothing was refused")

    check(case, ask)


def list_applications(token):
    """Calls Graph with a token and counts the applications that it lists."""
    answer = requests.get(
        f"{party.graph_url}/v1.0/applications",
        params={"$top": "5", "$select": "appId"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    answer.raise_for_status()
    return len(answer.json()["value"])


def ask_me(token):
    """Asks Graph who the token is for."""
    answer = requests.get(f"{party.graph_url}/v1.0/me", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    answer.raise_for_status()
    return answer.json()["id"]
