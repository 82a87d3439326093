"""Version 2 of the Python SDK as a client. Arguments: the mode (auto, legacy), the URL, the token, the server's id.

Does everything that a client can, and prints what it saw as one JSON object.
"""

import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitResult

mode, url, token, server = sys.argv[1:]
progress: list[float] = []


async def elicit(context, params):
    return ElicitResult(action="accept", content={"name": "Ada"})


async def on_progress(value, total, message):
    progress.append(value)


def text(result):
    return "error" if result.is_error else result.content[0].text


async def main():
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode, elicitation_callback=elicit) as client:
            return await use(client)


async def use(client):
    tools = [tool.name for tool in (await client.list_tools()).tools]
    uris = [str(resource.uri) for resource in (await client.list_resources()).resources]
    prompt = await client.get_prompt(f"{server}__review", {"code": "x = 1"})
    counted = await client.call_tool(f"{server}__count", {"steps": 3}, progress_callback=on_progress)
    return {
        "revision": client.protocol_version,
        "tools": sorted(tools),
        "add": text(await client.call_tool(f"{server}__add", {"a": 2, "b": 3})),
        "count": text(counted),
        "greet": text(await client.call_tool(f"{server}__greet", {})),
        "uris": sorted(uris),
        "today": (await client.read_resource(f"{server}+notes://today")).contents[0].text,
        "prompt": prompt.messages[0].content.text,
        "progress": progress,
    }


print(json.dumps(asyncio.run(main())))
