# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of an LwM2M server as shows that OSCORE holds, on aiocoap: it takes
a Register, Updates and Sends only if they are protected, and asks its client
back under the same keys, with the roles reversed.

    server.py PORT DIRECTORY [tcp]

DIRECTORY holds aiocoap's settings.json of the context. Tells what happens as
lines of JSON; takes lines as `read /3303/0/5700`, `observe PATH`, `cancel
PATH`, `write PATH TEXT`, `execute PATH`."""
import asyncio
import json
import sys

import aiocoap
import aiocoap.credentials
import aiocoap.oscore_sitewrapper
import aiocoap.resource
from aiocoap.transports.oscore import OSCOREAddress

def tell(what, **more):
    print(json.dumps({"event": what, **more}), flush=True)


class Uplink(aiocoap.resource.Resource):
    """What a client asks for at one path."""

    remote = None  # of the client once it registered; shared by all paths

    def __init__(self, path):
        super().__init__()
        self.path = path

    async def render(self, request):
        if not isinstance(request.remote, OSCOREAddress):
            tell("plain", path=self.path)
            return aiocoap.Message(code=aiocoap.UNAUTHORIZED)
        tell("request", path=self.path, code=str(request.code),
             query=list(request.opt.uri_query), payload=request.payload.hex())
        if self.path != "/rd" and Uplink.remote is None:
            return aiocoap.Message(code=aiocoap.NOT_FOUND)
        Uplink.remote = request.remote
        if self.path == "/rd":
            return aiocoap.Message(code=aiocoap.CREATED,
                                   location_path=("rd", "one"))
        if request.code == aiocoap.DELETE:
            return aiocoap.Message(code=aiocoap.DELETED)
        return aiocoap.Message(code=aiocoap.CHANGED)


class Downlink:
    def __init__(self, context):
        self.context, self.observed = context, {}

    async def run(self, line):
        verb, path, *rest = line.rstrip("\n").split(maxsplit=2)
        code = {"read": aiocoap.GET, "observe": aiocoap.GET,
                "cancel": aiocoap.GET, "write": aiocoap.PUT,
                "execute": aiocoap.POST}[verb]
        message = aiocoap.Message(code=code, payload="".join(rest).encode())
        message.opt.uri_path = path.strip("/").split("/")
        if verb == "write":
            message.opt.content_format = 0
        elif code == aiocoap.GET:
            message.opt.accept = 0
        if verb == "cancel":
            self.observed.pop(path).observation.cancel()
            tell("cancelled", path=path)
            return
        if verb == "observe":
            message.opt.observe = 0
        message.remote = Uplink.remote
        request = self.context.request(message)
        if verb == "observe":
            self.observed[path] = request
            asyncio.ensure_future(self.follow(path, request))
        answer = await asyncio.wait_for(request.response, 60)
        tell("answer", path=path, code=str(answer.code.dotted),
             payload=answer.payload.decode("latin-1"),
             protected=isinstance(answer.remote, OSCOREAddress))

    async def follow(self, path, request):
        try:
            async for notification in request.observation:
                tell("notification", path=path,
                     payload=notification.payload.decode("latin-1"))
        except aiocoap.error.ObservationCancelled:
            pass


async def main(port, directory, transport=None):
    known = aiocoap.credentials.CredentialsMap()
    known.load_from_dict({":sensor": {"oscore": {"basedir": directory}}})
    site = aiocoap.resource.Site()
    for path in ("/rd", "/rd/one", "/dp"):
        site.add_resource(path.strip("/").split("/"), Uplink(path))
    wrapped = aiocoap.oscore_sitewrapper.OscoreSiteWrapper(site, known)
    context = await aiocoap.Context.create_server_context(
        wrapped, bind=("127.0.0.1", port),
        transports=["tcpserver", "oscore"] if transport == "tcp" else None)
    downlink = Downlink(context)
    tell("ready")
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        try:
            await downlink.run(line.decode())
        except Exception as e:  # told, so that the case can fail on it
            tell("failed", line=line.decode(), why=repr(e))


asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
