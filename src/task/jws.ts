/** A key of WebCrypto. */
export type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** A key pair of ES256 (RFC 7518 section 3.4) whose private part cannot leave the process. */
export interface SigningKey {
  readonly privateKey: Key;
  /** The public part with the members that its thumbprint is made of (RFC 7638 section 3.2). */
  readonly jwk: Readonly<Record<'crv' | 'kty' | 'x' | 'y', string>>;
}

type Claims = Readonly<Record<string, unknown>>;

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signature = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A fresh key for one task. */
export async function freshKey(): Promise<SigningKey> {
  const pair = await crypto.subtle.generateKey(curve, false, ['sign', 'verify']);
  const { crv = '', kty = '', x = '', y = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  return { privateKey: pair.privateKey, jwk: { crv, kty, x, y } };
}

/** A compact JWS by an ES256 key (RFC 7515 section 3.1). */
export async function signed(header: Claims, claims: Claims, key: Key): Promise<string> {
  const body = `${encoded(JSON.stringify({ ...header, alg: 'ES256' }))}.${encoded(JSON.stringify(claims))}`;
  const bytes = await crypto.subtle.sign(signature, key, new TextEncoder().encode(body));
  return `${body}.${base64url(new Uint8Array(bytes))}`;
}

/** SHA-256 of an ASCII text, base64url: `ath` of a proof (RFC 9449 section 4.2). */
export async function digest(text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}

function encoded(text: string): string {
  return base64url(new TextEncoder().encode(text));
}

function base64url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
