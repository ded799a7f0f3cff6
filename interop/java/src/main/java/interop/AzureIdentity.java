package interop;

import com.azure.core.credential.TokenCredential;
import com.azure.core.credential.TokenRequestContext;
import com.azure.identity.AadCredentialBuilderBase;
import com.azure.identity.ClientAssertionCredentialBuilder;
import com.azure.identity.ClientCertificateCredentialBuilder;
import com.azure.identity.ClientSecretCredential;
import com.azure.identity.ClientSecretCredentialBuilder;
import com.azure.identity.WorkloadIdentityCredentialBuilder;
import com.microsoft.aad.msal4j.MsalServiceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** azure-identity: disableInstanceDiscovery and the authority's host. */
public final class AzureIdentity {
    private final Map<String, String> party;

    private AzureIdentity(Map<String, String> party) {
        this.party = party;
    }

    public static void main(String[] args) throws Exception {
        Lines.announce(ClientSecretCredential.class, "azure-identity");
        new AzureIdentity(Lines.party()).run();
        System.exit(0); // the client keeps threads
    }

    private void run() {
        String home = party.get("tenant");
        String secret = party.get("secret");
        String scope = party.get("scope");

        Lines.check("secret", () -> Lines.token(token(bySecret(home, secret), scope)));
        Lines.check("certificate", () -> Lines.token(token(byCertificate(false), scope)));
        Lines.check("certificate-chain", () -> Lines.token(token(byCertificate(true), scope)));
        Lines.check("assertion", () -> Lines.token(token(at(new ClientAssertionCredentialBuilder(), home)
                .disableInstanceDiscovery().clientAssertion(this::assertion).build(), scope)));
        Lines.check("workload", () -> Lines.token(token(at(new WorkloadIdentityCredentialBuilder(), home)
                .disableInstanceDiscovery().tokenFilePath(party.get("assertionFile")).build(), scope)));
        Lines.check("v1-api", () -> Lines.token(token(bySecret(home, secret), party.get("scopeV1"))));
        Lines.check("domain", () -> Lines.token(token(bySecret(party.get("domain"), secret), scope)));
        Lines.check("capability", () -> Lines.token(bySecret(home, secret)
                .getTokenSync(new TokenRequestContext().addScopes(scope).setCaeEnabled(true)).getToken()));
        Lines.check("graph", () -> Lines.callGraph(party.get("graphUrl"), token(bySecret(home, secret), party.get("graphScope"))));
        // Of MSAL4J, whose error this client wraps.
        Lines.refused("wrong-secret", MsalServiceException.class,
                () -> Lines.token(token(bySecret(home, party.get("wrongSecret")), scope)));
    }

    /** The settings that every credential shares. */
    private <T extends AadCredentialBuilderBase<T>> T at(T builder, String tenant) {
        return builder.authorityHost(party.get("authorityHost") + "/").tenantId(tenant).clientId(party.get("clientId"));
    }

    private TokenCredential bySecret(String tenant, String secret) {
        return at(new ClientSecretCredentialBuilder(), tenant).disableInstanceDiscovery().clientSecret(secret).build();
    }

    private TokenCredential byCertificate(boolean chain) {
        return at(new ClientCertificateCredentialBuilder(), party.get("tenant"))
                .disableInstanceDiscovery()
                .pemCertificate(party.get("certificateFile"))
                .sendCertificateChain(chain)
                .build();
    }

    private String assertion() {
        try {
            return Files.readString(Path.of(party.get("assertionFile")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String token(TokenCredential credential, String scope) {
        return credential.getTokenSync(new TokenRequestContext().addScopes(scope)).getToken();
    }
}
