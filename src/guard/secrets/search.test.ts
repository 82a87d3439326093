import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { base62Checksum } from './base62-checksum.ts';
import { startBudget } from './budget.ts';
import { secretFormats } from './formats.ts';
import { secretSearch } from './search.ts';

const lower = 'abcdefghijklmnopqrstuvwxyz';
const upper = lower.toUpperCase();
const digits = '0123456789';
const hex = `${digits}abcdef`;
const alphanumeric = digits + upper + lower;
const base32 = `${upper}234567`;

/** A generator with a fixed seed: the invented secrets are the same in every run, and stand in no file. */
function invent(seed: number): (alphabet: string, length: number) => string {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return (state >>> 8) / 0x1000000;
  };
  return (alphabet, length) =>
    Array.from({ length }, () => alphabet.charAt(Math.floor(next() * alphabet.length))).join('');
}

const some = invent(20260728);
const withChecksum = (prefix: string): string => {
  const random = some(alphanumeric, 30);
  return prefix + random + base62Checksum(random);
};
const joseHeader = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT' })).toString('base64url');

/** One invented secret or more of each format. */
const invented: Readonly<Record<string, () => readonly string[]>> = {
  'aws-access-key': () => [`AKIA${some(base32, 16)}`, `ASIA${some(base32, 16)}`],
  'aws-secret-key': () => [
    `aws_secret_access_key = ${some(alphanumeric, 38)}/+`,
    `"SecretAccessKey": "${some(alphanumeric, 40)}"`,
  ],
  'google-api-key': () => [`AIza${some(alphanumeric, 35)}`],
  'google-oauth': () => [`ya29.${some(alphanumeric, 60)}`, `GOCSPX-${some(alphanumeric, 28)}`],
  'azure-storage-key': () => [`EndpointSuffix=x;AccountKey=${some(alphanumeric, 86)}==;`],
  'azure-sas': () => [`https://a.blob.core.windows.net/c?sv=2024-11-04&sig=${some(alphanumeric, 40)}%2Bx%3D`],
  'azure-client-secret': () => [`${some(alphanumeric, 3)}8Q~${some(alphanumeric, 34)}`],
  'digitalocean-token': () => [`dop_v1_${some(hex, 64)}`],
  'vault-token': () => [`hvs.${some(alphanumeric, 90)}`],
  'terraform-token': () => [`${some(alphanumeric, 14)}.atlasv1.${some(alphanumeric, 67)}`],
  'databricks-token': () => [`dapi${some(hex, 32)}`],
  'doppler-token': () => [`dp.pt.${some(alphanumeric, 43)}`, `dp.st.prd.${some(alphanumeric, 43)}`],
  'pulumi-token': () => [`pul-${some(hex, 40)}`],
  'github-token': () => ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map(withChecksum),
  'github-fine-grained-token': () => [`github_pat_${some(alphanumeric, 22)}_${some(alphanumeric, 59)}`],
  'gitlab-token': () => [`glpat-${some(alphanumeric, 20)}`, `glrt-${some(alphanumeric, 20)}`],
  'npm-token': () => [withChecksum('npm_')],
  'pypi-token': () => [`pypi-AgEIcHlwaS5vcmc${some(alphanumeric, 80)}`],
  'rubygems-token': () => [`rubygems_${some(hex, 48)}`],
  'docker-token': () => [`dckr_pat_${some(alphanumeric, 27)}`],
  'atlassian-token': () => [`ATATT3${some(alphanumeric, 186)}`],
  'anthropic-key': () => [`sk-ant-api03-${some(alphanumeric, 93)}AA`],
  'openai-key': () => [`sk-proj-${some(alphanumeric, 74)}`],
  'openai-legacy-key': () => [`sk-${some(alphanumeric, 20)}T3Blbk${some(alphanumeric, 22)}`],
  'huggingface-token': () => [`hf_${some(upper + lower, 34)}`],
  'groq-key': () => [`gsk_${some(alphanumeric, 52)}`],
  'perplexity-key': () => [`pplx-${some(alphanumeric, 48)}`],
  'xai-key': () => [`xai-${some(alphanumeric, 80)}`],
  'replicate-token': () => [`r8_${some(alphanumeric, 37)}`],
  'slack-token': () => [
    `xoxb-${some(digits, 12)}-${some(digits, 12)}-${some(alphanumeric, 24)}`,
    `xapp-1-A${some(digits, 9)}-${some(digits, 12)}-${some(hex, 64)}`,
  ],
  'slack-webhook': () => [
    `https://hooks.slack.com/services/T${some(upper, 8)}/B${some(upper, 8)}/${some(alphanumeric, 24)}`,
  ],
  'discord-webhook': () => [`https://discord.com/api/webhooks/${some(digits, 18)}/${some(alphanumeric, 68)}`],
  'telegram-token': () => [`7${some(digits, 9)}:AA${some(alphanumeric, 33)}`],
  'stripe-key': () => [`sk_live_${some(alphanumeric, 24)}`, `whsec_${some(alphanumeric, 32)}`],
  'square-token': () => [`sq0atp-${some(alphanumeric, 22)}`],
  'shopify-token': () => [`shpat_${some(hex, 32)}`],
  'sendgrid-key': () => [`SG.${some(alphanumeric, 22)}.${some(alphanumeric, 43)}`],
  'twilio-secret': () => [`TWILIO_AUTH_TOKEN=${some(hex, 32)}`, `twilio: SK${some(hex, 32)}`],
  'mailgun-key': () => [`key-${some(hex, 32)}`],
  'mailchimp-key': () => [`${some(hex, 32)}-us12`],
  'notion-token': () => [`ntn_${some(alphanumeric, 46)}`, `secret_${some(alphanumeric, 43)}`],
  'linear-key': () => [`lin_api_${some(alphanumeric, 40)}`],
  'figma-token': () => [`figd_${some(alphanumeric, 40)}`],
  'postman-key': () => [`PMAK-${some(hex, 24)}-${some(hex, 34)}`],
  'newrelic-key': () => [`NRAK-${some(upper + digits, 27)}`],
  'grafana-token': () => [`glsa_${some(alphanumeric, 32)}_${some(hex, 8)}`],
  'sentry-token': () => [`sntryu_${some(hex, 64)}`],
  'dynatrace-token': () => [`dt0c01.${some(upper + digits, 24)}.${some(upper + digits, 64)}`],
  'planetscale-token': () => [`pscale_tkn_${some(alphanumeric, 43)}`],
  'supabase-key': () => [`sbp_${some(hex, 40)}`],
  'tailscale-key': () => [`tskey-auth-${some(alphanumeric, 12)}-${some(alphanumeric, 32)}`],
  'private-key': () => [
    pem('RSA ', ''),
    pem('', ''),
    pem('EC ', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n'),
    pem('OPENSSH ', '').replaceAll('\n', '\\n'),
  ],
  'openssh-key': () => [
    `${Buffer.from(`openssh-key-v1\0\0\0\0\x04none`).toString('base64').replace(/=*$/, '')}${some(alphanumeric, 40)}`,
  ],
  'age-key': () => [`AGE-SECRET-KEY-1${some('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', 58)}`],
  jwt: () => [
    `${joseHeader}.${Buffer.from('{"sub":"user-1"}').toString('base64url')}.${some(alphanumeric, 86)}`,
  ],
  'url-password': () => [
    `postgres://app:${some(alphanumeric, 12)}@db.internal:5432/app`,
    `redis://:${some(alphanumeric, 12)}@cache:6379`,
    `https://bot:${some(alphanumeric, 12)}@git.internal/x.git`,
    `mongodb+srv://u:${some(alphanumeric, 12)}@c0.example.net/?w=majority`,
  ],
  'assigned-secret': () => [
    `DB_PASSWORD=${some(hex, 24)}`,
    `{"api_key": "${some(alphanumeric, 32)}"}`,
    `client_secret: '${some(alphanumeric, 32)}'`,
    `{\\"apiKey\\":\\"${some(alphanumeric, 32)}\\"}`,
  ],
};

function pem(kind: string, headers: string): string {
  const line = (): string => some(alphanumeric, 64);
  return `-----BEGIN ${kind}PRIVATE KEY-----\n${headers}${line()}\n${line()}\n-----END ${kind}PRIVATE KEY-----`;
}

const search = secretSearch(secretFormats);
const kindsIn = (text: string): readonly string[] =>
  search.find(text, startBudget(512)).map(({ format }) => format.kind);
const json = (text: string): Uint8Array => Buffer.from(JSON.stringify({ note: text }));

describe('the search for secrets', () => {
  it('has an invented secret for every format', () => {
    assert.deepEqual(Object.keys(invented).sort(), secretFormats.map(({ kind }) => kind).sort());
  });

  for (const [kind, inventAll] of Object.entries(invented)) {
    for (const [index, secret] of inventAll().entries()) {
      it(`finds ${kind} ${index + 1} alone, in a sentence, on a line of its own`, () => {
        for (const text of [secret, `please use ${secret} for it`, `lines:\n${secret}\nend`]) {
          assert.ok(kindsIn(text).includes(kind), `found ${kindsIn(text)}`);
          assert.ok(search.mayHold(json(text)), 'the look at the raw text says no');
        }
      });
    }
  }

  const disguisable = [
    'github-token',
    'anthropic-key',
    'stripe-key',
    'slack-token',
    'private-key',
    'jwt',
    'aws-access-key',
  ];
  for (const kind of disguisable) {
    for (const place of [0, 1, 2]) {
      it(`finds ${kind} in base64 and hex at place ${place} of a group`, () => {
        const [secret = ''] = invented[kind]?.() ?? [];
        const plain = `${'#'.repeat(9 + place)} ${secret} #`;
        for (const encoding of ['base64', 'base64url', 'hex'] as const) {
          const text = `payload ${Buffer.from(plain).toString(encoding)} end`;
          assert.ok(kindsIn(text).includes(kind), `${encoding}: found ${kindsIn(text)}`);
          assert.ok(search.mayHold(json(text)));
        }
      });
    }
  }

  it('finds a secret far inside a long base64 text, and in one that is broken into lines', () => {
    const [secret = ''] = invented['github-token']?.() ?? [];
    const long = Buffer.from(some(alphanumeric, 9000) + secret + some('. ', 900)).toString('base64');
    assert.deepEqual(kindsIn(long), ['github-token']);
    const [key = ''] = invented['private-key']?.() ?? [];
    const lines = Buffer.from(key)
      .toString('base64')
      .replace(/(.{76})/g, '$1\n');
    assert.deepEqual(kindsIn(lines), ['private-key']);
  });

  it('finds percent-encoded secrets, wholly or in part', () => {
    const [secret = ''] = invented['github-token']?.() ?? [];
    const whole = Array.from(secret, (letter) => `%${letter.charCodeAt(0).toString(16)}`).join('');
    assert.deepEqual(kindsIn(whole), ['github-token']);
    assert.deepEqual(kindsIn(`q=g%68${secret.slice(2)}`), ['github-token']);
    const [url = ''] = invented['url-password']?.() ?? [];
    const encoded = `https://x.example/?to=${encodeURIComponent(url)}`;
    assert.deepEqual(kindsIn(encoded), ['url-password']);
    assert.ok(search.mayHold(json(encoded)));
  });

  it('takes off several disguises, one after the other', () => {
    const [secret = ''] = invented['github-token']?.() ?? [];
    const percent = (text: string): string =>
      Array.from(text, (letter) => `%${letter.charCodeAt(0).toString(16)}`).join('');
    const base64 = Buffer.from(`..${secret}`).toString('base64');
    for (const text of [
      percent(percent(secret)),
      percent(base64),
      encodeURIComponent(percent(percent(secret))),
    ]) {
      assert.deepEqual(kindsIn(text), ['github-token']);
      assert.ok(search.mayHold(json(text)));
    }
  });

  it('finds a secret behind a decoy of the same disguise', () => {
    const [secret = ''] = invented['github-token']?.() ?? [];
    const decoy = Buffer.from('ghp_ghp_ghp_').toString('base64');
    const text = `${decoy} x${Buffer.from(`.${secret}`).toString('base64')}`;
    assert.deepEqual(kindsIn(text), ['github-token']);
  });

  const sha = (algorithm: string, encoding: 'hex' | 'base64'): string =>
    createHash(algorithm).update('bartizan').digest(encoding);
  const harmless: Readonly<Record<string, string>> = {
    'a UUID': randomUUID(),
    'a UUID assigned to a secret name': `api_key=${randomUUID()}`,
    'a git object id': `commit ${sha('sha1', 'hex')}`,
    'a SHA-256 digest': `sha256:${sha('sha256', 'hex')}`,
    'a lock-file entry': `"integrity": "sha512-${sha('sha512', 'base64')}"`,
    'a base64 image': `data:image/png;base64,${some(`${alphanumeric}+/`, 40000)}`,
    'long hexadecimal': some(hex, 20000),
    'a long number': `order ${some(digits, 30)}`,
    'a pagination cursor': Buffer.from('{"page":2,"after":"item-981273"}').toString('base64'),
    'a plain URL': 'https://user@example.com:8443/a/b?x=y@z:w#f',
    'an encoded URL': 'https://x.example/login?to=https%3A%2F%2Fy.example%2Fa%20b',
    'a URL with a placeholder':
      'postgres://user:password@localhost/db and https://me:<token>@host and mysql://u:$\u007bPW}@h',
    'prose on passwords':
      'Your password: at least twelve characters. The secret: practice. api_key="YOUR_API_KEY_HERE"',
    'code that reads secrets':
      'const secret = process.env.OAUTH2_CLIENT_SECRET; password: z.string().min(12)',
    'a secret by reference':
      'secret: projects/123/secrets/db-1/versions/2; api_key=$\u007bAPI_KEY_2}; pwd=/home/user1/src2/lib3',
    'a public key':
      '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----',
    'talk of private keys':
      'the file starts with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----',
    'words with anchors in them':
      'Asia task-force disk-based monkey-business npm_config_registry secret_santa token_type eyJ sk-learn',
    'placeholders of tokens': `ghp_${'x'.repeat(36)} AKIA${'?'.repeat(16)} sk-ant-${'X'.repeat(40)}`,
    'a MAC address and times': '00:AA:BB:CC:DD:EE at 12:34:56',
  };
  for (const [name, text] of Object.entries(harmless)) {
    it(`passes ${name}`, () => assert.deepEqual(kindsIn(text), []));
  }

  it('never says no to a raw text whose decoded text holds a secret, whatever JSON escapes stand before it', () => {
    for (const lead of ['\n', '\t', '"', '\\', 'x\r']) {
      for (const inventAll of Object.values(invented)) {
        for (const secret of inventAll()) assert.ok(search.mayHold(json(lead + secret)), secret.slice(0, 12));
      }
    }
  });

  it('stops verifying when the budget is spent, and says so once', () => {
    const budget = startBudget(3);
    const decoys = `-----BEGIN X ${'-----BEGIN Y '.repeat(5)}`;
    assert.deepEqual(search.find(decoys, budget), []);
    assert.equal(budget.ranOut(), true);
    assert.equal(budget.ranOut(), false);
  });
});
