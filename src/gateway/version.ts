import { readFileSync } from 'node:fs';

/** The version of this package. Its `package.json` stands two folders up, both in the sources and when installed. */
export const version: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  }
).version;
