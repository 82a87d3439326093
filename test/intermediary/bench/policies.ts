/** The owner's agents may do everything; an agent named `guest` may only read. */
export const guestReadsOnly: string = `
@id("owner") permit (principal, action, resource)
when { context.user.issuer == "urn:bartizan:owner" && principal != Agent::"guest" };
@id("guest") permit (principal == Agent::"guest", action == Action::"files:read", resource);
`;
