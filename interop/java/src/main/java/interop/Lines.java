package interop;

import com.azure.json.JsonProviders;
import com.azure.json.JsonReader;
import com.azure.json.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What both programs share: reading the party, and printing a line of JSON for each case. */
final class Lines {
    private Lines() {}

    /** Runs a case; the members go into its line. */
    interface Case {
        Map<String, Object> run() throws Exception;
    }

    /** The application that the test registered, from the file that SEKISHO_INTEROP_PARTY names. */
    static Map<String, String> party() throws IOException {
        String text = Files.readString(Path.of(System.getenv("SEKISHO_INTEROP_PARTY")));
        try (JsonReader reader = JsonProviders.createReader(text)) {
            return reader.readMap(JsonReader::getString);
        }
    }

    /** Says which version of the client runs: its JAR's name ends in it. */
    static void announce(Class<?> client, String artifact) {
        String jar = Path.of(client.getProtectionDomain().getCodeSource().getLocation().getPath()).getFileName().toString();
        print(Map.of("version", jar.substring(artifact.length() + 1, jar.length() - ".jar".length())));
    }

    static void check(String name, Case run) {
        try {
            print(with(name, run.run()));
        } catch (Exception e) {
            print(with(name, Map.of("failed", e.toString())));
        }
    }

    /** Runs a case that must fail with a kind of error. */
    static void refused(String name, Class<? extends Throwable> kind, Case run) {
        check(name, () -> {
            try {
                run.run();
            } catch (Exception e) {
                for (Throwable t = e; t != null; t = t.getCause()) {
                    if (kind.isInstance(t)) {
                        return Map.of("error", t.getMessage());
                    }
                }
                throw e;
            }
            throw new IllegalStateException("nothing was refused");
        });
    }

    static Map<String, Object> token(String token) {
        return Map.of("token", token);
    }

    /** Calls Graph with a token; the applications that it lists are counted. */
    static Map<String, Object> callGraph(String graphUrl, String token) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(graphUrl + "/v1.0/applications?$top=5&$select=appId"))
                .header("Authorization", "Bearer " + token)
                .build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException("Graph answered " + answer.statusCode() + " " + answer.body());
        }
        try (JsonReader reader = JsonProviders.createReader(answer.body())) {
            Map<String, Object> page = reader.readMap(JsonReader::readUntyped);
            return Map.of("token", token, "applications", ((List<?>) page.get("value")).size());
        }
    }

    private static Map<String, Object> with(String name, Map<String, Object> members) {
        Map<String, Object> all = new LinkedHashMap<>(members);
        all.put("case", name);
        return all;
    }

    private static void print(Map<String, Object> members) {
        StringWriter text = new StringWriter();
        try (JsonWriter writer = JsonProviders.createWriter(text)) {
            writer.writeMap(members, JsonWriter::writeUntyped);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        System.out.println(text);
    }
}
