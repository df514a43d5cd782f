# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that know DTLS but nothing of LwM2M: what do they get to see?"""
import os
import secrets

from . import coap, net
from .peer import Failed, check, run, wait_until


def wait_register_at_openssl(env, endpoint, key, start):
    """Lets `start(uri)` start a client against OpenSSL's DTLS server, and
    checks what was decrypted: a Register of `endpoint`. Returns its parts."""
    env.need("openssl")
    port = net.free_port()
    seen = os.path.join(env.directory, "decrypted")
    server = env.peer("openssl", [
        "sh", "-c", 'exec openssl s_server -dtls1_2 -nocert '
        '-psk_identity "$1" -psk "$2" -cipher PSK-AES128-CCM8 '
        '-accept "127.0.0.1:$3" -quiet >"$4"', "sh", endpoint, key,
        str(port), seen])
    server.start()
    wait_until("OpenSSL's port", lambda: udp_port_bound(port))
    start(f"coaps://127.0.0.1:{port}")
    wait_until("decrypted bytes", lambda: os.path.getsize(seen) > 0, 20)
    with open(seen, "rb") as f:
        message = coap.decode(f.read())
    check(message is not None, "what was decrypted is no CoAP message")
    _, code, _, _, options, payload = message
    paths = [v.decode() for n, v in options if n == coap.URI_PATH]
    queries = [v.decode() for n, v in options if n == coap.URI_QUERY]
    check(code == coap.POST and paths == ["rd"],
          f"the first request is {coap.code_text(code)} {paths}, no Register")
    check(f"ep={endpoint}" in queries, f"no ep={endpoint} in {queries}")
    check(any(q.startswith("lwm2m=1.") for q in queries),
          f"no lwm2m= in {queries}")
    check((coap.CONTENT_FORMAT, b"\x28") in options,
          "the Register's content format is not 40")
    return queries, payload


def udp_port_bound(port):
    """True if some process is bound to this UDP port on this machine."""
    with open("/proc/net/udp", encoding="ascii") as f:
        return any(line.split()[1].endswith(f":{port:04X}")
                   for line in f.readlines()[1:])


def tcp_port_open(port):
    """True if somebody listens there on this machine."""
    with open("/proc/net/tcp", encoding="ascii") as f:
        return any(row.split()[1].endswith(f":{port:04X}") and
                   row.split()[3] == "0A" for row in f.readlines()[1:])


def wait_register_at_rd(env, endpoint, start):
    """Lets `start(uri, key in hexadecimal)` start a client against libcoap's
    resource directory over DTLS-PSK: it must see the endpoint register and
    then list one entry (which does not tell the endpoint's name)."""
    env.need("coap-rd-gnutls")
    port = net.free_pair()
    secret = secrets.token_hex(8)  # 16 characters are the key's 16 bytes
    server = env.peer("coap-rd", ["coap-rd-gnutls", "-A", "127.0.0.1", "-p",
                                  str(port), "-k", secret, "-h", "hint",
                                  "-v", "7"])
    server.start()
    wait_until("coap-rd's ports", lambda: udp_port_bound(port + 1))
    start(f"coaps://127.0.0.1:{port + 1}", secret.encode().hex())

    server.wait_line(lambda line: "c:POST" in line
                     and f"Uri-Query:ep={endpoint}" in line, 20)

    def listed():
        code, out, error = run([coap.coap_client(), "-m", "get", "-B", "3",
                                f"coap://127.0.0.1:{port}/.well-known/core"])
        if code != 0:
            raise Failed(f"coap-client: {error}")
        return out if "</rd/" in out else None
    return wait_until("an entry in coap-rd's list", listed, 10, 0.5)
