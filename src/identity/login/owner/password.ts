// A named import of `argon2` would keep Node before 24.7 from loading the file at all.
import crypto from 'node:crypto';
import { RequestFault } from '../request-fault.ts';

/** Least and most characters of a password. */
export const passwordLength = { least: 12, most: 256 } as const;

/** RFC 9106 section 4, second recommendation but for one lane: 64 MiB, three passes. OWASP asks for 19 MiB and two. */
const cost = { memory: 65_536, passes: 3, parallelism: 1 } as const;
const tagLength = 32;
/** Each takes 64 MiB: more wait for their turn. */
const mostAtOnce = 2;
const mostWaiting = 8;

/** Whether this Node can hash passwords. */
export function canHashPasswords(): boolean {
  return typeof crypto.argon2 === 'function';
}

/** Says what is wrong with a new password; undefined when nothing is. */
export function passwordFault(password: string): string | undefined {
  const characters = [...password.normalize('NFC')];
  if (characters.length < passwordLength.least)
    return `the password needs at least ${passwordLength.least} characters`;
  if (characters.length > passwordLength.most)
    return `the password has more than ${passwordLength.most} characters`;
  if (new Set(characters).size < 5) return 'the password is too easy to guess: use more different characters';
  return undefined;
}

/** Hashes passwords, a few at a time. */
export interface PasswordHashes {
  /**
   * The hash of a password as text, with its salt and its cost (PHC string format).
   * @throws RequestFault on a Node that cannot do Argon2
   */
  readonly make: (password: string) => Promise<string>;
  /**
   * Whether it is the password of a hash. Without a hash it takes as long and answers no, so that the time does not tell
   * whether there is one.
   */
  readonly verify: (password: string, hash: string | undefined) => Promise<boolean>;
}

/** Makes it, with a queue of its own. */
export function createPasswordHashes(): PasswordHashes {
  const inTurn = turns();
  return {
    make: async (password) => {
      const salt = crypto.randomBytes(16);
      const tag = await inTurn(() => derive(password, salt, cost));
      const parameters = `m=${cost.memory},t=${cost.passes},p=${cost.parallelism}`;
      return `$argon2id$v=19$${parameters}$${bare(salt)}$${bare(tag)}`;
    },
    verify: async (password, hash) => {
      const kept = hash === undefined ? undefined : parse(hash);
      const { salt, tag, ...wanted } = kept ?? { ...nobody, ...cost };
      const derived = await inTurn(() => derive(password, salt, wanted));
      return crypto.timingSafeEqual(derived, tag) && kept !== undefined;
    },
  };
}

const nobody = { salt: Buffer.alloc(16), tag: Buffer.alloc(tagLength) };

interface Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

interface Kept extends Cost {
  readonly salt: Buffer;
  readonly tag: Buffer;
}

const phc =
  /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z\d+/]{11,86})\$([A-Za-z\d+/]{43})$/;

function parse(hash: string): Kept {
  const [, memory, passes, parallelism, salt, tag] = phc.exec(hash) ?? [];
  if (salt === undefined || tag === undefined) throw new Error('the kept password hash cannot be read');
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function bare(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

function derive(password: string, nonce: Buffer, parameters: Cost): Promise<Buffer> {
  if (!canHashPasswords()) {
    throw new RequestFault(
      501,
      'passwords need Node.js 24.7 or newer, whose `crypto` has Argon2; log in with a passkey, or update Node.js',
    );
  }
  const message = password.normalize('NFC');
  return new Promise((resolve, reject) => {
    crypto.argon2('argon2id', { message, nonce, tagLength, ...parameters }, (fault, tag) => {
      if (fault === null) resolve(tag);
      else reject(fault);
    });
  });
}

/** Lets a few run at once and some wait; those beyond are refused. */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (waiting.length >= mostWaiting)
      throw new RequestFault(503, 'too many log in at once; try again soon', 5);
    if (running < mostAtOnce) running += 1;
    else await new Promise<void>((resolve) => void waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The turn goes to the next one, or back.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
