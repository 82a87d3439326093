import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** One page of a headless Chromium, driven over the DevTools protocol. */
export interface Tab {
  readonly send: (method: string, params?: object) => Promise<Record<string, unknown>>;
  readonly open: (url: string) => Promise<void>;
  /** Evaluates an expression in the page; promises are awaited. */
  readonly run: (expression: string) => Promise<unknown>;
  /** Waits until an expression is true; fails with what the page shows. */
  readonly until: (expression: string) => Promise<void>;
  /** Clicks as a person does: the element must be seen. */
  readonly click: (selector: string) => Promise<void>;
  readonly screenshot: () => Promise<Buffer>;
  readonly close: () => Promise<void>;
}

const limitMs = 20_000;

/** Starts Chromium with a profile of its own. */
export async function startChromium(program: string = process.env['CHROMIUM'] ?? 'chromium'): Promise<Tab> {
  const profile = await mkdtemp(join(tmpdir(), 'bartizan-chromium-'));
  const child = spawn(
    program,
    [
      ...['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage'],
      ...[
        '--disable-background-networking',
        '--remote-debugging-port=0',
        `--user-data-dir=${profile}`,
        'about:blank',
      ],
    ],
    { stdio: 'ignore' },
  );
  const stop = async (): Promise<void> => {
    const gone = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
    if (child.exitCode === null && child.kill('SIGKILL')) await gone;
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    const port = await debuggingPort(child, profile);
    const pages = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
      readonly type: string;
      readonly webSocketDebuggerUrl: string;
    }[];
    const address = pages.find(({ type }) => type === 'page')?.webSocketDebuggerUrl;
    if (address === undefined) throw new Error('Chromium shows no page');
    return await tabOf(address, stop);
  } catch (fault) {
    await stop();
    throw fault;
  }
}

async function debuggingPort(child: ChildProcess, profile: string): Promise<string> {
  let failed: Error | undefined;
  child.once('error', (fault) => {
    failed = fault;
  });
  const deadline = Date.now() + limitMs;
  while (Date.now() < deadline) {
    if (failed !== undefined) throw failed;
    const text = await readFile(join(profile, 'DevToolsActivePort'), 'utf8').catch(() => '');
    const [port = '', path] = text.split('\n');
    if (path !== undefined) return port;
    await sleep(100);
  }
  throw new Error(`Chromium did not start within ${limitMs / 1000} s`);
}

async function tabOf(address: string, stop: () => Promise<void>): Promise<Tab> {
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  const pending = new Map<number, (answer: Answer) => void>();
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer;
    pending.get(answer.id ?? 0)?.(answer);
    pending.delete(answer.id ?? 0);
  });
  let last = 0;
  const send: Tab['send'] = async (method, params = {}) => {
    last += 1;
    const id = last;
    const answered = new Promise<Answer>((resolve) => void pending.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { error, result = {} } = await answered;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  await send('Page.enable');
  return tab(send, async () => {
    socket.close();
    await stop();
  });
}

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

function tab(send: Tab['send'], close: () => Promise<void>): Tab {
  const run: Tab['run'] = async (expression) => {
    const answer = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (answer['exceptionDetails'] !== undefined) throw new Error(JSON.stringify(answer['exceptionDetails']));
    return (answer['result'] as { readonly value?: unknown }).value;
  };
  const until: Tab['until'] = async (expression) => {
    const deadline = Date.now() + limitMs;
    while (Date.now() < deadline) {
      // While a page is being replaced nothing can be evaluated.
      if ((await run(expression).catch(() => false)) === true) return;
      await sleep(50);
    }
    const shown = await run('location.href + "\\n" + document.body.innerText').catch(String);
    throw new Error(`not within ${limitMs / 1000} s: ${expression}\n${String(shown)}`);
  };
  return {
    send,
    run,
    until,
    close,
    open: async (url) => {
      await send('Page.navigate', { url });
      await until('document.readyState === "complete"');
    },
    click: async (selector) => {
      const name = JSON.stringify(selector);
      await until(`document.readyState === "complete" && document.querySelector(${name}) !== null`);
      const place = (await run(
        `(() => { const e = document.querySelector(${name}); e.scrollIntoView({ block: 'center' }); const r = e.getBoundingClientRect(); return { x: r.x + r.width / 2, y: r.y + r.height / 2 }; })()`,
      )) as { readonly x: number; readonly y: number };
      for (const type of ['mousePressed', 'mouseReleased']) {
        await send('Input.dispatchMouseEvent', { type, ...place, button: 'left', clickCount: 1 });
      }
    },
    screenshot: async () => {
      const { data } = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
      return Buffer.from(String(data), 'base64');
    },
  };
}
