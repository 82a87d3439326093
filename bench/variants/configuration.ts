import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings } from '../../src/control/load-settings.ts';
import type { Settings } from '../../src/control/settings.ts';
import type { Composition } from './compose.ts';

const distractors = 23;

/** One policy that permits the call after reading user, device, time and resource, among others that do not apply. */
function policies(): string {
  const others = Array.from(
    { length: distractors },
    (_, i) => `permit (principal == Agent::"agent-${i}", action == Action::"bench:tool-${i}", resource)
when { context.user.roles.contains("role-${i}") && context.device.managed };`,
  );
  return `permit (principal == Agent::"local", action == Action::"bench:lookup", resource)
when {
  context.user.roles.contains("owner") && context.device.managed
  && context.time.hour >= 0 && context.time.hour < 24
  && resource.hasTag("project") && resource.getTag("project") == "blue"
};
${others.join('\n')}
`;
}

/**
 * Settings as an operator would write them, with the limits that one client of this benchmark would meet raised. `more`
 * are further sections.
 */
export async function benchSettings(
  { upstream, scratch }: Composition,
  more: object = {},
): Promise<Settings> {
  mkdirSync(join(scratch, 'policies'));
  writeFileSync(join(scratch, 'policies', 'bench.cedar'), policies());
  const file = join(scratch, 'bartizan.yaml');
  writeFileSync(
    file,
    JSON.stringify({
      listen: { port: 0 },
      state: { directory: join(scratch, 'state') },
      servers: { bench: { url: upstream, era: 'modern', tags: { project: 'blue' } } },
      policy: { files: ['policies/bench.cedar'], timezone: 'Europe/Berlin' },
      limits: { streamsPerPrincipal: 4096, callsPerPrincipal: 4096 },
      ...more,
    }),
  );
  return (await loadSettings(file)).settings;
}
