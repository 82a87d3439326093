import { Buffer } from 'node:buffer';
import type { Call } from '../model/call.ts';
import type { Finding } from '../model/finding.ts';
import type { JsonDocument, JsonObject, JsonValue } from '../model/json.ts';
import type { Guard, Inspection } from '../pipeline/ports.ts';
import { type DetectorName, detectors } from './catalog.ts';
import { cutDocument } from './cut-document.ts';
import type { Detector, Side, Sighting, Span, TextInspector } from './detector.ts';
import { type RawText, rawText } from './raw-text.ts';
import { walkTexts } from './text-walk.ts';

/** `enforce`: block and strip. `note`: let everything pass, recorded. `off`: do not look. */
export type GuardMode = 'enforce' | 'note' | 'off';

/** A mode for each detector; `enforce` where none is named. */
export type GuardOptions = { readonly [name in DetectorName]?: GuardMode };

/**
 * Makes the guard from the detectors of the catalog. Calls, results and notifications are inspected in everything but
 * their envelope (an `id` is the client's own, so it is inspected on its way out); descriptions in every string and member name.
 */
export function createGuard(options: GuardOptions = {}): Guard {
  const posts = Object.entries(detectors).flatMap(([name, create]) =>
    post(create, options[name as DetectorName] ?? 'enforce'),
  );
  return {
    call: (call) => guardCall(posts, call),
    message: (document) => guardMessage(posts, document),
    description: (item) => inspect(posts, item, [], 'description'),
  };
}

/** A detector on duty. */
interface Post {
  readonly detector: Detector;
  readonly enforced: boolean;
}

function post(create: () => Detector, mode: GuardMode): readonly Post[] {
  return mode === 'off' ? [] : [{ detector: create(), enforced: mode === 'enforce' }];
}

const nothing: readonly Finding[] = [];
const clean: Inspection = { findings: nothing };

/**
 * Everything that travels on is inspected, the members beside `params` and the `Mcp-Param-*` headers too.
 * `requestState` is left out: it is the gateway's own sealed text.
 */
function guardCall(posts: readonly Post[], { document, params, mirrors }: Call): readonly Finding[] {
  const mirrored = mirrors.size === 0 ? nothing : guardMirrors(posts, mirrors);
  const concerned = concernedBy(posts, rawText(document.bytes));
  if (concerned.length === 0) return mirrored;
  const { requestState: _sealed, ...inspected } = params;
  return [...mirrored, ...inspect(concerned, { ...document.value, params: inspected }, [], 'argument')];
}

/** The specification has an intermediary forward those that it does not know, so they could carry anything out. */
function guardMirrors(posts: readonly Post[], mirrors: Call['mirrors']): readonly Finding[] {
  const headers = Object.fromEntries(mirrors);
  const concerned = concernedBy(posts, rawText(Buffer.from(JSON.stringify(headers))));
  return concerned.length === 0 ? nothing : inspect(concerned, headers, ['headers'], 'argument');
}

function guardMessage(posts: readonly Post[], document: JsonDocument): Inspection {
  const concerned = concernedBy(posts, rawText(document.bytes));
  if (concerned.length === 0) return clean;
  const findings = [
    ...inspect(concerned, belowEnvelope(document.value), [], 'result'),
    ...inspect(concerned, besideEnvelope(document.value), [], 'result').map(withheld),
  ];
  const acts = (action: Finding['action']): boolean => findings.some((finding) => finding.action === action);
  // A message that is withheld is not edited.
  if (acts('block') || !acts('strip')) return { findings };
  return { findings, replacement: cutDocument(document, (text) => cutsOf(concerned, text)) };
}

function concernedBy(posts: readonly Post[], raw: RawText): readonly Post[] {
  return posts.filter(({ detector }) => detector.mayConcern(raw));
}

/** A message without the strings of its envelope: `jsonrpc`, `method` and an `id` that the client chose. */
function belowEnvelope(message: JsonObject): JsonObject {
  const members = Object.entries(message).filter(([, member]) => typeof member !== 'string');
  return Object.fromEntries(members) as JsonObject;
}

const envelope: ReadonlySet<string> = new Set(['jsonrpc', 'method', 'id']);

/** Strings beside the envelope, for which JSON-RPC has no meaning. */
function besideEnvelope(message: JsonObject): JsonObject {
  const members = Object.entries(message).filter(
    ([name, member]) => typeof member === 'string' && !envelope.has(name),
  );
  return Object.fromEntries(members) as JsonObject;
}

/** What has no meaning is not edited either. */
function withheld(finding: Finding): Finding {
  return finding.action === 'strip' ? { ...finding, action: 'block' } : finding;
}

/** A message with more findings than this is not described any further. */
const mostFindings = 32;

function inspect(
  posts: readonly Post[],
  value: JsonValue,
  root: readonly string[],
  side: Side,
): readonly Finding[] {
  const findings: Finding[] = [];
  let sighted = 0;
  const looks = posts.map(inspectorOf);
  walkTexts(value, root, (text, part, pointer) => {
    const before = sighted;
    if (sighted > mostSightings) return true;
    for (const look of looks) {
      for (const sighting of look(text, side, part)) {
        keep(findings, sighting, pointer);
        sighted += 1;
      }
    }
    return sighted > before;
  });
  return sighted > mostSightings ? [...findings, excess(posts)] : findings;
}

/** What a detector that is not enforced sees is noted. */
function inspectorOf({ detector, enforced }: Post): TextInspector {
  const look = detector.begin();
  if (enforced) return look;
  return (...seen) => look(...seen).map((sighting) => ({ ...sighting, action: 'note' }));
}

/** Beyond this a message is not inspected any further, so that its sender cannot choose how long that takes. */
const mostSightings = 10_000;

/** What was not inspected may not pass. */
function excess(posts: readonly Post[]): Finding {
  const action = posts.some(({ enforced }) => enforced) ? 'block' : 'note';
  return {
    code: 'guard.excess',
    action,
    at: '',
    message: `the message holds over ${mostSightings} findings`,
  };
}

/** Past the limit only what weighs more than the last one kept is worth telling. */
function keep(findings: Finding[], sighting: Sighting, pointer: () => string): void {
  if (findings.length >= mostFindings && weight[sighting.action] <= weight[findings.at(-1)?.action ?? 'note'])
    return;
  if (findings.length >= mostFindings) findings.pop();
  const at = clipped(pointer());
  findings.push({ code: sighting.code, action: sighting.action, at, message: sighting.message });
}

/** Member names are whatever their sender made them; the record has no use for all of a long one. */
function clipped(pointer: string): string {
  return pointer.length > longestPointer ? `${pointer.slice(0, longestPointer).toWellFormed()}…` : pointer;
}

const longestPointer = 512;

const weight: Readonly<Record<Finding['action'], number>> = { note: 0, strip: 1, block: 2 };

function cutsOf(posts: readonly Post[], text: string): readonly Span[] {
  return posts.flatMap(({ detector, enforced }) => (enforced ? (detector.cuts?.(text) ?? []) : []));
}
