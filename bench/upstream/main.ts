/** The static MCP server behind every proxy: raw sockets and ready-made replies, so that it is never the limit. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createMessageReader } from '../http/message-reader.ts';
import { announce, serve } from '../serve.ts';
import { idDigits, type Template, writeId } from '../shapes.ts';
import { learningReply } from './methods.ts';
import { replyTemplate } from './replies.ts';

let served = 0;
const templates = new Map<string, Template>();

const templateOf = (reply: string, bytes: string): Template => {
  const key = `${reply} ${bytes}`;
  let found = templates.get(key);
  if (found === undefined) {
    found = replyTemplate(reply, Number(bytes));
    templates.set(key, found);
  }
  return found;
};

/** The text between `before` and the next `after`; it allows for a proxy that wrote the JSON anew. */
const between = (body: Buffer, before: string, after: string): string => {
  const from = body.indexOf(before, 0, 'latin1');
  if (from === -1) throw new Error(`no ${before} in the call`);
  const start = from + before.length;
  return body.toString('latin1', start, body.indexOf(after, start, 'latin1'));
};

const callReply = (body: Buffer): Buffer => {
  const { bytes, places } = templateOf(between(body, '"reply":"', '"'), between(body, '"bytes":', ','));
  const id = between(body, '"id":', ',');
  if (id.length !== idDigits) throw new Error(`the id is not ${idDigits} digits: ${id.slice(0, 40)}`);
  served++;
  return writeId(Buffer.from(bytes), places, id);
};

const answer = (socket: Socket, head: string, body: Buffer): void => {
  if (!head.startsWith('POST ')) {
    socket.write('HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\nContent-Length: 0\r\n\r\n');
  } else if (body.includes('"method":"tools/call"', 0, 'latin1')) {
    socket.write(callReply(body));
  } else {
    socket.write(learningReply(body.toString()));
  }
};

const accept = (socket: Socket): void => {
  let head = '';
  let pieces: Buffer[] = [];
  const push = createMessageReader('request', {
    head: (text) => {
      head = text;
    },
    body: (piece) => pieces.push(piece),
    end: () => {
      const body = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
      pieces = [];
      answer(socket, head, body);
    },
  });
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (piece) => {
    try {
      push(piece);
    } catch (error) {
      process.stderr.write(`upstream: ${String(error)}\n`);
      socket.destroy();
    }
  });
};

const server = createServer(accept);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const { port } = server.address() as AddressInfo;
  announce({ url: `http://127.0.0.1:${port}/mcp`, headers: {}, tool: 'lookup' });
});
serve({ served: () => served });
