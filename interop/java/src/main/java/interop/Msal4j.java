package interop;

import com.microsoft.aad.msal4j.ClientCredentialFactory;
import com.microsoft.aad.msal4j.ClientCredentialParameters;
import com.microsoft.aad.msal4j.ConfidentialClientApplication;
import com.microsoft.aad.msal4j.IClientCredential;
import com.microsoft.aad.msal4j.MsalServiceException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Map;
import java.util.Set;

/** MSAL4J: instanceDiscovery(false). */
public final class Msal4j {
    private final Map<String, String> party;

    private Msal4j(Map<String, String> party) {
        this.party = party;
    }

    public static void main(String[] args) throws Exception {
        Lines.announce(ConfidentialClientApplication.class, "msal4j");
        new Msal4j(Lines.party()).run();
        System.exit(0); // the client keeps threads
    }

    private void run() throws Exception {
        IClientCredential secret = ClientCredentialFactory.createFromSecret(party.get("secret"));
        IClientCredential wrong = ClientCredentialFactory.createFromSecret(party.get("wrongSecret"));
        IClientCredential certificate = ClientCredentialFactory.createFromCertificate(key(), certificate());
        IClientCredential assertion = ClientCredentialFactory.createFromCallback(
                () -> Files.readString(Path.of(party.get("assertionFile"))));
        String home = party.get("tenant");
        String scope = party.get("scope");

        Lines.check("secret", () -> Lines.token(token(app(home, secret).build(), scope)));
        Lines.check("certificate", () -> Lines.token(token(app(home, certificate).sendX5c(false).build(), scope)));
        Lines.check("certificate-chain", () -> Lines.token(token(app(home, certificate).sendX5c(true).build(), scope)));
        Lines.check("assertion", () -> Lines.token(token(app(home, assertion).build(), scope)));
        Lines.check("v1-api", () -> Lines.token(token(app(home, secret).build(), party.get("scopeV1"))));
        Lines.check("domain", () -> Lines.token(token(app(party.get("domain"), secret).build(), scope)));
        Lines.check("capability", () -> Lines.token(token(app(home, secret).clientCapabilities(Set.of("cp1")).build(), scope)));
        Lines.check("graph", () -> Lines.callGraph(party.get("graphUrl"), token(app(home, secret).build(), party.get("graphScope"))));
        Lines.refused("wrong-secret", MsalServiceException.class, () -> Lines.token(token(app(home, wrong).build(), scope)));
        Lines.refused("unconsented", MsalServiceException.class,
                () -> Lines.token(token(app(party.get("elsewhere"), secret).build(), scope)));
        // The last, since MSAL4J keeps what it is told here for the whole process. It
        // stores tokens by the host and looks for them by host and port: at a port
        // other than 443 it finds them only if it knows that both are the same server.
        Lines.check("cache", () -> {
            ConfidentialClientApplication one = app(home, secret).aadInstanceDiscoveryResponse(instanceDiscovery()).build();
            return Map.of("token", token(one, scope), "again", token(one, scope));
        });
    }

    private String instanceDiscovery() {
        String host = URI.create(party.get("authorityHost")).getHost();
        return """
                {"tenant_discovery_endpoint": "%s/v2.0/.well-known/openid-configuration", "api-version": "1.1",
                 "metadata": [{"preferred_network": "%s", "preferred_cache": "%s", "aliases": ["%s", "%s"]}]}
                """.formatted(party.get("authorityHost") + "/" + party.get("tenant"), host, host, host, party.get("host"));
    }

    private ConfidentialClientApplication.Builder app(String tenant, IClientCredential credential) throws Exception {
        return ConfidentialClientApplication.builder(party.get("clientId"), credential)
                .authority(party.get("authorityHost") + "/" + tenant + "/")
                .instanceDiscovery(false);
    }

    private static String token(ConfidentialClientApplication app, String scope) throws Exception {
        return app.acquireToken(ClientCredentialParameters.builder(Set.of(scope)).build()).get().accessToken();
    }

    private PrivateKey key() throws Exception {
        String body = Files.readString(Path.of(party.get("keyFile"))).replaceAll("-----[^-]+-----", "");
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(body)));
    }

    private X509Certificate certificate() throws Exception {
        try (InputStream in = Files.newInputStream(Path.of(party.get("certificateFile")))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }
}
