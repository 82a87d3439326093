import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Started, start } from '../processes.ts';
import type { Absent, Listening } from '../protocol.ts';

/** Starts nginx as a plain keep-alive proxy when it is on PATH. */
export const startNginx = async (
  upstream: URL,
  scratch: string,
  cpu: string | undefined,
): Promise<{ started: Started; line: Listening } | Absent> => {
  const command = nginxPath();
  if (command === undefined) return { absent: 'nginx is not on PATH' };
  const port = await freePort();
  const folder = join(scratch, 'nginx');
  mkdirSync(join(folder, 'logs'), { recursive: true });
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configuration(folder, port, upstream));
  const { child, started } = start({ command, args: ['-p', folder, '-c', file], cpu, answers: false });
  let complaint = '';
  child.stderr?.on('data', (piece) => {
    complaint += String(piece);
  });
  for (let attempt = 0; attempt < 50; attempt++) {
    if (await accepts(port)) {
      return {
        started,
        line: { url: `http://127.0.0.1:${port}${upstream.pathname}`, headers: {}, tool: 'lookup' },
      };
    }
    if (child.exitCode !== null) break;
    await sleep(100);
  }
  await started.stop();
  return { absent: `nginx did not start: ${complaint.trim().slice(0, 200)}` };
};

export const nginxPath = (): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'nginx'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

/** One process, no logs, connections kept on both sides, bodies in memory. */
const configuration = (folder: string, port: number, upstream: URL): string => `
daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_max_body_size 4m;
  client_body_buffer_size 256k;
  proxy_buffers 16 64k;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  upstream static { server ${upstream.host}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://static;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;

/** nginx cannot say which port it was given, so one that is free now is chosen for it. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
