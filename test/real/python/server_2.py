"""A server on version 2 of the Python SDK, which speaks 2026-07-28 too. Arguments: the transport, and the port."""

import sys
from typing import Annotated

from mcp.server.mcpserver import Context, Elicit, ElicitationResult, MCPServer, Resolve
from pydantic import BaseModel

transport, *port = sys.argv[1:]
server = MCPServer("python")


class Name(BaseModel):
    name: str


async def ask_name() -> Elicit[Name]:
    return Elicit("Who are you?", Name)


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
async def count(steps: int, ctx: Context) -> str:
    """Reports each step."""
    for step in range(1, steps + 1):
        await ctx.report_progress(step, steps, f"step {step}")
    return f"counted to {steps} in {ctx.protocol_version}"


@server.tool()
async def greet(answer: Annotated[ElicitationResult[Name], Resolve(ask_name)]) -> str:
    """Asks the user for a name."""
    return f"{answer.action}: {answer.data.name if answer.action == 'accept' else ''}"


@server.resource("notes://today")
def today() -> str:
    """The note of today."""
    return "buy bread"


@server.prompt()
def review(code: str) -> str:
    """Asks for a review."""
    return f"Please review: {code}"


if transport == "stdio":
    server.run("stdio")
else:
    server.run("streamable-http", port=int(port[0]))
