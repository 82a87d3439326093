/** What went wrong, in words: the message of an error, or the text of whatever else was thrown. */
export function faultMessage(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}

/** The same with the place in the code it came from, for the record and the operator; never for a caller. */
export function faultTrace(fault: unknown): string {
  return fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
}
