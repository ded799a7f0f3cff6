package cli

import (
	"fmt"
	"net/url"
	"strings"
)

// tools are the clients whose settings are known; each row was tried against a
// running server, or says so in docs where it could not be.
var tools = map[string]func(target) settings{
	"go":        goSettings,
	"node":      nodeSettings,
	"python":    pythonSettings,
	"java":      javaSettings,
	"dotnet":    dotnetSettings,
	"oidc":      oidcSettings,
	"terraform": terraformSettings,
	"curl":      curlSettings,
}

// unknownSecret stands where a secret would, in an application whose secret this
// machine does not know.
const unknownSecret = "THE-CLIENT-SECRET"

// azure are the variables that EnvironmentCredential and DefaultAzureCredential
// read in every language.
func azure(t target) []variable {
	secret := t.secret
	if secret == "" {
		secret = unknownSecret
	}
	return []variable{
		{"AZURE_AUTHORITY_HOST", t.base + "/"},
		{"AZURE_TENANT_ID", t.tenant},
		{"AZURE_CLIENT_ID", t.clientID},
		{"AZURE_CLIENT_SECRET", secret},
	}
}

// ca adds the variable that makes a runtime trust the server's CA.
func ca(t target, vars []variable, names ...string) []variable {
	if t.caFile == "" {
		return vars
	}
	for _, n := range names {
		vars = append(vars, variable{n, t.caFile})
	}
	return vars
}

func goSettings(t target) settings {
	return settings{
		Environment: ca(t, azure(t), "SSL_CERT_FILE"),
		Notes: []string{
			"Instance discovery has no variable: it is switched off in code, on each credential.",
			"SSL_CERT_FILE works on Linux and BSD; elsewhere add the CA to the system (sekisho trust).",
		},
		Code: fmt.Sprintf(`// MSAL Go
cred, err := confidential.NewCredFromSecret(os.Getenv("AZURE_CLIENT_SECRET"))
app, err := confidential.New("%[1]s", "%[2]s", cred,
	confidential.WithInstanceDiscovery(false))
result, err := app.AcquireTokenByCredential(ctx, []string{"%[4]s"})

// azidentity
cred, err := azidentity.NewClientSecretCredential("%[5]s", "%[2]s", os.Getenv("AZURE_CLIENT_SECRET"),
	&azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: "%[3]s/"},
		},
		DisableInstanceDiscovery: true,
	})`, t.authority(), t.clientID, t.base, t.scope, t.tenant),
	}
}

func nodeSettings(t target) settings {
	return settings{
		Environment: ca(t, azure(t), "NODE_EXTRA_CA_CERTS"),
		Notes: []string{
			"knownAuthorities holds the host with its port; it switches instance discovery off.",
			"NODE_EXTRA_CA_CERTS is read when node starts.",
		},
		Code: fmt.Sprintf(`// MSAL Node
const app = new ConfidentialClientApplication({
  auth: {
    clientId: "%[2]s",
    authority: "%[1]s",
    knownAuthorities: ["%[3]s"],
    clientSecret: process.env.AZURE_CLIENT_SECRET,
  },
});
const result = await app.acquireTokenByClientCredential({ scopes: ["%[5]s"] });

// @azure/identity
const credential = new ClientSecretCredential("%[6]s", "%[2]s", process.env.AZURE_CLIENT_SECRET, {
  authorityHost: "%[4]s",
  disableInstanceDiscovery: true,
});`, t.authority(), t.clientID, t.host, t.base, t.scope, t.tenant),
	}
}

func pythonSettings(t target) settings {
	return settings{
		Environment: ca(t, azure(t), "REQUESTS_CA_BUNDLE"),
		Notes:       []string{"REQUESTS_CA_BUNDLE replaces the list of trusted CAs for this process."},
		Code: fmt.Sprintf(`# MSAL Python
app = msal.ConfidentialClientApplication(
    "%[2]s",
    authority="%[1]s",
    client_credential=os.environ["AZURE_CLIENT_SECRET"],
    instance_discovery=False,
)
result = app.acquire_token_for_client(scopes=["%[4]s"])

# azure-identity
credential = ClientSecretCredential(
    "%[5]s", "%[2]s", os.environ["AZURE_CLIENT_SECRET"],
    authority="%[3]s",
    disable_instance_discovery=True,
)`, t.authority(), t.clientID, t.base, t.scope, t.tenant),
	}
}

func javaSettings(t target) settings {
	vars := azure(t)
	var notes []string
	if t.caFile != "" {
		vars = append(vars, variable{"JAVA_TOOL_OPTIONS", "-Djavax.net.ssl.trustStore=sekisho.p12 -Djavax.net.ssl.trustStorePassword=changeit"})
		notes = append(notes,
			"The trust store is made once, beside the program:",
			"  keytool -importcert -noprompt -alias sekisho -storetype PKCS12 -storepass changeit -keystore sekisho.p12 -file "+shellQuote(t.caFile))
	}
	return settings{
		Environment: vars,
		Notes:       notes,
		Code: fmt.Sprintf(`// MSAL4J
ConfidentialClientApplication app = ConfidentialClientApplication
    .builder("%[2]s", ClientCredentialFactory.createFromSecret(System.getenv("AZURE_CLIENT_SECRET")))
    .authority("%[1]s/")
    .instanceDiscovery(false)%[6]s
    .build();
IAuthenticationResult result = app.acquireToken(
    ClientCredentialParameters.builder(Set.of("%[4]s")).build()).join();

// azure-identity
TokenCredential credential = new ClientSecretCredentialBuilder()
    .authorityHost("%[3]s/")
    .tenantId("%[5]s")
    .clientId("%[2]s")
    .clientSecret(System.getenv("AZURE_CLIENT_SECRET"))
    .disableInstanceDiscovery()
    .build();`, t.authority(), t.clientID, t.base, t.scope, t.tenant, msal4jAliases(t)),
	}
}

// msal4jAliases tells MSAL4J that the host with its port and the host without are
// one: it keeps tokens under the one and looks for them under the other. Where
// there is no port nothing is needed.
func msal4jAliases(t target) string {
	u, err := url.Parse(t.base)
	if err != nil || u.Port() == "" {
		return ""
	}
	return fmt.Sprintf(`
    // Without this the client finds no token in its cache again: the host has a port.
    .aadInstanceDiscoveryResponse("""
        {"tenant_discovery_endpoint": "%[1]s/v2.0/.well-known/openid-configuration", "api-version": "1.1",
         "metadata": [{"preferred_network": "%[2]s", "preferred_cache": "%[2]s", "aliases": ["%[2]s", "%[3]s"]}]}""")`,
		t.authority(), u.Hostname(), u.Host)
}

func dotnetSettings(t target) settings {
	vars := append(azure(t),
		variable{"AzureAd__Instance", t.base + "/"},
		variable{"AzureAd__TenantId", t.tenant},
		variable{"AzureAd__ClientId", t.clientID},
	)
	return settings{
		Environment: ca(t, vars, "SSL_CERT_FILE"),
		Notes: []string{
			"Microsoft.Identity.Web takes Instance, TenantId and ClientId, not the single Authority.",
			"SSL_CERT_FILE works on Linux; elsewhere add the CA to the system (sekisho trust).",
		},
		Code: fmt.Sprintf(`// MSAL.NET
var app = ConfidentialClientApplicationBuilder.Create("%[2]s")
    .WithClientSecret(Environment.GetEnvironmentVariable("AZURE_CLIENT_SECRET"))
    .WithAuthority("%[1]s")
    .WithInstanceDiscovery(false)
    .Build();
var result = await app.AcquireTokenForClient(new[] { "%[4]s" }).ExecuteAsync();

// Azure.Identity
var credential = new ClientSecretCredential("%[5]s", "%[2]s", Environment.GetEnvironmentVariable("AZURE_CLIENT_SECRET"),
    new ClientSecretCredentialOptions { AuthorityHost = new Uri("%[3]s/"), DisableInstanceDiscovery = true });`,
			t.authority(), t.clientID, t.base, t.scope, t.tenant),
	}
}

func oidcSettings(t target) settings {
	vars := []variable{
		{"OIDC_ISSUER", t.issuer()},
		{"OIDC_CLIENT_ID", t.clientID},
	}
	return settings{
		Environment: ca(t, vars, "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"),
		Notes: []string{
			"The issuer is compared byte for byte: a tenant id, no domain, no common, no slash at the end.",
			"Discovery: " + t.issuer() + "/.well-known/openid-configuration",
		},
		Code: fmt.Sprintf(`// coreos/go-oidc
provider, err := oidc.NewProvider(ctx, "%[1]s")
verifier := provider.Verifier(&oidc.Config{ClientID: "%[2]s"})

// openid-client 6
const config = await client.discovery(new URL("%[1]s"), "%[2]s", clientSecret);`, t.issuer(), t.clientID),
	}
}

func terraformSettings(t target) settings {
	secret := t.secret
	if secret == "" {
		secret = unknownSecret
	}
	vars := []variable{
		{"ARM_METADATA_HOSTNAME", t.host},
		{"ARM_TENANT_ID", t.tenant},
		{"ARM_CLIENT_ID", t.clientID},
		{"ARM_CLIENT_SECRET", secret},
		{"ARM_USE_CLI", "false"},
	}
	return settings{
		Environment: ca(t, vars, "SSL_CERT_FILE"),
		Notes:       []string{"The azuread provider reads the addresses from " + t.base + "/metadata/endpoints; it asks no instance discovery."},
		Code: fmt.Sprintf(`provider "azuread" {
  metadata_host = "%s"
  tenant_id     = "%s"
  client_id     = "%s"
  use_cli       = false
}`, t.host, t.tenant, t.clientID),
	}
}

func curlSettings(t target) settings {
	return settings{
		Environment: ca(t, azure(t), "CURL_CA_BUNDLE"),
		Notes:       []string{"curl asks no instance discovery."},
		Code: strings.Join([]string{
			fmt.Sprintf(`curl %s \`, shellQuote(t.authority()+"/oauth2/v2.0/token")),
			`  --data-urlencode grant_type=client_credentials \`,
			`  --data-urlencode client_id="$AZURE_CLIENT_ID" \`,
			`  --data-urlencode client_secret="$AZURE_CLIENT_SECRET" \`,
			`  --data-urlencode scope=` + shellQuote(t.scope),
		}, "\n"),
	}
}
