import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { bitString, boolean, derOf, integer, oid, sequence, time } from './der-writer.ts';

/** What goes into a certificate. Everything has a default that makes a valid X.509-SVID. */
export interface CertificateRequest {
  readonly uris?: readonly string[];
  readonly dns?: readonly string[];
  /** Common name; empty: no subject at all. */
  readonly commonName?: string;
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  /** Bits of RFC 5280 section 4.2.1.3; undefined: what fits; null: no such extension. */
  readonly keyUsage?: readonly number[] | null;
  readonly purposes?: readonly string[] | null;
  /** Milliseconds since the epoch. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Host names of permitted URIs. */
  readonly permittedUris?: readonly string[];
  /** Object identifiers of critical extensions that mean nothing. */
  readonly unknownCritical?: readonly string[];
}

/** A certificate with its key. */
export interface Issued {
  /** DER, own certificate first, without the root. */
  readonly chain: readonly Uint8Array[];
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
}

/** Somebody who signs certificates. */
export interface CertificateAuthority extends Issued {
  readonly issue: (request: CertificateRequest) => Issued;
  /** An authority below this one. */
  readonly intermediate: (request?: CertificateRequest) => CertificateAuthority;
}

/** Bits of key usage. */
export const keyUsageBit = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const;

/** Makes a root authority of a trust domain. */
export function createCertificateAuthority(
  trustDomain: string,
  request: CertificateRequest = {},
): CertificateAuthority {
  const full = { uris: [`spiffe://${trustDomain}`], commonName: `root of ${trustDomain}`, ...request };
  const { privateKey, publicKey } = newKeys();
  const facts = { isAuthority: true, ...full };
  const name = nameOf(facts.commonName);
  const certificate = certificateOf(facts, publicKey, name, privateKey);
  return authority({ certificate, privateKey, chain: [] }, name);
}

/** An authority that exists already, by its key: what somebody can do who has got hold of it. `subject` is its name, DER. */
export function existingAuthority(
  certificate: Uint8Array,
  subject: Uint8Array,
  privateKey: KeyObject,
): CertificateAuthority {
  return authority({ certificate, privateKey, chain: [] }, Buffer.from(subject));
}

function authority(self: Issued, name: Buffer): CertificateAuthority {
  const issue = (request: CertificateRequest): Issued => {
    const keys = newKeys();
    const certificate = certificateOf(request, keys.publicKey, name, self.privateKey);
    return { certificate, privateKey: keys.privateKey, chain: [certificate, ...self.chain] };
  };
  return {
    ...self,
    issue,
    intermediate: (request = {}) => {
      const facts = {
        isAuthority: true,
        commonName: `authority ${randomBytes(4).toString('hex')}`,
        ...request,
      };
      return authority(issue(facts), nameOf(facts.commonName));
    },
  };
}

function newKeys(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
const hour = 3_600_000;

function certificateOf(
  request: CertificateRequest,
  publicKey: KeyObject,
  issuer: Buffer,
  signer: KeyObject,
): Buffer {
  const { commonName = 'workload', notBefore = Date.now() - hour, notAfter = Date.now() + hour } = request;
  const body = sequence(
    derOf(0xa0, integer(2)),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    issuer,
    sequence(time(notBefore), time(notAfter)),
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    derOf(0xa3, sequence(...extensionsOf(request, commonName === ''))),
  );
  return sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, signer)));
}

function nameOf(commonName = 'workload'): Buffer {
  if (commonName === '') return sequence();
  return sequence(derOf(0x31, sequence(oid('2.5.4.3'), derOf(0x0c, Buffer.from(commonName)))));
}

function extensionsOf(request: CertificateRequest, hasNoSubject: boolean): readonly Buffer[] {
  const { isAuthority = false, pathLength, uris = [], dns = [] } = request;
  const usage = request.keyUsage === undefined ? defaultUsage(isAuthority) : request.keyUsage;
  const purposes = request.purposes === undefined ? defaultPurposes(isAuthority) : request.purposes;
  const names = [...uris.map((uri) => generalName(6, uri)), ...dns.map((name) => generalName(2, name))];
  const constraints = sequence(
    ...(isAuthority ? [boolean(true)] : []),
    ...(pathLength === undefined ? [] : [integer(pathLength)]),
  );
  return [
    extension('2.5.29.19', constraints),
    ...(usage === null ? [] : [extension('2.5.29.15', usageBits(usage))]),
    ...(purposes === null ? [] : [extension('2.5.29.37', sequence(...purposes.map(oid)), false)]),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names), hasNoSubject)]),
    ...(request.permittedUris === undefined
      ? []
      : [extension('2.5.29.30', permitted(request.permittedUris))]),
    ...(request.unknownCritical ?? []).map((id) => extension(id, boolean(true))),
  ];
}

function defaultUsage(isAuthority: boolean): readonly number[] {
  return isAuthority ? [keyUsageBit.keyCertSign, keyUsageBit.cRLSign] : [keyUsageBit.digitalSignature];
}

/** Server and client authentication, as X509-SVID section 4.4 asks of leaves. */
function defaultPurposes(isAuthority: boolean): readonly string[] | null {
  return isAuthority ? null : ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
}

function usageBits(bits: readonly number[]): Buffer {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return bitString(Buffer.from([byte]), Math.max(0, 7 - Math.max(...bits)));
}

function permitted(hosts: readonly string[]): Buffer {
  return sequence(derOf(0xa0, ...hosts.map((host) => sequence(generalName(6, host)))));
}

function generalName(tag: number, text: string): Buffer {
  return derOf(0x80 | tag, Buffer.from(text, 'latin1'));
}

function extension(id: string, value: Buffer, isCritical = true): Buffer {
  return sequence(oid(id), ...(isCritical ? [boolean(true)] : []), derOf(0x04, value));
}
