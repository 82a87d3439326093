/** What went wrong, in words: the message of an error, or the text of whatever else was thrown. */
export function faultMessage(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
