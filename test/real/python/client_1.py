"""Version 1 of the Python SDK as a client. Arguments: http or sse, the URL, the token, the id of the server.

Does everything that a client can, and prints what it saw as one JSON object.
"""

import asyncio
import json
import sys

import httpx
from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import McpError
from mcp.types import CreateMessageResult, ElicitResult, TextContent

kind, url, token, server = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"}
progress: list[float] = []
logged: list[str] = []


async def elicit(context, params):
    return ElicitResult(action="accept", content={"name": "Ada"})


async def sample(context, params):
    text = TextContent(type="text", text="a poem of the sea")
    return CreateMessageResult(role="assistant", model="test", content=text)


async def on_progress(value, total, message):
    progress.append(value)


async def on_log(params):
    logged.append(params.data)


def text(result):
    return "error" if result.isError else result.content[0].text


async def use(read, write):
    callbacks = {"elicitation_callback": elicit, "sampling_callback": sample, "logging_callback": on_log}
    async with ClientSession(read, write, **callbacks) as client:
        opened = await client.initialize()
        await client.set_logging_level("info")
        tools = [tool.name for tool in (await client.list_tools()).tools]
        templates = (await client.list_resource_templates()).resourceTemplates
        uris = [str(resource.uri) for resource in (await client.list_resources()).resources]
        prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]
        prompt = await client.get_prompt(f"{server}__review", {"code": "x = 1"})
        seen = {
            "revision": opened.protocolVersion,
            "tools": sorted(tools),
            "add": text(await client.call_tool(f"{server}__add", {"a": 2, "b": 3})),
            "count": text(await client.call_tool(f"{server}__count", {"steps": 3}, progress_callback=on_progress)),
            "greet": text(await client.call_tool(f"{server}__greet", {})),
            "compose": text(await client.call_tool(f"{server}__compose", {})),
            "uris": uris,
            "templates": [template.uriTemplate for template in templates],
            "today": (await client.read_resource(uris[0])).contents[0].text,
            "topic": (await client.read_resource(f"{server}+notes://monday/topic")).contents[0].text,
            "prompts": prompts,
            "prompt": prompt.messages[0].content.text,
        }
        try:
            await client.call_tool(f"{server}__nothing", {})
        except McpError as error:
            seen["unknown"] = error.error.message
        return seen | {"progress": progress, "logged": logged}


async def main():
    if kind == "sse":
        async with sse_client(url, headers=headers) as (read, write):
            return await use(read, write)
    async with httpx.AsyncClient(headers=headers, timeout=30) as http:
        async with streamable_http_client(url, http_client=http) as (read, write, _):
            return await use(read, write)


print(json.dumps(asyncio.run(main())))
