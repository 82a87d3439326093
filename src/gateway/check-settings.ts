import type { Settings } from '../control/settings.ts';
import { checkPolicies } from '../policy/read-sources.ts';

/** What is wrong with settings beyond their form, such as a policy that does not parse: `file:line:column: message`. */
export async function checkSettings({ policy }: Settings): Promise<readonly string[]> {
  return checkPolicies(policy.sources).map(
    ({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`,
  );
}
