"""azure-identity: disable_instance_discovery and the authority's host."""

import os

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    WorkloadIdentityCredential,
)

from lines import announce, check, list_applications, party, refused

announce("azure-identity")

OPTIONS = {"authority": party.authority_host, "disable_instance_discovery": True}


def by_secret(tenant=None, secret=None):
    return ClientSecretCredential(tenant or party.tenant, party.client_id, secret or party.secret, **OPTIONS)


def by_certificate(**more):
    return CertificateCredential(party.tenant, party.client_id, party.certificate_file, **OPTIONS, **more)


def token(credential, scope=None, **more):
    return {"token": credential.get_token(scope or party.scope, **more).token}


def workload():
    # What the workload identity webhook of Kubernetes sets.
    os.environ.update(
        AZURE_AUTHORITY_HOST=party.authority_host,
        AZURE_TENANT_ID=party.tenant,
        AZURE_CLIENT_ID=party.client_id,
        AZURE_FEDERATED_TOKEN_FILE=party.assertion_file,
    )
    return token(WorkloadIdentityCredential(disable_instance_discovery=True))


def graph():
    got = token(by_secret(), party.graph_scope)
    return {**got, "applications": list_applications(got["token"])}


def cache():
    credential = by_secret()
    return {"token": credential.get_token(party.scope).token, "again": credential.get_token(party.scope).token}


check("secret", lambda: token(by_secret()))
check("certificate", lambda: token(by_certificate()))
check("certificate-chain", lambda: token(by_certificate(send_certificate_chain=True)))
check(
    "assertion",
    lambda: token(ClientAssertionCredential(party.tenant, party.client_id, party.assertion, **OPTIONS)),
)
check("workload", workload)
check("v1-api", lambda: token(by_secret(), party.scope_v1))
check("domain", lambda: token(by_secret(tenant=party.domain)))
check("capability", lambda: token(by_secret(), enable_cae=True))
check("graph", graph)
check("cache", cache)
refused("wrong-secret", lambda: token(by_secret(secret=party.wrong_secret)), ClientAuthenticationError)
