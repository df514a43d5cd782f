// SPDX-License-Identifier: GPL-3.0-or-later
// LeshanServerPeer: Leshan's LwM2M server behind a small REST interface.
//
// Leshan's own demonstration server is not published as an artifact that can
// be had, so this puts the paths of its REST interface (/api/clients,
// /api/security/clients, /api/event) on the published server library. All of
// LwM2M, CoAP and DTLS is Leshan's and Californium's; only HTTP is here.
// Unlike the demonstration, a SEND event carries every record with its time.
//
// LeshanServerPeer --coap HOST:PORT --coaps HOST:PORT --web HOST:PORT
//                  --models DIR --data FILE [--cid N]
//                  [--key PKCS8 [--public SPKI] [--chain CERTIFICATES]
//                   [--trust CERTIFICATES]]

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyFactory;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.link.DefaultLinkSerializer;
import org.eclipse.leshan.core.link.lwm2m.attributes.DefaultLwM2mAttributeParser;
import org.eclipse.leshan.core.link.lwm2m.attributes.LwM2mAttributeSet;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.model.ResourceModel.Type;
import org.eclipse.leshan.core.node.LwM2mNode;
import org.eclipse.leshan.core.node.LwM2mObject;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.LwM2mResourceInstance;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.node.TimestampedLwM2mNode;
import org.eclipse.leshan.core.node.TimestampedLwM2mNodes;
import org.eclipse.leshan.core.observation.CompositeObservation;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.observation.SingleObservation;
import org.eclipse.leshan.core.peer.PskIdentity;
import org.eclipse.leshan.core.request.CancelObservationRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.DeleteRequest;
import org.eclipse.leshan.core.request.DiscoverRequest;
import org.eclipse.leshan.core.request.DownlinkDeviceManagementRequest;
import org.eclipse.leshan.core.request.ExecuteRequest;
import org.eclipse.leshan.core.request.ObserveRequest;
import org.eclipse.leshan.core.request.ReadCompositeRequest;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.request.SendRequest;
import org.eclipse.leshan.core.request.WriteAttributesRequest;
import org.eclipse.leshan.core.request.WriteRequest;
import org.eclipse.leshan.core.response.DiscoverResponse;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.core.response.ObserveCompositeResponse;
import org.eclipse.leshan.core.response.ObserveResponse;
import org.eclipse.leshan.core.response.ReadCompositeResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.core.util.Hex;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.model.VersionedModelProvider;
import org.eclipse.leshan.server.observation.ObservationListener;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.server.send.SendListener;
import org.eclipse.leshan.servers.security.EditableSecurityStore;
import org.eclipse.leshan.servers.security.FileSecurityStore;
import org.eclipse.leshan.servers.security.SecurityInfo;
import org.eclipse.leshan.transport.californium.server.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coap.CoapServerProtocolProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coaps.CoapsServerProtocolProvider;

public final class LeshanServerPeer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final Queue<BlockingQueue<String>> listeners = new ConcurrentLinkedQueue<>();
    private final EditableSecurityStore security;
    private final LeshanServer server;

    public static void main(String[] args) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i + 1 < args.length; i += 2)
            options.put(args[i], args[i + 1]);
        new LeshanServerPeer(options).serve(address(options.get("--web")));
    }

    private LeshanServerPeer(Map<String, String> options) throws Exception {
        security = new FileSecurityStore(options.get("--data"));
        List<ObjectModel> models = ObjectLoader.loadAllDefault();
        models.addAll(ObjectLoader.loadObjectsFromDir(new File(options.get("--models")), true));

        CaliforniumServerEndpointsProvider.Builder endpoints =
            new CaliforniumServerEndpointsProvider.Builder(
                new CoapServerProtocolProvider(), new CoapsServerProtocolProvider());
        Configuration configuration = endpoints.createDefaultConfiguration();
        int cid = Integer.parseInt(options.getOrDefault("--cid", "6"));
        configuration.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, cid);
        endpoints.setConfiguration(configuration);
        endpoints.addEndpoint(address(options.get("--coap")), Protocol.COAP);
        endpoints.addEndpoint(address(options.get("--coaps")), Protocol.COAPS);

        LeshanServerBuilder builder = new LeshanServerBuilder();
        builder.setObjectModelProvider(new VersionedModelProvider(models));
        builder.setSecurityStore(security);
        identify(builder, options);
        builder.setEndpointsProviders(endpoints.build());
        server = builder.build();
        server.getRegistrationService().addListener(new Registrations());
        server.getObservationService().addListener(new Observations());
        server.getSendService().addListener(new Sends());
    }

    // The server's own key, and a raw public key or a certificate for it.
    private static void identify(LeshanServerBuilder builder, Map<String, String> options)
            throws Exception {
        KeyFactory keys = KeyFactory.getInstance("EC");
        if (!options.containsKey("--key"))
            return;
        builder.setPrivateKey(keys.generatePrivate(new PKCS8EncodedKeySpec(bytes(options, "--key"))));
        if (options.containsKey("--public"))
            builder.setPublicKey(keys.generatePublic(new X509EncodedKeySpec(bytes(options, "--public"))));
        if (options.containsKey("--chain"))
            builder.setCertificateChain(certificates(options, "--chain"));
        if (options.containsKey("--trust"))
            builder.setTrustedCertificates(certificates(options, "--trust"));
    }

    private static byte[] bytes(Map<String, String> options, String name) throws Exception {
        return Files.readAllBytes(Paths.get(options.get(name)));
    }

    private static X509Certificate[] certificates(Map<String, String> options, String name)
            throws Exception {
        return CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(bytes(options, name)))
            .toArray(new X509Certificate[0]);
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        return new InetSocketAddress(text.substring(0, colon),
                                     Integer.parseInt(text.substring(colon + 1)));
    }

    private void serve(InetSocketAddress web) throws Exception {
        HttpServer http = HttpServer.create(web, 0);
        http.setExecutor(Executors.newCachedThreadPool());
        http.createContext("/api/event", this::events);
        http.createContext("/api/clients", x -> answer(x, this::clients));
        http.createContext("/api/security/clients", x -> answer(x, this::credentials));
        server.start();
        http.start();
        System.out.println("ready");
    }

    // ---- HTTP ------------------------------------------------------------

    private interface Handler {
        JsonNode run(HttpExchange x, String[] path, Map<String, String> query) throws Exception;
    }

    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1;
        final int status;

        Refused(int status, String why) {
            super(why);
            this.status = status;
        }
    }

    private void answer(HttpExchange x, Handler handler) throws IOException {
        int status = 200;
        JsonNode body;
        try {
            String rest = x.getRequestURI().getPath()
                .substring(x.getHttpContext().getPath().length());
            String[] path = Arrays.stream(rest.split("/"))
                .filter(s -> !s.isEmpty()).toArray(String[]::new);
            body = handler.run(x, path, query(x.getRequestURI()));
        } catch (Refused e) {
            status = e.status;
            body = JSON.createObjectNode().put("error", e.getMessage());
        } catch (Exception e) {
            status = 500;
            body = JSON.createObjectNode().put("error", e.toString());
        }
        byte[] bytes = JSON.writeValueAsBytes(body);
        x.getResponseHeaders().set("Content-Type", "application/json");
        x.sendResponseHeaders(status, bytes.length);
        try (OutputStream out = x.getResponseBody()) {
            out.write(bytes);
        }
    }

    private static Map<String, String> query(URI uri) {
        Map<String, String> all = new HashMap<>();
        if (uri.getQuery() != null)
            for (String part : uri.getQuery().split("&")) {
                int eq = part.indexOf('=');
                all.put(eq < 0 ? part : part.substring(0, eq),
                        eq < 0 ? "" : part.substring(eq + 1));
            }
        return all;
    }

    private void events(HttpExchange x) throws IOException {
        BlockingQueue<String> mine = new LinkedBlockingQueue<>();
        x.getResponseHeaders().set("Content-Type", "text/event-stream");
        x.sendResponseHeaders(200, 0);
        listeners.add(mine);
        try (OutputStream out = x.getResponseBody()) {
            out.write(": open\n\n".getBytes(StandardCharsets.UTF_8));
            out.flush();
            for (;;) {
                String event = mine.poll(5, TimeUnit.SECONDS);
                out.write((event == null ? ": idle\n\n" : event).getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
        } catch (IOException | InterruptedException e) {
            // The reader went away: nothing is owed to it.
        } finally {
            listeners.remove(mine);
        }
    }

    private void tell(String event, JsonNode data) {
        String text = "event: " + event + "\ndata: " + data + "\n\n";
        for (BlockingQueue<String> listener : listeners)
            listener.add(text);
    }

    // ---- /api/security/clients --------------------------------------------

    private JsonNode credentials(HttpExchange x, String[] path, Map<String, String> query)
            throws Exception {
        switch (x.getRequestMethod()) {
        case "PUT":
            JsonNode body = JSON.readTree(x.getRequestBody());
            security.add(credential(body.path("endpoint").asText(),
                body.path("tls").path("mode").asText(), body.path("tls").path("details")));
            return JSON.createObjectNode();
        case "DELETE":
            security.remove(path[0], true);
            return JSON.createObjectNode();
        case "GET":
            ArrayNode all = JSON.createArrayNode();
            for (SecurityInfo info : security.getAll())
                all.addObject().put("endpoint", info.getEndpoint())
                    .put("identity", info.getPskIdentity());
            return all;
        default:
            throw new Refused(405, "GET, PUT or DELETE");
        }
    }

    private static SecurityInfo credential(String endpoint, String mode, JsonNode details)
            throws Exception {
        byte[] key = Hex.decodeHex(details.path("key").asText().toCharArray());
        switch (mode) {
        case "rpk":
            return SecurityInfo.newRawPublicKeyInfo(endpoint,
                KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(key)));
        case "x509":
            return SecurityInfo.newX509CertInfo(endpoint);
        default:
            return SecurityInfo.newPreSharedKeyInfo(endpoint,
                details.path("identity").asText(), key);
        }
    }

    // ---- /api/clients -------------------------------------------------------

    private JsonNode clients(HttpExchange x, String[] path, Map<String, String> query)
            throws Exception {
        if (path.length == 0) {
            ArrayNode all = JSON.createArrayNode();
            server.getRegistrationService().getAllRegistrations()
                .forEachRemaining(r -> all.add(json(r)));
            return all;
        }
        Registration r = server.getRegistrationService().getByEndpoint(path[0]);
        if (r == null)
            throw new Refused(400, "no registered client with id '" + path[0] + "'");
        if (path.length == 1)
            return json(r);
        long timeout = Long.parseLong(query.getOrDefault("timeout", "5")) * 1000;
        LwM2mResponse response = server.send(r, request(x, path, query, r), timeout);
        if (response == null)
            throw new Refused(504, "no answer in time");
        return json(response);
    }

    private DownlinkDeviceManagementRequest<? extends LwM2mResponse> request(HttpExchange x,
            String[] path, Map<String, String> query, Registration r) throws Exception {
        String last = path[path.length - 1];
        boolean verb = List.of("discover", "observe", "attributes").contains(last);
        String target = "/" + String.join("/",
            Arrays.copyOfRange(path, 1, verb ? path.length - 1 : path.length));
        ContentFormat format = query.containsKey("format")
            ? ContentFormat.fromName(query.get("format")) : null;
        String method = x.getRequestMethod();

        if (path[1].equals("composite"))
            return new ReadCompositeRequest(format, format,
                Arrays.asList(query.get("paths").split(",")));
        if (method.equals("GET") && last.equals("discover"))
            return new DiscoverRequest(target);
        if (method.equals("GET"))
            return new ReadRequest(format, target);
        if (method.equals("POST") && last.equals("observe"))
            return new ObserveRequest(format, target);
        if (method.equals("DELETE") && last.equals("observe"))
            return new CancelObservationRequest(observation(r, target));
        if (method.equals("DELETE"))
            return new DeleteRequest(target);
        if (method.equals("PUT") && last.equals("attributes"))
            return new WriteAttributesRequest(target, new LwM2mAttributeSet(
                new DefaultLwM2mAttributeParser().parseUriQuery(x.getRequestURI().getQuery())));
        if (method.equals("PUT"))
            return new WriteRequest(
                query.getOrDefault("replace", "true").equals("false")
                    ? WriteRequest.Mode.UPDATE : WriteRequest.Mode.REPLACE,
                format, target, resource(JSON.readTree(x.getRequestBody())));
        byte[] arguments = x.getRequestBody().readAllBytes();
        return new ExecuteRequest(target, arguments.length == 0 ? null
            : new String(arguments, StandardCharsets.UTF_8));
    }

    private SingleObservation observation(Registration r, String target) throws Refused {
        for (Observation o : server.getObservationService().getObservations(r))
            if (o instanceof SingleObservation
                && ((SingleObservation) o).getPath().equals(new LwM2mPath(target)))
                return (SingleObservation) o;
        throw new Refused(404, "no observation of " + target);
    }

    // A node as the REST interface writes it: a single resource, or an instance
    // of several when "resources" is present.
    private static LwM2mNode resource(JsonNode n) {
        int id = n.path("id").asInt();
        if (n.has("resources")) {
            Collection<LwM2mResource> all = new java.util.ArrayList<>();
            n.get("resources").forEach(each -> all.add((LwM2mResource) resource(each)));
            return new LwM2mObjectInstance(id, all);
        }
        JsonNode v = n.path("value");
        switch (Type.valueOf(n.path("type").asText().toUpperCase())) {
        case INTEGER:
            return LwM2mSingleResource.newIntegerResource(id, v.asLong());
        case FLOAT:
            return LwM2mSingleResource.newFloatResource(id, v.asDouble());
        case BOOLEAN:
            return LwM2mSingleResource.newBooleanResource(id, v.asBoolean());
        case TIME:
            return LwM2mSingleResource.newDateResource(id, new Date(v.asLong() * 1000));
        case OPAQUE:
            return LwM2mSingleResource.newBinaryResource(id,
                Hex.decodeHex(v.asText().toCharArray()));
        default:
            return LwM2mSingleResource.newStringResource(id, v.asText());
        }
    }

    // ---- JSON out -------------------------------------------------------------

    private static ObjectNode json(Registration r) {
        ObjectNode out = JSON.createObjectNode();
        out.put("endpoint", r.getEndpoint()).put("registrationId", r.getId());
        out.put("registrationDate", r.getRegistrationDate().toInstant().toString());
        out.put("lastUpdate", r.getLastUpdate().toInstant().toString());
        out.put("address", r.getAddress().getHostAddress() + ":" + r.getPort());
        out.put("lwM2mVersion", r.getLwM2mVersion().toString());
        out.put("lifetime", r.getLifeTimeInSec()).put("bindingMode", r.getBindingMode().toString());
        out.put("queuemode", r.usesQueueMode()).put("rootPath", r.getRootPath());
        out.put("links", new DefaultLinkSerializer().serializeCoreLinkFormat(r.getObjectLinks()));
        out.put("secure", r.getClientTransportData().getIdentity().isSecure());
        if (r.getClientTransportData().getIdentity() instanceof PskIdentity)
            out.put("identity", ((PskIdentity) r.getClientTransportData().getIdentity())
                .getPskIdentity());
        ObjectNode objects = out.putObject("availableObjects");
        r.getSupportedObject().forEach((id, version) -> objects.put("" + id, version.toString()));
        return out;
    }

    private static ObjectNode json(LwM2mResponse response) {
        ObjectNode out = JSON.createObjectNode();
        out.put("status", response.getCode().toString()).put("success", response.isSuccess());
        if (response.getErrorMessage() != null)
            out.put("error", response.getErrorMessage());
        if (response instanceof ReadResponse && ((ReadResponse) response).getContent() != null)
            out.set("content", json(((ReadResponse) response).getContent()));
        if (response instanceof ReadCompositeResponse && response.isSuccess()) {
            ObjectNode content = out.putObject("content");
            ((ReadCompositeResponse) response).getContent()
                .forEach((path, node) -> content.set(path.toString(), json(node)));
        }
        if (response instanceof DiscoverResponse && response.isSuccess())
            out.put("links", new DefaultLinkSerializer()
                .serializeCoreLinkFormat(((DiscoverResponse) response).getObjectLinks()));
        return out;
    }

    private static ObjectNode json(LwM2mNode node) {
        ObjectNode out = JSON.createObjectNode();
        if (node == null)
            return out;
        if (node instanceof LwM2mObject) {
            out.put("kind", "obj").put("id", ((LwM2mObject) node).getId());
            ArrayNode all = out.putArray("instances");
            ((LwM2mObject) node).getInstances().values().forEach(i -> all.add(json(i)));
        } else if (node instanceof LwM2mObjectInstance) {
            out.put("kind", "instance").put("id", ((LwM2mObjectInstance) node).getId());
            ArrayNode all = out.putArray("resources");
            ((LwM2mObjectInstance) node).getResources().values().forEach(i -> all.add(json(i)));
        } else if (node instanceof LwM2mResource && ((LwM2mResource) node).isMultiInstances()) {
            LwM2mResource many = (LwM2mResource) node;
            out.put("kind", "multiResource").put("id", many.getId());
            out.put("type", many.getType().toString());
            ObjectNode values = out.putObject("values");
            many.getInstances().forEach((id, i) -> values.set("" + id, json(i.getValue())));
        } else if (node instanceof LwM2mResource) {
            LwM2mResource one = (LwM2mResource) node;
            out.put("kind", "singleResource").put("id", one.getId());
            out.put("type", one.getType().toString()).set("value", json(one.getValue()));
        } else if (node instanceof LwM2mResourceInstance) {
            LwM2mResourceInstance one = (LwM2mResourceInstance) node;
            out.put("kind", "resourceInstance").put("id", one.getId());
            out.put("type", one.getType().toString()).set("value", json(one.getValue()));
        }
        return out;
    }

    private static JsonNode json(Object value) {
        if (value instanceof Date)
            return JSON.getNodeFactory().numberNode(((Date) value).getTime() / 1000);
        if (value instanceof byte[])
            return JSON.getNodeFactory().textNode(new String(Hex.encodeHex((byte[]) value)));
        if (value instanceof Long || value instanceof Double || value instanceof Boolean)
            return JSON.valueToTree(value);
        return JSON.getNodeFactory().textNode(String.valueOf(value));
    }

    // One row per resource: path, time in seconds (absent if the record had
    // none) and value. Objects and instances are taken apart.
    private static void flatten(ArrayNode rows, Instant at, LwM2mPath path, LwM2mNode node) {
        if (node instanceof LwM2mObject) {
            ((LwM2mObject) node).getInstances().values()
                .forEach(i -> flatten(rows, at, path.append(i.getId()), i));
            return;
        }
        if (node instanceof LwM2mObjectInstance) {
            ((LwM2mObjectInstance) node).getResources().values()
                .forEach(i -> flatten(rows, at, path.append(i.getId()), i));
            return;
        }
        ObjectNode row = rows.addObject().put("path", path.toString());
        if (at != null)
            row.put("time", at.getEpochSecond() + at.getNano() / 1e9);
        JsonNode n = json(node);
        row.set("value", n.has("value") ? n.get("value") : n.get("values"));
    }

    // ---- events -----------------------------------------------------------------

    private final class Registrations implements RegistrationListener {
        public void registered(Registration r, Registration before, Collection<Observation> lost) {
            tell("REGISTRATION", json(r));
        }

        public void updated(RegistrationUpdate update, Registration r, Registration before) {
            tell("UPDATED", json(r));
        }

        public void unregistered(Registration r, Collection<Observation> lost, boolean expired,
                                 Registration now) {
            tell("DEREGISTRATION", json(r).put("expired", expired).put("replaced", now != null));
        }
    }

    private final class Sends implements SendListener {
        public void dataReceived(Registration r, TimestampedLwM2mNodes data, SendRequest request) {
            ObjectNode out = JSON.createObjectNode().put("ep", r.getEndpoint());
            ArrayNode rows = out.putArray("records");
            for (Instant at : data.getTimestamps())
                data.getNodesAt(at).forEach((path, node) -> flatten(rows, at, path, node));
            tell("SEND", out);
        }

        public void onError(Registration r, String message, Exception error) {
            tell("SENDERROR", JSON.createObjectNode()
                .put("ep", r == null ? "" : r.getEndpoint()).put("error", message + ": " + error));
        }
    }

    private final class Observations implements ObservationListener {
        public void newObservation(Observation o, Registration r) {
            tell("OBSERVED", JSON.createObjectNode().put("ep", r.getEndpoint()));
        }

        public void cancelled(Observation o) {
        }

        public void onResponse(SingleObservation o, Registration r, ObserveResponse response) {
            ObjectNode out = JSON.createObjectNode().put("ep", r.getEndpoint());
            out.put("res", o.getPath().toString()).put("kind", "single");
            ArrayNode rows = out.putArray("records");
            List<TimestampedLwM2mNode> many = response.getTimestampedLwM2mNodes();
            if (many != null && !many.isEmpty())
                many.forEach(t -> flatten(rows, t.getTimestamp(), o.getPath(), t.getNode()));
            else if (response.getTimestampedLwM2mNode() != null)
                flatten(rows, response.getTimestampedLwM2mNode().getTimestamp(), o.getPath(),
                    response.getTimestampedLwM2mNode().getNode());
            else
                flatten(rows, null, o.getPath(), response.getContent());
            tell("NOTIFICATION", out);
        }

        public void onResponse(CompositeObservation o, Registration r,
                               ObserveCompositeResponse response) {
            ObjectNode out = JSON.createObjectNode().put("ep", r.getEndpoint());
            out.put("kind", "composite");
            ArrayNode rows = out.putArray("records");
            response.getContent().forEach((path, node) -> flatten(rows, null, path, node));
            tell("NOTIFICATION", out);
        }

        public void onError(Observation o, Registration r, Exception error) {
            tell("NOTIFICATIONERROR", JSON.createObjectNode()
                .put("ep", r == null ? "" : r.getEndpoint()).put("error", String.valueOf(error)));
        }
    }
}
