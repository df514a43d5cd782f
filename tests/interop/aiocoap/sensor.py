# SPDX-License-Identifier: GPL-3.0-or-later
"""A CoAP sensor on aiocoap: asks what there is, posts one reading, registers
itself, observes the resource of its commands and tells each as a line.

    sensor.py URI ADDRESS      its own address"""
import asyncio
import sys

import aiocoap


async def ask(context, code, uri, payload=b"", **options):
    """One request, again with the Echo if the server wants to see one."""
    echo = None
    for _ in range(2):
        message = aiocoap.Message(code=code, uri=uri, payload=payload,
                                  **options)
        if echo is not None:
            message.opt.echo = echo
        request = context.request(message)
        response = await request.response
        if response.code != aiocoap.UNAUTHORIZED or response.opt.echo is None:
            break
        echo = response.opt.echo
    return request, response


async def main(uri, address):
    context = await aiocoap.Context.create_server_context(
        None, bind=("::ffff:" + address, 0), transports=["udp6"])
    _, links = await ask(context, aiocoap.GET, uri + "/.well-known/core")
    print("links", links.code, links.payload.decode(), flush=True)
    _, posted = await ask(context, aiocoap.POST, uri + "/temp", b"8.5")
    print("posted", posted.code, flush=True)
    _, there = await ask(context, aiocoap.POST, uri + "/rd?ep=cellar&lt=600",
                         b"</temp>;ct=0", content_format=40)
    print("registered", there.code, "/".join(there.opt.location_path),
          flush=True)
    request, first = await ask(context, aiocoap.GET, uri + "/relay", observe=0)
    if not first.code.is_successful() or first.opt.observe is None:
        raise SystemExit(f"not observed: {first.code}")
    print("observing", flush=True)
    async for message in request.observation:
        print("command", message.payload.decode(), flush=True)


asyncio.run(main(sys.argv[1], sys.argv[2]))
