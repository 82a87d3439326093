export { eventNumber, type JournalUnderTest, journalContract, sampleDecision } from './journal.ts';
