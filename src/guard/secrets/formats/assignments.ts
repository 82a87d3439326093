import { entropy, placeholder } from '../entropy.ts';
import type { SecretFormat } from '../format.ts';
import { assigns } from '../peek.ts';

const names = [
  'password',
  'passwd',
  'pwd',
  'secret',
  'secret_key',
  'secret-key',
  'secretkey',
  'api_key',
  'api-key',
  'apikey',
  'access_key',
  'access-key',
  'accesskey',
  'access_token',
  'auth_token',
];

/** What may follow a name where something is assigned to it. */
const separators = ['=', ':', ' =', ' :', '"', "'", '\\'];

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Secrets of no known format, by the name they are assigned to: `DB_PASSWORD=...`, `"api_key": "..."`. Only values
 * that look drawn at random count, so that prose, code and references to secrets pass.
 */
export const assignmentFormats: readonly SecretFormat[] = [
  {
    kind: 'assigned-secret',
    name: 'value assigned to a secret name',
    anchors: names.flatMap((name) => separators.map((separator) => name + separator)),
    caseless: true,
    peek: assigns,
    pattern:
      /[a-z_-]{3,16}["'\\]{0,3}\s{0,3}[:=]\s{0,3}["'\\]{0,3}([\w+/~!@#%^*.=?$-]{10,200})(?:["'\s,;&}\\)\]]|$)/iy,
    accept: ([, value = '']) => looksAssigned(value),
  },
];

function looksAssigned(value: string): boolean {
  return entropy(value) >= 3.2 && !placeholder.test(value) && !uuid.test(value) && hasRandomSegment(value);
}

/** Paths, identifiers and versions mix letters and digits too, but not within one of their segments. */
function hasRandomSegment(value: string): boolean {
  return value.split(/[/._=-]/).some((segment) => segment.length >= 8 && alternations(segment) >= 3);
}

/** How often letters and digits take turns. */
function alternations(segment: string): number {
  return (segment.match(/[a-z](?=[0-9])|[0-9](?=[a-z])/gi) ?? []).length;
}
