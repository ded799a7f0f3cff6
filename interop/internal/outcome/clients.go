package outcome

// Client is a row of the tables: a library or tool, and how it is pointed at
// Sekisho. In settings H is the server's host with its port, TENANT the tenant's id.
type Client struct {
	// ID is its name in the summary.
	ID string
	// Name is what people call it, Package its name in its registry.
	Name, Package string
	Language      string
	// Settings are the lines that differ from a use with Entra, in Syntax; Trust
	// says how it learns of a CA of one's own.
	Settings, Syntax, Trust string
	// NotRun says, of a client that no test runs, why; it is never shown as working.
	NotRun string
}

const (
	trustGo      = "`SSL_CERT_FILE`"
	trustNode    = "`NODE_EXTRA_CA_CERTS`"
	trustBrowser = "the system's certificates, or those of the browser's profile"
	trustPython  = "`REQUESTS_CA_BUNDLE`"
	trustJava    = "a trust store (`keytool -importcert`) named by `-Djavax.net.ssl.trustStore`"
	trustDotnet  = "the system's certificates; on Linux also `SSL_CERT_FILE`"

	noDotnet  = "no .NET SDK and no NuGet feed where the tests run"
	noCompile = "left out for the time that its code takes to compile"
)

// Clients is every client that is known, in the order of the tables.
var Clients = []Client{
	{
		ID: "msal-go", Name: "MSAL Go", Package: "github.com/AzureAD/microsoft-authentication-library-for-go", Language: "Go", Trust: trustGo, Syntax: "go",
		Settings: `client, err := confidential.New("https://H/TENANT", clientID, credential,
	confidential.WithInstanceDiscovery(false))`,
	},
	{
		ID: "azidentity", Name: "azidentity", Package: "github.com/Azure/azure-sdk-for-go/sdk/azidentity", Language: "Go", Trust: trustGo, Syntax: "go",
		Settings: `// AZURE_AUTHORITY_HOST=https://H/ does the same as Cloud; the switch has no variable.
credential, err := azidentity.NewClientSecretCredential(tenant, clientID, secret,
	&azidentity.ClientSecretCredentialOptions{
		ClientOptions:            azcore.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: "https://H/"}},
		DisableInstanceDiscovery: true,
	})`,
	},
	{
		ID: "x-oauth2", Name: "golang.org/x/oauth2", Package: "golang.org/x/oauth2", Language: "Go", Trust: trustGo, Syntax: "go",
		Settings: `config := clientcredentials.Config{
	TokenURL: "https://H/TENANT/oauth2/v2.0/token", // and ClientID, ClientSecret, Scopes as ever
}`,
	},
	{
		ID: "go-oidc", Name: "go-oidc", Package: "github.com/coreos/go-oidc/v3", Language: "Go", Trust: trustGo, Syntax: "go",
		Settings: `// Compared byte for byte: the tenant by its id, no slash at the end.
provider, err := oidc.NewProvider(ctx, "https://H/TENANT/v2.0")`,
	},
	{
		ID: "bearer", Name: "bearer (ours)", Package: "github.com/sekisho-id/sekisho/bearer", Language: "Go", Trust: trustGo, Syntax: "go",
		Settings: `verifier, err := bearer.New(bearer.Config{Authority: "https://H/TENANT", Audiences: []string{clientID}})`,
	},
	{
		ID: "go-azure-sdk", Name: "go-azure-sdk (sign-in of Terraform azuread)", Package: "github.com/hashicorp/go-azure-sdk/sdk", Language: "Go", Trust: trustGo, Syntax: "go",
		Settings: `env, err := environments.FromEndpoint(ctx, "https://H")
authorizer, err := auth.NewAuthorizerFromCredentials(ctx, auth.Credentials{
	Environment: *env, TenantID: tenant, ClientID: clientID,
	EnableAuthenticatingUsingClientSecret: true, ClientSecret: secret,
}, env.MicrosoftGraph)`,
	},
	{
		ID: "msal-go-people", Name: "MSAL Go, web application", Package: "github.com/AzureAD/microsoft-authentication-library-for-go", Language: "Go", Trust: trustGo, Syntax: "go",
		Settings: `client, err := confidential.New("https://H/TENANT", clientID, credential,
	confidential.WithInstanceDiscovery(false))
// Unlike other MSALs, AuthCodeURL adds no scopes of its own; an ID token and a refresh token
// come only if they are named.
address, err := client.AuthCodeURL(ctx, clientID, redirectURI,
	[]string{"openid", "profile", "offline_access", scope})`,
	},
	{
		ID: "msal-go-interactive", Name: "MSAL Go, desktop", Package: "github.com/AzureAD/microsoft-authentication-library-for-go", Language: "Go", Trust: trustGo, Syntax: "go",
		Settings: `// The application is registered with http://localhost for mobile and desktop; the port is free.
client, err := public.New(clientID, public.WithAuthority("https://H/TENANT"), public.WithInstanceDiscovery(false))
result, err := client.AcquireTokenInteractive(ctx, scopes)`,
	},
	{
		ID: "azidentity-interactive", Name: "azidentity, desktop", Package: "github.com/Azure/azure-sdk-for-go/sdk/azidentity", Language: "Go", Trust: trustGo, Syntax: "go",
		Settings: `credential, err := azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{
	ClientID: clientID, TenantID: tenant, DisableInstanceDiscovery: true,
	ClientOptions: azcore.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: "https://H/"}},
})`,
	},
	{
		ID: "go-oidc-people", Name: "go-oidc with golang.org/x/oauth2, web application", Package: "github.com/coreos/go-oidc/v3", Language: "Go", Trust: trustGo, Syntax: "go",
		Settings: `provider, err := oidc.NewProvider(ctx, "https://H/TENANT/v2.0")
config := oauth2.Config{Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "profile", scope}} // and the rest as ever`,
	},
	{
		ID: "msal-browser-5", Name: "MSAL.js 5", Package: "@azure/msal-browser", Language: "Browser", Trust: trustBrowser, Syntax: "js",
		Settings: `// redirectUri is a page that calls broadcastResponseToMainFrame of @azure/msal-browser/redirect-bridge.
new PublicClientApplication({
  auth: { clientId, authority: "https://H/TENANT", knownAuthorities: ["H"], redirectUri },
});`,
	},
	{
		ID: "msal-browser-4", Name: "MSAL.js 4", Package: "@azure/msal-browser", Language: "Browser", Trust: trustBrowser, Syntax: "js",
		Settings: `new PublicClientApplication({
  auth: { clientId, authority: "https://H/TENANT", knownAuthorities: ["H"], redirectUri },
});`,
	},
	{
		ID: "msal-browser-3", Name: "MSAL.js 3", Package: "@azure/msal-browser", Language: "Browser", Trust: trustBrowser, Syntax: "js",
		Settings: `new PublicClientApplication({
  auth: { clientId, authority: "https://H/TENANT", knownAuthorities: ["H"], redirectUri },
});`,
	},
	{
		ID: "msal-node", Name: "MSAL Node", Package: "@azure/msal-node", Language: "Node", Trust: trustNode, Syntax: "js",
		Settings: `new ConfidentialClientApplication({
  auth: { clientId, clientSecret, authority: "https://H/TENANT", knownAuthorities: ["H"] },
});`,
	},
	{
		ID: "azure-identity-js", Name: "Azure Identity for JavaScript", Package: "@azure/identity", Language: "Node", Trust: trustNode, Syntax: "js",
		Settings: `new ClientSecretCredential(tenant, clientId, secret, {
  authorityHost: "https://H", // or AZURE_AUTHORITY_HOST
  disableInstanceDiscovery: true,
});`,
	},
	{
		ID: "graph-js", Name: "Microsoft Graph SDK for JavaScript", Package: "@microsoft/microsoft-graph-client", Language: "Node", Trust: trustNode, Syntax: "js",
		Settings: `Client.initWithMiddleware({
  authProvider,
  baseUrl: "https://H/",
  customHosts: new Set(["localhost"]), // the host without its port
});`,
	},
	{
		ID: "openid-client", Name: "openid-client, jose", Package: "openid-client", Language: "Node", Trust: trustNode, Syntax: "js",
		Settings: `const config = await client.discovery(new URL("https://H/TENANT/v2.0"), clientId, clientSecret);`,
	},
	{
		ID: "msal-node-people", Name: "MSAL Node, web application", Package: "@azure/msal-node", Language: "Node", Trust: trustNode, Syntax: "js",
		Settings: `new ConfidentialClientApplication({
  auth: { clientId, clientSecret, authority: "https://H/TENANT", knownAuthorities: ["H"] },
});
// The nonce of getAuthCodeUrl goes into acquireTokenByCode too.`,
	},
	{
		ID: "openid-client-people", Name: "openid-client, web application", Package: "openid-client", Language: "Node", Trust: trustNode, Syntax: "js",
		Settings: `const config = await client.discovery(new URL("https://H/TENANT/v2.0"), clientId, clientSecret);`,
	},
	{
		ID: "oauth4webapi", Name: "oauth4webapi, web application", Package: "oauth4webapi", Language: "Node", Trust: trustNode, Syntax: "js",
		Settings: `const issuer = new URL("https://H/TENANT/v2.0");
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));`,
	},
	{
		ID: "auth-js", Name: "Auth.js (next-auth), Microsoft Entra ID provider", Package: "@auth/core", Language: "Node", Trust: trustNode, Syntax: "js",
		Settings: `MicrosoftEntraID({
  clientId,
  clientSecret,
  issuer: "https://H/TENANT/v2.0",
  // The provider's own function asks graph.microsoft.com for a photo, with our access token.
  profile: (claims) => ({ id: claims.sub, name: claims.name, email: claims.email }),
});`,
	},
	{
		ID: "azure-identity-js-interactive", Name: "Azure Identity for JavaScript, desktop", Package: "@azure/identity", Language: "Node", Trust: trustNode, Syntax: "js",
		Settings: `new InteractiveBrowserCredential({
  tenantId, clientId, authorityHost: "https://H", disableInstanceDiscovery: true,
});`,
	},
	{
		ID: "msal-python-interactive", Name: "MSAL Python, desktop", Package: "msal", Language: "Python", Trust: trustPython, Syntax: "python",
		Settings: `# The application is registered with http://localhost for mobile and desktop; the port is free.
app = msal.PublicClientApplication(client_id, authority="https://H/TENANT", instance_discovery=False)
result = app.acquire_token_interactive(scopes)`,
	},
	{
		ID: "msal-python", Name: "MSAL Python", Package: "msal", Language: "Python", Trust: trustPython, Syntax: "python",
		Settings: `app = msal.ConfidentialClientApplication(
    client_id, client_credential=credential, authority="https://H/TENANT", instance_discovery=False)`,
	},
	{
		ID: "azure-identity-python", Name: "Azure Identity for Python", Package: "azure-identity", Language: "Python", Trust: trustPython, Syntax: "python",
		Settings: `credential = ClientSecretCredential(
    tenant, client_id, secret, authority="https://H", disable_instance_discovery=True)`,
	},
	{
		ID: "msal4j", Name: "MSAL4J", Package: "com.microsoft.azure:msal4j", Language: "Java", Trust: trustJava, Syntax: "java",
		Settings: `ConfidentialClientApplication.builder(clientId, credential)
    .authority("https://H/TENANT/")
    .instanceDiscovery(false)
    // Only where H has a port; without it the client finds no token in its cache again.
    // HOST is H without the port.
    .aadInstanceDiscoveryResponse("""
        {"tenant_discovery_endpoint": "https://H/TENANT/v2.0/.well-known/openid-configuration", "api-version": "1.1",
         "metadata": [{"preferred_network": "HOST", "preferred_cache": "HOST", "aliases": ["HOST", "H"]}]}""")
    .build();`,
	},
	{
		ID: "azure-identity-java", Name: "Azure Identity for Java", Package: "com.azure:azure-identity", Language: "Java", Trust: trustJava, Syntax: "java",
		Settings: `// Where H has a port, this client finds no token in its cache again: MSAL4J below it compares
// a host with a port to one without, and no setting of this client reaches that.
new ClientSecretCredentialBuilder()
    .authorityHost("https://H/")
    .disableInstanceDiscovery()
    .tenantId(tenant).clientId(clientId).clientSecret(secret)
    .build();`,
	},
	{
		ID: "msal-net", Name: "MSAL.NET", Package: "Microsoft.Identity.Client", Language: ".NET", Trust: trustDotnet, Syntax: "csharp",
		NotRun: noDotnet,
		Settings: `ConfidentialClientApplicationBuilder.Create(clientId)
    .WithClientSecret(secret)
    .WithAuthority("https://H/TENANT")
    .WithInstanceDiscovery(false)
    .Build();`,
	},
	{
		ID: "azure-identity-net", Name: "Azure Identity for .NET", Package: "Azure.Identity", Language: ".NET", Trust: trustDotnet, Syntax: "csharp",
		NotRun: noDotnet,
		Settings: `new ClientSecretCredential(tenant, clientId, secret, new ClientSecretCredentialOptions
{
    AuthorityHost = new Uri("https://H/"),
    DisableInstanceDiscovery = true,
});`,
	},
	{
		ID: "identity-web", Name: "Microsoft.Identity.Web", Package: "Microsoft.Identity.Web", Language: ".NET", Trust: trustDotnet, Syntax: "json",
		NotRun:   noDotnet + "; a test sends the requests that it and ASP.NET Core send, and checks what they check",
		Settings: `{ "AzureAd": { "Instance": "https://H/", "TenantId": "TENANT", "ClientId": "…" } }`,
	},
	{
		ID: "graph-go", Name: "Microsoft Graph SDK for Go", Package: "github.com/microsoftgraph/msgraph-sdk-go", Language: "Go", Trust: trustGo, Syntax: "go",
		NotRun: noCompile,
		Settings: `auth, err := kiotaazure.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(
	credential, []string{"https://graph.microsoft.com/.default"}, []string{"localhost"})
adapter, err := msgraphsdk.NewGraphRequestAdapter(auth)
adapter.SetBaseUrl("https://H/v1.0")`,
	},
	{
		ID: "terraform-azuread", Name: "Terraform azuread", Package: "hashicorp/azuread", Language: "Terraform", Trust: trustGo, Syntax: "hcl",
		NotRun: "neither Terraform nor its providers can be had where the tests run; the library by which the provider signs in is go-azure-sdk, above",
		Settings: `provider "azuread" {
  metadata_host = "H"
  tenant_id     = "TENANT"
  use_cli       = false
}`,
	},
	{
		ID: "az", Name: "Azure CLI", Package: "azure-cli", Language: "Python", Trust: trustPython, Syntax: "sh",
		NotRun: "its sign-in goes on to Azure Resource Manager, which is no part of Sekisho; it has not been tried",
		Settings: `az cloud register -n sekisho --endpoint-active-directory https://H \
  --endpoint-active-directory-resource-id https://management.core.windows.net/ \
  --endpoint-active-directory-graph-resource-id https://graph.windows.net/ \
  --endpoint-microsoft-graph-resource-id https://H/ --endpoint-resource-manager https://H/
az cloud set -n sekisho
az config set core.instance_discovery=false
az login --service-principal -u CLIENT_ID -p SECRET --tenant TENANT --allow-no-subscriptions`,
	},
}
