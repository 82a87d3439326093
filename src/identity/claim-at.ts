import { isJsonObject, type JsonObject, type JsonValue, stringsIn } from '../model/json.ts';

/**
 * The claim at a place: a member's name, or a JSON Pointer (RFC 6901).
 *
 * INVARIANT: only own members count; `constructor` and its like are claims of nobody.
 */
export function claimAt(claims: JsonObject, place: string): JsonValue | undefined {
  const steps = place.startsWith('/') ? place.slice(1).split('/').map(unescaped) : [place];
  return steps.reduce<JsonValue | undefined>(
    (value, step) => (isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    claims,
  );
}

function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A claim that some issuers write as one text and others as a list. */
export function textsAt(claims: JsonObject, place: string): readonly string[] {
  const value = claimAt(claims, place);
  return typeof value === 'string' ? [value] : stringsIn(value);
}

/**
 * Whether the issuer left a claim out and says where else it is (OpenID Connect Core section 5.6.2), as some do with groups
 * that are too many. Without the groups a policy that forbids something to one of them would not.
 */
export function isElsewhere(claims: JsonObject, name: string): boolean {
  const elsewhere = claims['_claim_names'];
  return isJsonObject(elsewhere) && Object.hasOwn(elsewhere, name);
}
