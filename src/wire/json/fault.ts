/** Why the strict reader refused a text. */
export interface JsonFault {
  readonly fault:
    | 'encoding'
    | 'syntax'
    | 'duplicate'
    | 'disguised'
    | 'nul'
    | 'depth'
    | 'batch'
    | 'not-object'
    | 'size';
  /** For the record. */
  readonly detail: string;
}
