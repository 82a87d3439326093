import type { JsonObject } from '../../model/json.ts';
import type { EraVerdict, Scope } from '../../pipeline/ports.ts';
import { modernHttpLink } from './http/modern-link.ts';
import type { SuspendedCalls } from './legacy/suspended-calls.ts';
import type { Link } from './link.ts';
import type { HttpSettings, LinkContext } from './settings.ts';

/** What a link is opened for. */
export interface LinkPurpose {
  readonly verdict: EraVerdict;
  readonly scope: Scope;
  /** Told when a session begins; requests of 2026-07-28 tell them each time. */
  readonly capabilities: JsonObject;
  readonly suspended: SuspendedCalls;
}

/** Opens the link that suits the era and transport of the server. */
export function openLink(context: LinkContext, _purpose: LinkPurpose): Link {
  const { settings } = context;
  if (settings.kind === 'stdio') throw new Error('stdio comes next');
  return modernHttpLink({ ...context, settings } satisfies LinkContext<HttpSettings>);
}
