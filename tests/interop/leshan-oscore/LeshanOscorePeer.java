// SPDX-License-Identifier: GPL-3.0-or-later
// LeshanOscorePeer: Leshan's LwM2M server with OSCORE on its CoAP endpoint.
// Tells what happens as lines of JSON, takes lines as `read /3303/0/5700`,
// `observe PATH`, `write PATH TEXT`, `execute PATH`, which are for ENDPOINT or who
// was named last by `as ENDPOINT`; `client ENDPOINT SECRET CLIENT_ID SERVER_ID`
// lets another one in, or gives it new keys.
//
// LeshanOscorePeer PORT [ENDPOINT SECRET CLIENT_ID SERVER_ID]   (hexadecimal)

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.Map;
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
import org.eclipse.leshan.server.californium.endpoint.coap.CoapServerProtocolProvider;
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
        String endpoint = args.length > 1 ? args[1] : "";
        InMemorySecurityStore security = new InMemorySecurityStore();
        if (args.length > 1)
            letIn(security, args);
        CaliforniumServerEndpointsProvider.Builder endpoints =
            new CaliforniumServerEndpointsProvider.Builder(new CoapServerProtocolProvider());
        endpoints.addEndpoint(new Rederivation.Server(
            EndpointUriUtil.createUri(Protocol.COAP.getUriScheme(), at)));
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
                String[] words = line.trim().split(" ");
                if (words[0].equals("as"))
                    endpoint = words[1];
                else if (words[0].equals("client"))
                    letIn(security, words);
                else
                    run(server, endpoint, words);
                if (words[0].equals("as") || words[0].equals("client"))
                    tell("answer");
            } catch (Exception e) {
                tell("failed", "line", line, "why", e.toString());
            }
        server.destroy();
    }

    // A word, then ENDPOINT SECRET CLIENT_ID SERVER_ID.
    private static void letIn(InMemorySecurityStore security, String[] words)
        throws Exception {
        security.remove(words[1], false);
        security.add(SecurityInfo.newOscoreInfo(words[1], new OscoreSetting(
            hex(words[4]), hex(words[3]), hex(words[2]))));
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
                tell("send", "endpoint", r.getEndpoint(), "path", e.getKey().toString(), "payload", text(e.getValue()));
        }

        @Override
        public void onError(Registration r, String why, Exception e) {
            tell("failed", "why", why);
        }
    }
}
