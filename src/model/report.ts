/** Tells the operator of an event, with facts that name no secret. */
export type Report = (event: string, facts: Readonly<Record<string, string>>) => void;
