"""A server on version 1 of the Python SDK. Arguments: the transport, and the port where it is not stdio."""

import sys

from mcp.server.fastmcp import Context, FastMCP
from mcp.types import SamplingMessage, TextContent
from pydantic import BaseModel

transport = sys.argv[1]
server = FastMCP("python", port=int(sys.argv[2]) if len(sys.argv) > 2 else 0)


class Name(BaseModel):
    name: str


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
async def count(steps: int, ctx: Context) -> str:
    """Reports each step."""
    for step in range(1, steps + 1):
        await ctx.report_progress(step, steps, f"step {step}")
        await ctx.info(f"at {step}")
    return f"counted to {steps}"


@server.tool()
async def greet(ctx: Context) -> str:
    """Asks the user for a name."""
    answer = await ctx.elicit("Who are you?", Name)
    return f"{answer.action}: {answer.data.name if answer.action == 'accept' else ''}"


@server.tool()
async def compose(ctx: Context) -> str:
    """Asks the model of the client."""
    question = SamplingMessage(role="user", content=TextContent(type="text", text="A poem, please."))
    answer = await ctx.session.create_message([question], max_tokens=100)
    return f"{answer.model} wrote {answer.content.text}"


@server.resource("notes://today")
def today() -> str:
    """The note of today."""
    return "buy bread"


@server.resource("notes://{day}/topic")
def topic(day: str) -> str:
    """What a day is about."""
    return f"{day} is for rest"


@server.prompt()
def review(code: str) -> str:
    """Asks for a review."""
    return f"Please review: {code}"


server.run(transport=transport)
