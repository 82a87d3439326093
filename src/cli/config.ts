import { formatYaml } from '../control/format-yaml.ts';
import { schemaFile } from '../control/pages.ts';
import { loadConfig } from './config-file.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { output } from './output.ts';

/** How `bartizan config print` was asked for. */
export interface ConfigPrintOptions {
  readonly config?: string;
  readonly json: boolean;
}

/** Prints the configuration with its defaults; references stay references, secrets are masked. */
export async function runConfigPrint(options: ConfigPrintOptions): Promise<ExitCode> {
  const { shown } = await loadConfig(options.config);
  output.data(options.json ? JSON.stringify(shown) : formatYaml(shown).trimEnd());
  return exitCode.ok;
}

/** Prints the JSON Schema of `bartizan.yaml`. */
export function runConfigSchema(): ExitCode {
  output.data(schemaFile().trimEnd());
  return exitCode.ok;
}
