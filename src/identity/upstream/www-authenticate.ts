/** One challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By name in lower case; of a name that stands twice, the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What a challenge of an upstream says that matters here. */
export interface TokenChallenge {
  readonly error: string | undefined;
  readonly scopes: readonly string[];
  readonly metadataUrl: string | undefined;
}

const most = 16_384;

/** Reads the first challenge of a scheme that carries access tokens; nothing of it is trusted yet. */
export function tokenChallenge(header: string | undefined): TokenChallenge {
  const found = readChallenges(header ?? '').find(({ scheme }) => scheme === 'bearer' || scheme === 'dpop');
  return {
    error: found?.parameters.get('error'),
    scopes: scopesIn(found?.parameters.get('scope')),
    metadataUrl: found?.parameters.get('resource_metadata'),
  };
}

/** The scopes of a list that is divided by spaces (RFC 6749 section 3.3). */
export function scopesIn(text: string | undefined): readonly string[] {
  return [...new Set((text ?? '').split(' ').filter((scope) => scope !== ''))];
}

/** Reads a header from left to right, once; what cannot be read ends it. */
export function readChallenges(header: string): readonly Challenge[] {
  const scan = new Scan(header.slice(0, most));
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (let word = scan.word(); word !== undefined; word = scan.word()) {
    const last = challenges.at(-1);
    const value = scan.value();
    if (value === undefined) challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
    else if (last !== undefined && !last.parameters.has(word.toLowerCase())) {
      last.parameters.set(word.toLowerCase(), value);
    }
  }
  return challenges;
}

const tokenCharacter = /[\w!#$%&'*+.^`|~/-]/;

class Scan {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next scheme or name, past commas and spaces. */
  word(): string | undefined {
    while (this.#here() === ' ' || this.#here() === ',' || this.#here() === '\t') this.#at += 1;
    const word = this.#token();
    return word === '' ? undefined : word;
  }

  /** What stands behind `=`; undefined if the word before was a scheme. */
  value(): string | undefined {
    const before = this.#at;
    this.#spaces();
    if (this.#here() !== '=') {
      this.#at = before;
      return undefined;
    }
    this.#at += 1;
    this.#spaces();
    return this.#here() === '"' ? this.#quoted() : this.#token();
  }

  #quoted(): string {
    let text = '';
    for (this.#at += 1; this.#at < this.#text.length && this.#here() !== '"'; this.#at += 1) {
      if (this.#here() === '\\') this.#at += 1;
      text += this.#here() ?? '';
    }
    this.#at += 1;
    return text;
  }

  #token(): string {
    const from = this.#at;
    while (tokenCharacter.test(this.#here() ?? '')) this.#at += 1;
    return this.#text.slice(from, this.#at);
  }

  #spaces(): void {
    while (this.#here() === ' ' || this.#here() === '\t') this.#at += 1;
  }

  #here(): string | undefined {
    return this.#text[this.#at];
  }
}
