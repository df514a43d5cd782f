// SPDX-License-Identifier: GPL-3.0-or-later
// LeshanBootstrapPeer: Leshan's bootstrap server. Tells what happens as lines of
// JSON; takes lines of JSON:
//
//   {"op": "client", "ep": E, "mode": "psk", "identity": I, "key": HEX}
//   {"op": "client", "ep": E, "mode": "rpk", "key": SPKI}
//   {"op": "client", "ep": E, "mode": "x509"}
//   {"op": "client", "ep": E, "mode": "oscore", "secret": HEX,
//    "sender_id": HEX, "recipient_id": HEX}       as the client says them
//   {"op": "give", "ep": E, "config": C}          a BootstrapConfig, with bytes
//                                                 in hexadecimal
//   {"op": "rest-client", "line": L}              L and C as the REST interface
//   {"op": "rest-config", "ep": E, "config": C}   of the demonstration has them
//
// LeshanBootstrapPeer --coap HOST:PORT --coaps HOST:PORT
//                     [--key PKCS8 [--public SPKI] [--chain CERTIFICATES]
//                      [--trust CERTIFICATES]]

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyFactory;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import org.eclipse.leshan.core.endpoint.EndpointUriUtil;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.oscore.OscoreSetting;
import org.eclipse.leshan.core.peer.LwM2mPeer;
import org.eclipse.leshan.core.request.BindingMode;
import org.eclipse.leshan.core.request.BootstrapDownlinkRequest;
import org.eclipse.leshan.core.request.BootstrapRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.core.util.Hex;
import org.eclipse.leshan.server.bootstrap.BootstrapConfig;
import org.eclipse.leshan.server.bootstrap.BootstrapFailureCause;
import org.eclipse.leshan.server.bootstrap.BootstrapSession;
import org.eclipse.leshan.server.bootstrap.BootstrapSessionListener;
import org.eclipse.leshan.server.bootstrap.InMemoryBootstrapConfigStore;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServer;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServerBuilder;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.CaliforniumBootstrapServerEndpointsProvider;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.coap.CoapBootstrapServerProtocolProvider;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.coaps.CoapsBootstrapServerProtocolProvider;
import org.eclipse.leshan.server.security.BootstrapSecurityStoreAdapter;
import org.eclipse.leshan.server.security.InMemorySecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;

public final class LeshanBootstrapPeer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectMapper REST = new ObjectMapper();
    private final InMemorySecurityStore security = new InMemorySecurityStore();
    private final InMemoryBootstrapConfigStore configs = new InMemoryBootstrapConfigStore();
    private final LeshanBootstrapServer server;

    public static void main(String[] args) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i + 1 < args.length; i += 2)
            options.put(args[i], args[i + 1]);
        SimpleModule forms = new SimpleModule();
        forms.addDeserializer(byte[].class, new Bytes());
        forms.addDeserializer(ContentFormat.class, new Format());
        JSON.registerModule(forms);
        REST.registerModule(new SimpleModule().addDeserializer(EnumSet.class, new Binding()));
        new LeshanBootstrapPeer(options).serve();
    }

    private LeshanBootstrapPeer(Map<String, String> options) throws Exception {
        CaliforniumBootstrapServerEndpointsProvider.Builder endpoints =
            new CaliforniumBootstrapServerEndpointsProvider.Builder(
                new CoapBootstrapServerProtocolProvider(),
                new CoapsBootstrapServerProtocolProvider());
        URI plain = EndpointUriUtil.createUri(Protocol.COAP.getUriScheme(),
                                              address(options.get("--coap")));
        endpoints.addEndpoint(new Rederivation.Bootstrap(plain));
        endpoints.addEndpoint(address(options.get("--coaps")), Protocol.COAPS);
        LeshanBootstrapServerBuilder builder = new LeshanBootstrapServerBuilder();
        builder.setSecurityStore(new BootstrapSecurityStoreAdapter(security));
        builder.setConfigStore(configs);
        identify(builder, options);
        builder.setEndpointsProviders(endpoints.build());
        server = builder.build();
        server.addListener(new Sessions());
    }

    // The server's own key, and a raw public key or a certificate for it.
    private static void identify(LeshanBootstrapServerBuilder builder,
                                 Map<String, String> options) throws Exception {
        KeyFactory keys = KeyFactory.getInstance("EC");
        if (!options.containsKey("--key"))
            return;
        builder.setPrivateKey(keys.generatePrivate(
            new PKCS8EncodedKeySpec(file(options, "--key"))));
        if (options.containsKey("--public"))
            builder.setPublicKey(keys.generatePublic(
                new X509EncodedKeySpec(file(options, "--public"))));
        if (options.containsKey("--chain"))
            builder.setCertificateChain(certificates(options, "--chain"));
        if (options.containsKey("--trust"))
            builder.setTrustedCertificates(certificates(options, "--trust"));
    }

    private static byte[] file(Map<String, String> options, String name) throws Exception {
        return Files.readAllBytes(Paths.get(options.get(name)));
    }

    private static X509Certificate[] certificates(Map<String, String> options, String name)
        throws Exception {
        return CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(file(options, name)))
            .toArray(new X509Certificate[0]);
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        return new InetSocketAddress(text.substring(0, colon),
                                     Integer.parseInt(text.substring(colon + 1)));
    }

    private void serve() throws Exception {
        server.start();
        tell("ready");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine())
            try {
                run(JSON.readTree(line));
                tell("answer");
            } catch (Exception e) {
                tell("failed", "why", e.toString());
            }
        server.destroy();
    }

    private void run(JsonNode command) throws Exception {
        String endpoint = command.path("ep").asText();

        if (command.path("op").asText().equals("rest-client")) {
            JsonNode line = command.get("line");
            endpoint = line.path("endpoint").asText();
            security.remove(endpoint, false);
            security.add(listed(endpoint, line));
            return;
        }
        if (command.path("op").asText().equals("rest-config")) {
            configs.add(endpoint, REST.treeToValue(command.get("config"), BootstrapConfig.class));
            return;
        }
        if (command.path("op").asText().equals("client")) {
            security.remove(endpoint, false);
            security.add(client(endpoint, command));
            return;
        }
        configs.add(endpoint, JSON.treeToValue(command.get("config"), BootstrapConfig.class));
    }

    private static SecurityInfo client(String endpoint, JsonNode command) throws Exception {
        switch (command.path("mode").asText()) {
        case "rpk":
            return SecurityInfo.newRawPublicKeyInfo(endpoint,
                KeyFactory.getInstance("EC").generatePublic(
                    new X509EncodedKeySpec(hex(command, "key"))));
        case "x509":
            return SecurityInfo.newX509CertInfo(endpoint);
        case "oscore":
            return SecurityInfo.newOscoreInfo(endpoint, new OscoreSetting(
                hex(command, "recipient_id"), hex(command, "sender_id"),
                hex(command, "secret")));
        default:
            return SecurityInfo.newPreSharedKeyInfo(endpoint,
                command.path("identity").asText(), hex(command, "key"));
        }
    }

    // The same, as a line for /api/security/clients has it.
    private static SecurityInfo listed(String endpoint, JsonNode line) throws Exception {
        JsonNode tls = line.path("tls"), details = tls.path("details"),
                 oscore = line.path("oscore");
        ObjectNode same = JSON.createObjectNode()
            .put("mode", oscore.isMissingNode() ? tls.path("mode").asText() : "oscore")
            .put("identity", details.path("identity").asText())
            .put("key", details.path("key").asText())
            .put("secret", oscore.path("msec").asText())
            .put("recipient_id", oscore.path("sid").asText())
            .put("sender_id", oscore.path("rid").asText());

        return client(endpoint, same);
    }

    // ---- forms of values ------------------------------------------------------

    private static byte[] hex(JsonNode command, String name) {
        return Hex.decodeHex(command.path(name).asText().toCharArray());
    }

    private static final class Bytes extends JsonDeserializer<byte[]> {
        @Override
        public byte[] deserialize(JsonParser p, DeserializationContext c) throws IOException {
            return Hex.decodeHex(p.getText().toCharArray());
        }
    }

    // There a binding is text.
    private static final class Binding extends JsonDeserializer<EnumSet<BindingMode>> {
        @Override
        public EnumSet<BindingMode> deserialize(JsonParser p, DeserializationContext c)
            throws IOException {
            return BindingMode.parse(p.getText());
        }
    }

    private static final class Format extends JsonDeserializer<ContentFormat> {
        @Override
        public ContentFormat deserialize(JsonParser p, DeserializationContext c)
            throws IOException {
            return ContentFormat.fromName(p.getText());
        }
    }

    // ---- what happens -----------------------------------------------------------

    private static synchronized void tell(String event, String... more) {
        ObjectNode line = JSON.createObjectNode().put("event", event);
        for (int i = 0; i + 1 < more.length; i += 2)
            line.put(more[i], more[i + 1]);
        System.out.println(line);
    }

    private static final class Sessions implements BootstrapSessionListener {
        @Override
        public void sessionInitiated(BootstrapRequest request, LwM2mPeer peer) {
        }

        @Override
        public void unAuthorized(BootstrapRequest request, LwM2mPeer peer) {
            tell("unauthorized", "ep", request.getEndpointName());
        }

        @Override
        public void authorized(BootstrapSession s) {
            tell("bootstrap", "ep", s.getEndpoint(), "peer",
                 String.valueOf(s.getClientTransportData().getIdentity()), "format",
                 String.valueOf(s.getContentFormat()));
        }

        @Override
        public void noConfig(BootstrapSession s) {
            tell("unknown", "ep", s.getEndpoint());
        }

        @Override
        public void sendRequest(BootstrapSession s,
                                BootstrapDownlinkRequest<? extends LwM2mResponse> q) {
        }

        @Override
        public void onResponseSuccess(BootstrapSession s,
            BootstrapDownlinkRequest<? extends LwM2mResponse> q, LwM2mResponse r) {
            step(s, q, r);
        }

        @Override
        public void onResponseError(BootstrapSession s,
            BootstrapDownlinkRequest<? extends LwM2mResponse> q, LwM2mResponse r) {
            step(s, q, r);
        }

        private static void step(BootstrapSession s, BootstrapDownlinkRequest<?> q,
                                 LwM2mResponse r) {
            tell("step", "ep", s.getEndpoint(), "request", q.getClass().getSimpleName(),
                 "path", String.valueOf(q.getPath()), "code", r.getCode().toString(), "why",
                 String.valueOf(r.getErrorMessage()));
        }

        @Override
        public void onRequestFailure(BootstrapSession s,
            BootstrapDownlinkRequest<? extends LwM2mResponse> q, Throwable e) {
            tell("silent", "ep", s.getEndpoint(), "why", e + ", " + e.getCause());
        }

        @Override
        public void end(BootstrapSession s) {
            tell("done", "ep", s.getEndpoint());
        }

        @Override
        public void failed(BootstrapSession s, BootstrapFailureCause cause) {
            tell("gave-up", "ep", s.getEndpoint(), "why", String.valueOf(cause));
        }
    }
}
