import type { EraVerdict, Scope } from '../../pipeline/ports.ts';
import { modernHttpLink } from './http/modern-link.ts';
import { httpWire } from './legacy/http-wire.ts';
import { legacyLink } from './legacy/legacy-link.ts';
import { sseWire } from './legacy/sse-wire.ts';
import type { SuspendedCalls } from './legacy/suspended-calls.ts';
import type { Link } from './link.ts';
import type { HttpSettings, LinkContext, StdioSettings } from './settings.ts';
import { modernStdioLink } from './stdio/modern-link.ts';
import { stdioWire } from './stdio/stdio-wire.ts';

/** What a link is opened for. */
export interface LinkPurpose {
  readonly verdict: EraVerdict;
  readonly scope: Scope;
  readonly suspended: SuspendedCalls;
}

/** Opens the link that suits the era and transport of the server. */
export function openLink(context: LinkContext, purpose: LinkPurpose): Link {
  const { settings } = context;
  return settings.kind === 'http'
    ? openHttp({ ...context, settings } satisfies LinkContext<HttpSettings>, purpose)
    : openStdio({ ...context, settings } satisfies LinkContext<StdioSettings>, purpose);
}

function openHttp(context: LinkContext<HttpSettings>, purpose: LinkPurpose): Link {
  const { verdict, scope } = purpose;
  if (verdict.era === 'modern') return modernHttpLink(context);
  const wire = verdict.transport === 'sse' ? sseWire(context, scope) : httpWire(context, scope);
  return legacyLink(context, purpose, wire);
}

function openStdio(context: LinkContext<StdioSettings>, purpose: LinkPurpose): Link {
  const wire = stdioWire(context);
  return purpose.verdict.era === 'modern'
    ? modernStdioLink(context, wire)
    : legacyLink(context, purpose, wire);
}
