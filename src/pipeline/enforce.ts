import { type Arrived, arrive } from './arrive.ts';
import { authorize } from './authorize.ts';
import { brokerCredential } from './broker-credential.ts';
import { chargeResult } from './charge-result.ts';
import { compareMirrors } from './compare-mirrors.ts';
import { confine } from './confine.ts';
import { decode } from './decode.ts';
import { forward } from './forward.ts';
import { guardCall } from './guard-call.ts';
import { guardResult } from './guard-result.ts';
import { identify } from './identify.ts';
import { isolate } from './isolate.ts';
import { offer } from './offer.ts';
import type { Enforce, Ports } from './ports.ts';
import { present } from './present.ts';
import { recordDecision } from './record-decision.ts';
import { recordRefusal } from './record-refusal.ts';
import { release } from './release.ts';
import { resolve } from './resolve.ts';
import { spend } from './spend.ts';
import { pipeline, Stopped } from './stage.ts';
import { cleanDescriptions, visibility } from './visible.ts';

/**
 * The product: what happens to one call, from top to bottom. Each stage adds to the state what it proved and needs
 * what the stages above it proved, so another order does not compile (`enforce.test-d.ts`). A stage that refuses or
 * throws ends the call, and the refusal is recorded before it is told.
 */
export function enforce(given: Ports): Enforce {
  const ports = { ...given, policy: confine(given.policy) };
  const clean = cleanDescriptions(ports);
  const visible = visibility(ports, clean);
  const refused = recordRefusal(ports);
  const stages = pipeline<Arrived>()
    .through(identify(ports))
    .through(decode())
    .through(isolate(ports))
    .through(resolve(ports, clean))
    .through(authorize(ports, visible))
    .through(compareMirrors())
    .through(guardCall(ports))
    .through(spend(ports))
    .through(brokerCredential(ports))
    .through(recordDecision(ports))
    .through(forward({ ports, visible, offer: offer(ports) }))
    .through(guardResult(ports))
    .through(chargeResult(ports))
    .through(present())
    .through(release(ports));

  return async (arrival, signal) => {
    const run = await stages.run(arrive(ports.clock, arrival), signal);
    if (run instanceof Stopped) return refused(run);
    return {
      kind: 'released',
      decisionId: run.id,
      subject: run.subject,
      call: run.call,
      reply: run.released,
    };
  };
}
