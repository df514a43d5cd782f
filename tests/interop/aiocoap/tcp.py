# SPDX-License-Identifier: GPL-3.0-or-later
"""A small LwM2M server on aiocoap's CoAP over TCP: takes Registers, then reads
and observes what its arguments say, over the connection that came in. Tells
what it sees as JSON lines. Runs as a program: tcp.py PORT READ
OBSERVE."""
import asyncio
import json
import sys

import aiocoap
from aiocoap import resource
from aiocoap.numbers import codes


def tell(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Registrations(resource.Resource):
    """/rd, and below it the one location that it gives."""

    def __init__(self, read, observe):
        super().__init__()
        self.read, self.observe = read, observe
        self.context, self.tasks = None, []

    async def render_post(self, request):
        tell("register", query=list(request.opt.uri_query),
             bytes=len(request.payload))
        self.tasks.append(asyncio.create_task(self.ask(request.remote)))
        answer = aiocoap.Message(code=codes.CREATED)
        answer.opt.location_path = ("rd", "1")
        return answer

    async def ask(self, remote):
        await asyncio.sleep(0)  # the answer leaves first
        get = aiocoap.Message(code=codes.GET,
                              uri_path=self.read.strip("/").split("/"))
        get.remote = remote
        got = await self.context.request(get).response
        tell("read", code=str(got.code), bytes=len(got.payload))
        get = aiocoap.Message(code=codes.GET, observe=0,
                              uri_path=self.observe.strip("/").split("/"))
        get.remote = remote
        request = self.context.request(get)
        got = await request.response
        tell("observe", code=str(got.code), text=got.payload.hex())
        async for each in request.observation:
            tell("notify", code=str(each.code), text=each.payload.hex())


class Location(resource.Resource):
    async def render_post(self, request):
        tell("update")
        return aiocoap.Message(code=codes.CHANGED)

    async def render_delete(self, request):
        tell("deregister")
        return aiocoap.Message(code=codes.DELETED)


class Send(resource.Resource):
    async def render_post(self, request):
        tell("send", bytes=len(request.payload))
        return aiocoap.Message(code=codes.CHANGED)


async def main():
    site = resource.Site()
    registrations = Registrations(sys.argv[2], sys.argv[3])
    site.add_resource(["rd"], registrations)
    site.add_resource(["rd", "1"], Location())
    site.add_resource(["dp"], Send())
    context = await aiocoap.Context.create_server_context(
        site, bind=("127.0.0.1", int(sys.argv[1])), transports=["tcpserver"])
    registrations.context = context
    tell("ready")
    await asyncio.get_running_loop().create_future()


asyncio.run(main())
