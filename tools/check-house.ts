import { checkReasons } from './house/check-reasons.ts';
import { checkRooms } from './house/check-rooms.ts';

/** Prints every broken house rule of the repository given (default: here), and exits 1 when there is one. */
const root = process.argv[2] ?? process.cwd();
const findings = [...checkRooms(root), ...checkReasons(root)];
for (const { file, line, rule, text } of findings) console.error(`${file}:${line} house/${rule} ${text}`);
process.exitCode = findings.length === 0 ? 0 : 1;
