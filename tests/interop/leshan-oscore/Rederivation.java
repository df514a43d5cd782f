// SPDX-License-Identifier: GPL-3.0-or-later
// Rederivation: OSCORE contexts for Leshan that RFC 8613 B.2 can begin with.
// Leshan's own table of contexts refuses a kid context, Californium's does not;
// so this is Californium's, filled from Leshan's store of keys.

import java.net.InetSocketAddress;
import java.net.URI;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.cose.AlgorithmID;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.oscore.CoapOSException;
import org.eclipse.californium.oscore.HashMapCtxDB;
import org.eclipse.californium.oscore.OSCoreCtx;
import org.eclipse.californium.oscore.OSException;
import org.eclipse.leshan.core.californium.oscore.cf.OscoreParameters;
import org.eclipse.leshan.core.californium.oscore.cf.OscoreStore;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServer;
import org.eclipse.leshan.server.californium.bootstrap.LwM2mBootstrapOscoreStore;
import org.eclipse.leshan.server.californium.bootstrap.OscoreBootstrapListener;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.coap.CoapOscoreBootstrapServerEndpointFactory;
import org.eclipse.leshan.server.californium.endpoint.coap.CoapOscoreServerEndpointFactory;
import org.eclipse.leshan.server.californium.LwM2mOscoreStore;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.observation.LwM2mNotificationReceiver;

final class Rederivation {
    private Rederivation() {
    }

    private static final class Contexts extends HashMapCtxDB {
        private final OscoreStore store;

        Contexts(OscoreStore store) {
            this.store = store;
        }

        @Override
        public synchronized OSCoreCtx getContext(byte[] client, byte[] idContext)
            throws CoapOSException {
            OSCoreCtx known = super.getContext(client, idContext);
            return known != null ? known : getContext(client);
        }

        // Keys that were replaced go on until the client has the new ones; with
        // them it cannot register any more, which Leshan sees to.
        @Override
        public synchronized OSCoreCtx getContext(byte[] client) {
            OSCoreCtx known = super.getContext(client);
            OscoreParameters p = known == null ? store.getOscoreParameters(client) : null;
            if (p == null)
                return known;
            try {
                known = new OSCoreCtx(p.getMasterSecret(), false, AlgorithmID.AES_CCM_16_64_128,
                    p.getSenderId(), p.getRecipientId(), AlgorithmID.HKDF_HMAC_SHA_256, 32, null,
                    null, 1000);
            } catch (OSException e) {
                throw new IllegalStateException(e);
            }
            known.setContextRederivationEnabled(true);
            addContext(known);
            return known;
        }

        // Whose address this is now, the store knows of the session.
        @Override
        public synchronized OSCoreCtx getContext(String uri) {
            byte[] client = store.getRecipientId(uri);
            return client == null ? null : getContext(client);
        }
    }

    static final class Bootstrap extends CoapOscoreBootstrapServerEndpointFactory {
        Bootstrap(URI uri) {
            super(uri);
        }

        @Override
        protected CoapEndpoint.Builder createEndpointBuilder(InetSocketAddress address,
            Configuration configuration, LeshanBootstrapServer server) {
            OscoreBootstrapListener sessions = new OscoreBootstrapListener();
            server.addListener(sessions);
            return super.createEndpointBuilder(address, configuration, server)
                .setCustomCoapStackArgument(new Contexts(
                    new LwM2mBootstrapOscoreStore(server.getSecurityStore(), sessions)));
        }
    }

    static final class Server extends CoapOscoreServerEndpointFactory {
        Server(URI uri) {
            super(uri);
        }

        @Override
        protected CoapEndpoint.Builder createEndpointBuilder(InetSocketAddress address,
            Configuration configuration, LwM2mNotificationReceiver receiver,
            LeshanServer server) {
            return super.createEndpointBuilder(address, configuration, receiver, server)
                .setCustomCoapStackArgument(new Contexts(new LwM2mOscoreStore(
                    server.getSecurityStore(), server.getRegistrationStore())));
        }
    }
}
