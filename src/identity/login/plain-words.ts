import type { JsonObject } from '../../model/json.ts';
import type { Rights } from './consents.ts';
import type { ShownItem, ShownRight } from './pages/consent.ts';

/** How resources and scopes are called for people. */
export interface Words {
  readonly resource: (resource: string) => string | undefined;
  readonly scope: (scope: string) => string | undefined;
}

/** Scopes about the person (OpenID Connect Core sections 5.4 and 11). */
const known: ReadonlyMap<string, string> = new Map([
  ['openid', 'Know who you are'],
  ['profile', 'Read your name and profile'],
  ['email', 'Read your e-mail address'],
  ['phone', 'Read your telephone number'],
  ['address', 'Read your postal address'],
  ['offline_access', 'Keep this access while you are away, until you withdraw it'],
]);

/** Rights as the consent page shows them. */
export function rightsInWords(
  rights: Rights,
  details: readonly JsonObject[],
  words: Words,
): readonly ShownRight[] {
  const item = (literal: string): ShownItem => ({
    literal,
    words: words.scope(literal) ?? known.get(literal) ?? 'Use what this scope stands for:',
  });
  const claims = rights.claims.map((literal) => ({ literal, words: 'Read this about you:' }));
  // What is a scope of a resource is said there.
  const elsewhere = new Set(Object.values(rights.resources).flat());
  const about = [...rights.scopes.filter((scope) => !elsewhere.has(scope)).map(item), ...claims];
  const resources = Object.entries(rights.resources).map(([resource, scopes]) => ({
    title: words.resource(resource) ?? 'A resource of this gateway',
    resource,
    items: scopes.map(item),
  }));
  return [
    ...(about.length === 0 ? [] : [{ title: 'You', items: about }]),
    ...resources,
    ...(details.length === 0 ? [] : [{ title: 'In detail', items: details.map(detailInWords) }]),
  ];
}

/** One entry of `authorization_details` (RFC 9396); what is not known is shown as it is, for it may be much. */
function detailInWords(detail: JsonObject): ShownItem {
  const type = typeof detail['type'] === 'string' ? detail['type'] : 'unknown';
  return { words: `A permission of the type ${type}:`, literal: JSON.stringify(detail) };
}
