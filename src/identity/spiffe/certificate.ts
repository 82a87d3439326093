import { X509Certificate } from 'node:crypto';
import {
  contentOf,
  type DerElement,
  DerError,
  derTag,
  readBoolean,
  readDer,
  readOid,
  readSequence,
  readSmallInteger,
} from './der.ts';

/**
 * A certificate with what RFC 5280 path validation and the X509-SVID rules look at. `node:crypto` verifies signatures;
 * key usage, path length and the single names are read here, because it does not tell them.
 */
export interface Certificate {
  readonly der: Uint8Array;
  readonly x509: X509Certificate;
  /** DER of the names, for comparison byte by byte. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isAuthority: boolean;
  /** How many authorities may stand between it and the leaf (RFC 5280 section 4.2.1.9). */
  readonly pathLength: number | undefined;
  /** Undefined: the extension is missing. */
  readonly keyUsage: KeyUsage | undefined;
  /** Object identifiers of the extended key usages; undefined: the extension is missing. */
  readonly purposes: readonly string[] | undefined;
  readonly names: readonly GeneralName[];
  readonly constraints: readonly NameConstraint[];
  /** Critical extensions that nobody here understands (RFC 5280 section 4.2: such a certificate must be refused). */
  readonly unknownCritical: readonly string[];
}

/** RFC 5280 section 4.2.1.3, the bits that matter here. */
export interface KeyUsage {
  readonly digitalSignature: boolean;
  readonly keyCertSign: boolean;
  readonly crlSign: boolean;
}

/** RFC 5280 section 4.2.1.6. `tag` is the context tag: 2 for DNS, 6 for a URI. */
export interface GeneralName {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** RFC 5280 section 4.2.1.10. */
export interface NameConstraint extends GeneralName {
  readonly kind: 'permitted' | 'excluded';
}

/** The context tag of a URI among general names. */
export const uriName = 6;

const most = 64 * 1024;

/** Reads a certificate. Throws an error that says why it is none. */
export function readCertificate(der: Uint8Array): Certificate {
  if (der.length > most) throw new Error(`a certificate of more than ${most} bytes`);
  try {
    const x509 = new X509Certificate(der);
    const [body] = readSequence(der);
    const parts = readDer(contentOf(body, derTag.sequence));
    // An explicit version stands first (RFC 5280 section 4.1); without one it is version 1, which has no extensions.
    const at = parts[0]?.tag === 0xa0 ? 1 : 0;
    const validity = { notBefore: x509.validFromDate.getTime(), notAfter: x509.validToDate.getTime() };
    const names = { issuer: partOf(parts, at + 2), subject: partOf(parts, at + 4) };
    return { der, x509, ...names, ...validity, ...extensionsOf(parts.find(({ tag }) => tag === 0xa3)) };
  } catch (cause) {
    throw new Error(`a certificate that cannot be read (${(cause as Error).message})`, { cause });
  }
}

/** Takes certificates apart that stand one behind the other (Workload API section 5.1). */
export function readCertificates(concatenated: Uint8Array): readonly Certificate[] {
  return readDer(concatenated).map(({ whole }) => readCertificate(whole));
}

function partOf(parts: readonly DerElement[], index: number): Uint8Array {
  const part = parts[index];
  if (part?.tag !== derTag.sequence) throw new DerError('a certificate without a name');
  return part.whole;
}

type Extensions = Pick<
  Certificate,
  'isAuthority' | 'pathLength' | 'keyUsage' | 'purposes' | 'names' | 'constraints' | 'unknownCritical'
>;

const none: Extensions = {
  isAuthority: false,
  pathLength: undefined,
  keyUsage: undefined,
  purposes: undefined,
  names: [],
  constraints: [],
  unknownCritical: [],
};

/** How each extension that is understood is read. */
const readers: ReadonlyMap<string, (value: Uint8Array) => Partial<Extensions>> = new Map([
  ['2.5.29.15', readKeyUsage],
  ['2.5.29.17', readNames],
  ['2.5.29.19', readBasicConstraints],
  ['2.5.29.30', readNameConstraints],
  ['2.5.29.37', readPurposes],
]);

function extensionsOf(element: DerElement | undefined): Extensions {
  if (element === undefined) return none;
  const seen = new Set<string>();
  let found = none;
  for (const { content } of readSequence(element.content)) {
    const { oid, critical, value } = readExtension(content);
    if (seen.has(oid)) throw new DerError(`the extension ${oid} twice`);
    seen.add(oid);
    const reader = readers.get(oid);
    if (reader !== undefined) found = { ...found, ...reader(value) };
    else if (critical) found = { ...found, unknownCritical: [...found.unknownCritical, oid] };
  }
  return found;
}

function readExtension(content: Uint8Array): { oid: string; critical: boolean; value: Uint8Array } {
  const [id, ...rest] = readDer(content);
  if (id === undefined || rest.length < 1 || rest.length > 2) throw new DerError('no extension');
  const [flag] = rest;
  const critical = rest.length === 2 && flag !== undefined && readBoolean(flag);
  return { oid: readOid(id), critical, value: contentOf(rest.at(-1), derTag.octetString) };
}

function readBasicConstraints(value: Uint8Array): Partial<Extensions> {
  const [...parts] = readSequence(value);
  const isAuthority = parts[0]?.tag === derTag.boolean && readBoolean(parts[0]);
  const length = parts.find(({ tag }) => tag === derTag.integer);
  return { isAuthority, pathLength: length === undefined ? undefined : readSmallInteger(length) };
}

/** The first byte of a bit string counts unused bits; bit 0 is the highest of the next (X.690 section 8.6). */
function readKeyUsage(value: Uint8Array): Partial<Extensions> {
  const [element] = readDer(value);
  const bits = contentOf(element, derTag.bitString)[1] ?? 0;
  const isSet = (bit: number): boolean => (bits & (0x80 >> bit)) !== 0;
  return { keyUsage: { digitalSignature: isSet(0), keyCertSign: isSet(5), crlSign: isSet(6) } };
}

function readPurposes(value: Uint8Array): Partial<Extensions> {
  return { purposes: readSequence(value).map(readOid) };
}

function readNames(value: Uint8Array): Partial<Extensions> {
  return { names: readSequence(value).map(nameOf) };
}

function readNameConstraints(value: Uint8Array): Partial<Extensions> {
  const constraints = readSequence(value).flatMap(({ tag, content }) => {
    const kind = tag === 0xa0 ? ('permitted' as const) : ('excluded' as const);
    return readDer(content).map((subtree) => {
      const [base] = readDer(contentOf(subtree, derTag.sequence));
      if (base === undefined) throw new DerError('a name constraint without a name');
      return { kind, ...nameOf(base) };
    });
  });
  return { constraints };
}

function nameOf({ tag, content }: DerElement): GeneralName {
  return { tag: tag & 0x1f, content };
}
