import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Gateway } from '../../control/gateway-contract.ts';
import { here, loadSettings } from '../../control/load-settings.ts';
import { loadGateway } from '../load-gateway.ts';
import { type SampleFiles, sampleFiles } from './sample-files.ts';

/** Everything the demo plays on. */
export interface Stage {
  readonly gateway: Gateway;
  readonly auditDirectory: string;
  readonly files: SampleFiles;
  /** The text of the policy that decides. */
  readonly policy: string;
  /** What the mail server sent. */
  readonly outbox: () => Promise<readonly Mail[]>;
  /** The whole audit log as it stands on disk. */
  readonly auditLog: () => Promise<string>;
  /** Ends the gateway and its servers, and removes every file. */
  readonly strike: () => Promise<void>;
}

/** A message in the outbox. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}

const policy = `// The agent works with the documents of the project.
@id("documents-of-the-project")
permit (
  principal == Agent::"local",
  action in [Action::"documents:read_document", Action::"documents:write_note"],
  resource
);

// Mail stays inside the company: one address, and one of its own.
@id("mail-inside-the-company")
permit (principal == Agent::"local", action == Action::"mail:send_message", resource)
when
{
  context.arguments has to &&
  context.arguments.to like "*@company.example" &&
  !(context.arguments.to like "*@*@*")
};
`;

/** Sets up documents, an outbox, a policy, and a gateway before two servers, all of which are gone afterwards. */
export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-demo-'));
  try {
    return await setIn(folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function setIn(folder: string): Promise<Stage> {
  const files = sampleFiles();
  const documents = join(folder, 'documents');
  await mkdir(documents);
  for (const [name, text] of Object.entries(files.documents)) await writeFile(join(documents, name), text);
  await writeFile(join(folder, 'demo.cedar'), policy);
  const outboxFile = join(folder, 'outbox.jsonl');
  const config = join(folder, 'bartizan.yaml');
  await writeFile(config, JSON.stringify(configuration(documents, outboxFile)));
  const { settings } = await loadSettings(config, here());
  const { startGateway } = await loadGateway();
  const gateway = await startGateway(settings, {});
  return {
    gateway,
    auditDirectory: settings.audit.directory,
    files,
    policy,
    outbox: () => readOutbox(outboxFile),
    auditLog: () => readAllIn(settings.audit.directory),
    strike: async () => {
      await gateway.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What an operator would write. YAML contains JSON. */
function configuration(documents: string, outboxFile: string): object {
  const server = (name: string, place: string): object => ({
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', programOf(name), place],
  });
  return {
    listen: { port: 0 },
    servers: {
      documents: server('documents-server', documents),
      mail: server('mail-server', outboxFile),
    },
    policy: { files: ['demo.cedar'] },
    state: { directory: 'state' },
  };
}

/** The servers run from source as this file does, and compiled as it is. */
function programOf(name: string): string {
  const ending = extname(fileURLToPath(import.meta.url));
  return fileURLToPath(new URL(`${name}${ending}`, import.meta.url));
}

async function readOutbox(file: string): Promise<readonly Mail[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Mail);
}

async function readAllIn(directory: string): Promise<string> {
  const names = await readdir(directory);
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  return texts.join('');
}
