// Every line marked `@ts-expect-error` is an order of stages that must not compile. If one did, this file would not.
import type { Arrived } from './arrive.ts';
import { authorize } from './authorize.ts';
import { brokerCredential } from './broker-credential.ts';
import { chargeResult } from './charge-result.ts';
import { compareMirrors } from './compare-mirrors.ts';
import { decode } from './decode.ts';
import { type ForwardTools, forward } from './forward.ts';
import { guardCall } from './guard-call.ts';
import { guardResult } from './guard-result.ts';
import { identify } from './identify.ts';
import { isolate } from './isolate.ts';
import type { Ports, RelayOrder } from './ports.ts';
import { present } from './present.ts';
import { recordDecision } from './record-decision.ts';
import { release } from './release.ts';
import { resolve } from './resolve.ts';
import { spend } from './spend.ts';
import { pipeline } from './stage.ts';
import type { Clean, Visible } from './visible.ts';

declare const ports: Ports;
declare const clean: Clean;
declare const visible: Visible;
declare const tools: ForwardTools;

const identified = pipeline<Arrived>().through(identify(ports));
const resolved = identified.through(decode()).through(isolate(ports)).through(resolve(ports, clean));
const guarded = resolved
  .through(authorize(ports, visible))
  .through(compareMirrors())
  .through(guardCall(ports));
const spent = guarded.through(spend(ports));
const recorded = spent.through(brokerCredential(ports)).through(recordDecision(ports));
const presented = recorded
  .through(forward(tools))
  .through(guardResult(ports))
  .through(chargeResult(ports))
  .through(present());
presented.through(release(ports));

// @ts-expect-error: nobody unknown reaches the parser
pipeline<Arrived>().through(decode());
// @ts-expect-error: a handle is opened for its owner, who must be known, in a message that was read
identified.through(isolate(ports));
// @ts-expect-error: names are resolved to a server before a list is asked
identified.through(decode()).through(resolve(ports, clean));
// @ts-expect-error: what the caller may not see is not put to the policy
identified.through(decode()).through(isolate(ports)).through(authorize(ports, visible));
// @ts-expect-error: a mismatch of headers tells that the tool exists, so it is told only to those who may know
resolved.through(compareMirrors());
// @ts-expect-error: a call that is not permitted is not inspected
resolved.through(guardCall(ports));
// @ts-expect-error: no credential for a call that is not permitted and inspected
resolved.through(authorize(ports, visible)).through(brokerCredential(ports));
// @ts-expect-error: no credential before the budget of the task is charged
guarded.through(brokerCredential(ports));
// @ts-expect-error: nothing is charged for a call that is not permitted
resolved.through(spend(ports));
// @ts-expect-error: no permit is recorded before the call was guarded and has its credential
spent.through(recordDecision(ports));
// @ts-expect-error: forwarding before authorizing
resolved.through(forward(tools));
// @ts-expect-error: forwarding before recording
spent.through(brokerCredential(ports)).through(forward(tools));
// @ts-expect-error: there is nothing to inspect before the answer is there
recorded.through(guardResult(ports));
// @ts-expect-error: an answer is shown only after its inspection
recorded.through(forward(tools)).through(guardResult(ports)).through(present());
const charged = recorded.through(forward(tools)).through(guardResult(ports)).through(chargeResult(ports));
// @ts-expect-error: an answer is released only as it may be shown
charged.through(release(ports));

// @ts-expect-error: a permit cannot be written down, only issued by `authorize`
export const forged: RelayOrder['permit'] = { action: 'x', resource: undefined, policies: [], valid: true };
