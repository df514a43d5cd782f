// SPDX-License-Identifier: GPL-3.0-or-later
// LeshanClientPeer: Leshan's own LwM2M client, steered by lines on stdin.
//
// It stands in for the gateway where the harness itself is under test: what
// the wrappers expect of a server can be tried with a client that is right.
//
// LeshanClientPeer ENDPOINT URI IDENTITY HEXKEY MODELS
//   set RESOURCE VALUE   changes /3303/0/RESOURCE (a float) and tells observers
//   send                 sends /3303/0/5700 by the Send operation
//   quit                 de-registers and ends
// It prints "write /3306/0/5850 VALUE" and "execute /3303/0/5605".

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.leshan.client.LeshanClient;
import org.eclipse.leshan.client.LeshanClientBuilder;
import org.eclipse.leshan.client.object.Device;
import org.eclipse.leshan.client.object.Security;
import org.eclipse.leshan.client.object.Server;
import org.eclipse.leshan.client.resource.BaseInstanceEnabler;
import org.eclipse.leshan.client.resource.ObjectsInitializer;
import org.eclipse.leshan.client.servers.LwM2mServer;
import org.eclipse.leshan.core.LwM2mId;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.model.StaticModel;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.argument.Arguments;
import org.eclipse.leshan.core.response.ExecuteResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.core.response.WriteResponse;
import org.eclipse.leshan.core.util.Hex;
import org.eclipse.leshan.transport.californium.client.endpoint.CaliforniumClientEndpointsProvider;
import org.eclipse.leshan.transport.californium.client.endpoint.coap.CoapClientProtocolProvider;
import org.eclipse.leshan.transport.californium.client.endpoint.coaps.CoapsClientProtocolProvider;

public final class LeshanClientPeer {
    private static final class Plain extends BaseInstanceEnabler {
        private final int object;
        private final Map<Integer, Object> values = new ConcurrentHashMap<>();

        Plain(int object, int resource, Object value) {
            super(0);
            this.object = object;
            values.put(resource, value);
        }

        @Override
        public ReadResponse read(LwM2mServer server, int id) {
            Object v = values.get(id);
            if (v == null)
                return ReadResponse.notFound();
            return v instanceof Boolean ? ReadResponse.success(id, (Boolean) v)
                                        : ReadResponse.success(id, (Double) v);
        }

        @Override
        public WriteResponse write(LwM2mServer server, boolean replace, int id, LwM2mResource v) {
            values.put(id, v.getValue());
            System.out.println("write /" + object + "/0/" + id + " " + v.getValue());
            return WriteResponse.success();
        }

        @Override
        public ExecuteResponse execute(LwM2mServer server, int id, Arguments arguments) {
            System.out.println("execute /" + object + "/0/" + id);
            return ExecuteResponse.success();
        }

        @Override
        public List<Integer> getAvailableResourceIds(ObjectModel model) {
            List<Integer> all = new java.util.ArrayList<>(values.keySet());
            if (object == 3303)
                all.add(5605);
            return all;
        }
    }

    public static void main(String[] args) throws Exception {
        List<ObjectModel> models = ObjectLoader.loadDefault();
        models.addAll(ObjectLoader.loadObjectsFromDir(new File(args[4]), true));
        ObjectsInitializer objects = new ObjectsInitializer(new StaticModel(models));
        Plain temperature = new Plain(3303, 5700, 0.0);
        byte[] identity = args[2].getBytes(StandardCharsets.UTF_8);
        objects.setInstancesForObject(LwM2mId.SECURITY, args[1].startsWith("coaps")
            ? Security.psk(args[1], 1, identity, Hex.decodeHex(args[3].toCharArray()))
            : Security.noSec(args[1], 1));
        objects.setInstancesForObject(LwM2mId.SERVER, new Server(1, 300));
        objects.setInstancesForObject(LwM2mId.DEVICE, new Device("Stand-in", "1", "1"));
        objects.setFactoryForObject(3303, (model, id, used) -> temperature);
        objects.setFactoryForObject(3306, (model, id, used) -> new Plain(3306, 5850, false));
        objects.setInstancesForObject(3303, temperature);
        objects.setInstancesForObject(3306, new Plain(3306, 5850, false));

        LeshanClientBuilder builder = new LeshanClientBuilder(args[0]);
        builder.setObjects(objects.createAll());
        builder.setEndpointsProviders(new CaliforniumClientEndpointsProvider.Builder(
            new CoapClientProtocolProvider(), new CoapsClientProtocolProvider()).build());
        LeshanClient client = builder.build();
        client.start();
        System.out.println("ready");

        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null && !line.equals("quit");) {
            String[] words = line.split(" ");
            if (words[0].equals("set")) {
                temperature.values.put(Integer.parseInt(words[1]), Double.parseDouble(words[2]));
                temperature.fireResourceChange(Integer.parseInt(words[1]));
            } else if (words[0].equals("send")) {
                LwM2mServer to = client.getRegisteredServers().values().iterator().next();
                System.out.println("sent " + client.getSendService().sendData(to,
                    ContentFormat.SENML_CBOR, Arrays.asList("/3303/0/5700"), 5000).getCode());
            }
        }
        client.destroy(true);
    }
}
