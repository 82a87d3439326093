/** The import rule between the rooms of `src/`, as the three tables that the checker and ARCHITECTURE.md share. */

/** What a room may import besides itself: names of other rooms, or single files written as `room/file`. */
export type RoomRule = {
  readonly rooms: readonly string[];
  /** Node built-ins the room may import; `all` for every one. */
  readonly builtins: readonly string[] | 'all';
};

/** The pipeline's ports and those of the stores: the two files of `pipeline/` that adapters may know. */
const PORTS = ['pipeline/ports', 'pipeline/store-ports'] as const;

const adapter: RoomRule = { rooms: ['model', ...PORTS], builtins: 'all' };

/** The pure rooms compute on bytes and hashes, so they get these two and nothing that does I/O. */
const pure = ['node:buffer', 'node:crypto'] as const;

export const rooms: Readonly<Record<string, RoomRule>> = {
  model: { rooms: [], builtins: [] },
  wire: { rooms: ['model'], builtins: pure },
  pipeline: { rooms: ['model'], builtins: pure },
  transport: { rooms: ['model', 'wire', ...PORTS], builtins: 'all' },
  identity: adapter,
  policy: adapter,
  flow: adapter,
  guard: adapter,
  watch: adapter,
  audit: adapter,
  store: adapter,
  control: adapter,
  task: { rooms: ['model'], builtins: [] },
  scan: { rooms: ['model'], builtins: 'all' },
  cli: { rooms: ['gateway', 'control', 'scan', 'audit', 'model', 'wire', 'task'], builtins: 'all' },
  testing: adapter,
};

/** Files directly in `src/`: the composition root and the library entry, which may import every room. */
export const roots: readonly string[] = ['gateway', 'index'];

/** Where each third-party package enters. A package that is not listed may not be imported by `src/`. */
export const packages: Readonly<Record<string, string>> = {
  '@cedar-policy/cedar-wasm': 'policy',
  '@bufbuild/protobuf': 'identity',
  '@grpc/grpc-js': 'identity',
  '@redis/client': 'store',
  '@simplewebauthn/server': 'identity',
  commander: 'cli',
  jose: 'identity',
  kysely: 'store',
  oauth4webapi: 'identity',
  'oidc-provider': 'identity',
  pg: 'store',
  pkcs11js: 'identity',
  undici: 'transport',
  yaml: 'control',
  zod: 'control',
};
