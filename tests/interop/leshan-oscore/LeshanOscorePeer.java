// SPDX-License-Identifier: GPL-3.0-or-later
// LeshanOscorePeer: Leshan's LwM2M server with OSCORE on its CoAP endpoint.
// Tells what happens as lines of JSON, takes lines as `read /3303/0/5700`,
// `observe PATH`, `write PATH TEXT`, `execute PATH`.
//
// LeshanOscorePeer PORT ENDPOINT SECRET CLIENT_ID SERVER_ID   (hexadecimal)

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Collection;
import java.util.Map;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.cose.AlgorithmID;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.oscore.HashMapCtxDB;
import org.eclipse.californium.oscore.OSCoreCtx;
import org.eclipse.californium.oscore.OSException;
import org.eclipse.leshan.core.endpoint.EndpointUriUtil;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.node.LwM2mNode;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.node.TimestampedLwM2mNodes;
import org.eclipse.leshan.core.observation.CompositeObservation;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.observation.SingleObservation;
import org.eclipse.leshan.core.oscore.OscoreSetting;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.ExecuteRequest;
import org.eclipse.leshan.core.request.ObserveRequest;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.request.SendRequest;
import org.eclipse.leshan.core.request.WriteRequest;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.core.response.ObserveCompositeResponse;
import org.eclipse.leshan.core.response.ObserveResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.core.util.Hex;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.californium.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.server.californium.endpoint.coap.CoapOscoreServerEndpointFactory;
import org.eclipse.leshan.server.californium.endpoint.coap.CoapServerProtocolProvider;
import org.eclipse.leshan.server.observation.LwM2mNotificationReceiver;
import org.eclipse.leshan.server.observation.ObservationListener;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.server.security.InMemorySecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;
import org.eclipse.leshan.server.send.SendListener;

public final class LeshanOscorePeer {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static byte[] hex(String text) {
        return Hex.decodeHex(text.toCharArray());
    }

    private static synchronized void tell(String event, String... more) {
        ObjectNode line = JSON.createObjectNode().put("event", event);
        for (int i = 0; i + 1 < more.length; i += 2)
            line.put(more[i], more[i + 1]);
        System.out.println(line);
    }

    private static String text(LwM2mNode node) {
        return node instanceof LwM2mSingleResource
            ? String.valueOf(((LwM2mSingleResource) node).getValue()) : String.valueOf(node);
    }

    public static void main(String[] args) throws Exception {
        InetSocketAddress at =
            new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0]));
        String endpoint = args[1];
        InMemorySecurityStore security = new InMemorySecurityStore();
        security.add(SecurityInfo.newOscoreInfo(endpoint, new OscoreSetting(
            hex(args[4]), hex(args[3]), hex(args[2]))));
        CaliforniumServerEndpointsProvider.Builder endpoints =
            new CaliforniumServerEndpointsProvider.Builder(new CoapServerProtocolProvider());
        endpoints.addEndpoint(new WithRederivation(
            EndpointUriUtil.createUri(Protocol.COAP.getUriScheme(), at),
            hex(args[2]), hex(args[3]), hex(args[4])));
        LeshanServerBuilder builder = new LeshanServerBuilder();
        builder.setSecurityStore(security);
        builder.setEndpointsProviders(endpoints.build());
        LeshanServer server = builder.build();
        server.getRegistrationService().addListener(new Registrations());
        server.getObservationService().addListener(new Observations());
        server.getSendService().addListener(new Sends());
        server.start();
        tell("ready");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine())
            try {
                run(server, endpoint, line.trim().split(" ", 3));
            } catch (Exception e) {
                tell("failed", "line", line, "why", e.toString());
            }
        server.destroy();
    }

    // This Leshan's own table of contexts refuses a kid context, so RFC 8613 B.2
    // never begins; Californium's does not. There is one client, whatever the
    // address that it has now.
    private static final class OneClient extends HashMapCtxDB {
        private final byte[] client;

        OneClient(byte[] client) {
            this.client = client;
        }

        @Override
        public synchronized OSCoreCtx getContext(String uri) {
            return getContext(client);
        }
    }

    private static final class WithRederivation extends CoapOscoreServerEndpointFactory {
        private final HashMapCtxDB contexts;

        WithRederivation(URI uri, byte[] secret, byte[] client, byte[] server)
            throws OSException {
            super(uri);
            contexts = new OneClient(client);
            OSCoreCtx context = new OSCoreCtx(secret, false, AlgorithmID.AES_CCM_16_64_128,
                server, client, AlgorithmID.HKDF_HMAC_SHA_256, 32, null, null, 1000);
            context.setContextRederivationEnabled(true);
            contexts.addContext(context);
        }

        @Override
        protected CoapEndpoint.Builder createEndpointBuilder(InetSocketAddress address,
            Configuration configuration, LwM2mNotificationReceiver receiver,
            LeshanServer server) {
            return super.createEndpointBuilder(address, configuration, receiver, server)
                .setCustomCoapStackArgument(contexts);
        }
    }

    private static void run(LeshanServer server, String endpoint, String[] words)
        throws Exception {
        Registration who = server.getRegistrationService().getByEndpoint(endpoint);
        LwM2mPath path = new LwM2mPath(words[1]);
        LwM2mResponse got;
        switch (words[0]) {
        case "read":
            got = server.send(who, new ReadRequest(ContentFormat.TEXT, words[1]), 20000);
            break;
        case "observe":
            got = server.send(who, new ObserveRequest(ContentFormat.SENML_JSON, words[1]), 20000);
            break;
        case "write":
            got = server.send(who, write(path, words[2]), 20000);
            break;
        default:
            got = server.send(who, new ExecuteRequest(words[1]), 20000);
        }
        LwM2mNode node = got instanceof ReadResponse ? ((ReadResponse) got).getContent() : null;
        tell("answer", "path", words[1], "code",
             got == null ? "none" : dotted(got.getCode().getCode()),
             "payload", node == null ? "" : text(node));
    }

    // A switch or a text: no other kind of resource is written here.
    private static WriteRequest write(LwM2mPath path, String text) {
        if (text.equals("true") || text.equals("false"))
            return new WriteRequest(ContentFormat.TEXT, path.getObjectId(),
                path.getObjectInstanceId(), path.getResourceId(), Boolean.parseBoolean(text));
        return new WriteRequest(ContentFormat.TEXT, path.getObjectId(),
            path.getObjectInstanceId(), path.getResourceId(), text);
    }

    private static String dotted(int code) {
        return code / 100 + "." + String.format("%02d", code % 100);
    }

    private static final class Registrations implements RegistrationListener {
        @Override
        public void registered(Registration r, Registration before,
                               Collection<Observation> lost) {
            tell("registered", "endpoint", r.getEndpoint(), "peer",
                 String.valueOf(r.getClientTransportData().getIdentity()));
        }

        @Override
        public void updated(RegistrationUpdate update, Registration now, Registration before) {
            tell("updated", "endpoint", now.getEndpoint());
        }

        @Override
        public void unregistered(Registration r, Collection<Observation> lost, boolean expired,
                                 Registration next) {
            tell("unregistered", "endpoint", r.getEndpoint());
        }
    }

    private static final class Observations implements ObservationListener {
        @Override
        public void newObservation(Observation o, Registration r) {
        }

        @Override
        public void cancelled(Observation o) {
        }

        @Override
        public void onResponse(SingleObservation o, Registration r, ObserveResponse got) {
            tell("notification", "path", o.getPath().toString(), "payload",
                 text(got.getContent()));
        }

        @Override
        public void onResponse(CompositeObservation o, Registration r,
                               ObserveCompositeResponse got) {
            // What Leshan takes every observation for under OSCORE, whose outer
            // code is FETCH; so it understands SenML only.
            for (Map.Entry<LwM2mPath, LwM2mNode> e : got.getContent().entrySet())
                tell("notification", "path", e.getKey().toString(), "payload",
                     text(e.getValue()));
        }

        @Override
        public void onError(Observation o, Registration r, Exception e) {
            tell("failed", "why", e.toString());
        }
    }

    private static final class Sends implements SendListener {
        @Override
        public void dataReceived(Registration r, TimestampedLwM2mNodes data, SendRequest q) {
            for (Map.Entry<LwM2mPath, LwM2mNode> e : data.getNodes().entrySet())
                tell("send", "path", e.getKey().toString(), "payload", text(e.getValue()));
        }

        @Override
        public void onError(Registration r, String why, Exception e) {
            tell("failed", "why", why);
        }
    }
}
