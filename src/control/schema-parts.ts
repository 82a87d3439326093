import { z } from 'zod';
import type { ClaimSettings, DeviceClaims } from './settings-file.ts';

const webUrl = /^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?(\?[^\s#]*)?$/;
const claimName = 'name of the claim, or a JSON Pointer such as `/realm_access/roles`';

/** An origin, without a path. */
export const origin: RegExp = /^https?:\/\/[^\s/?#@]+$/;

export const text: z.ZodString = z.string().min(1);
export const url: z.ZodString = z
  .string()
  .regex(webUrl, 'a URL that begins with http:// or https:// and has no fragment');
export const count: z.ZodInt = z.int().min(1);
export const texts: z.ZodRecord<z.ZodString, z.ZodString> = z.record(z.string(), z.string());

const device: z.ZodType<DeviceClaims> = z.strictObject({
  id: text.exactOptional().describe(`Device id: ${claimName}.`),
  managed: text.describe(`Whether the device is managed (true or false): ${claimName}.`),
  observedAt: text
    .exactOptional()
    .describe(`When that was observed, in seconds since the epoch; default is \`iat\`: ${claimName}.`),
  maxAgeSeconds: count
    .default(3_600)
    .describe('A posture older than this, or without a date, counts as unmanaged.'),
});

/** Which claims say what. */
export const claims: z.ZodType<ClaimSettings> = z.strictObject({
  roles: text
    .exactOptional()
    .describe(`Roles of the user; default is \`roles\` or what the provider writes: ${claimName}.`),
  groups: text.exactOptional().describe(`Groups of the user; default is \`groups\`: ${claimName}.`),
  tenant: text.exactOptional().describe(`Tenant of the user: ${claimName}.`),
  agent: z
    .array(text)
    .min(1)
    .exactOptional()
    .describe(
      `Id of the agent; the first that is there counts; default is \`/act/sub\`, \`client_id\`, \`azp\`: ${claimName}.`,
    ),
  device: device.exactOptional().describe('Posture of the device; without it every device is unmanaged.'),
});
