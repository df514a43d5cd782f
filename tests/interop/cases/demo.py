# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo tells its story to the end."""
import os
import sys

from lib.coap import coap_client
from lib.peer import check, run


def case_demo(env):
    """Every reading and command of tests/demo arrives, by DTLS and by OSCORE,
    and no reading can be read on the way."""
    env.need("mosquitto_pub", "mosquitto_sub")
    coap_client()  # raises Missing
    code, out, error = run(
        [sys.executable, os.path.join(env.sources, "tests", "demo",
                                      "story.py"), "--build", env.build], 90)
    check(code == 0, f"it ended with {code}: {out[-500:]}{error[-2000:]}")
    for word in ("DTLS, Send", "OSCORE, Send", "8 arrived protected"):
        check(word in out, f"there is no {word!r} in it")
