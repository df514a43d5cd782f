# SPDX-License-Identifier: GPL-3.0-or-later
"""aiocoap as a server that speaks OSCORE, in a virtual environment of its own
that get-aiocoap makes. The program is aiocoap/server.py."""
import json
import os

from . import net
from .peer import Missing, run
from .talker import Talker

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def python():
    """The interpreter that knows aiocoap; fetches it if needed."""
    where = os.environ.get("SALLYPORT_AIOCOAP_DIR",
                           os.path.join(HERE, "..", "..", ".deps", "aiocoap"))
    code, _, why = run([os.path.join(HERE, "get-aiocoap"), where], 300)
    if code != 0:
        raise Missing(why.strip().splitlines()[-1] if why else "get-aiocoap")
    return os.path.join(os.path.abspath(where), "bin", "python")


class Aiocoap(Talker):
    """`keys` is the account's own group `oscore` with the secret in it, so
    the identifiers are the client's side."""

    def __init__(self, directory, keys, name="aiocoap", tcp=False):
        self.port = net.free_tcp_port() if tcp else net.free_port()
        self.context = os.path.join(directory, name + ".context")
        os.makedirs(self.context)
        with open(os.path.join(self.context, "settings.json"), "w",
                  encoding="utf-8") as f:
            json.dump({"sender-id_hex": keys["recipient_id"],
                       "recipient-id_hex": keys["sender_id"],
                       "secret_hex": keys["secret"],
                       **({"salt_hex": keys["salt"]} if "salt" in keys
                          else {}),
                       "algorithm": keys.get("aead", "AES-CCM-16-64-128"),
                       "kdf-hashfun": "sha256"}, f)
        super().__init__(name, [
            python(), os.path.join(HERE, "aiocoap", "server.py"),
            str(self.port), self.context, *["tcp"] * tcp], directory)
