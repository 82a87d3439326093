/**
 * For authors of adapters: the contract suite of each port, to be called from a test of `node:test`, and scripted ports
 * with which a pipeline or a part of it runs without the rest of the gateway.
 */

export { catalogContract } from './catalog.ts';
export { clockContract } from './clock.ts';
export { documentsContract, type OpenDocuments } from './documents.ts';
export { type ProvenRequest, type TestKey, testKey } from './dpop.ts';
export { eraVerdictsContract } from './era-verdicts.ts';
export { type GuardUnderTest, guardContract } from './guard.ts';
export { hotStateContract, type OpenHotState } from './hot-state.ts';
export { type IdentityUnderTest, identityContract } from './identity.ts';
export { eventNumber, type JournalUnderTest, journalContract, sampleDecision } from './journal.ts';
export {
  denyAll,
  testArrival,
  testCall,
  testPorts,
  testReply,
  testServer,
  testSubject,
  written,
} from './pipeline-ports.ts';
export { type PolicyUnderTest, policyContract } from './policy.ts';
export { sealContract } from './seal.ts';
