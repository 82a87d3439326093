export { eraVerdictsContract } from './era-verdicts.ts';
export { eventNumber, type JournalUnderTest, journalContract, sampleDecision } from './journal.ts';
