import { join } from 'node:path';
import { runTestFiles } from '../../tools/house/run-test-files.ts';
import { sourcesUnder } from '../../tools/house/sources.ts';
import { close } from '../../tools/house/tally.ts';

/**
 * `npm run test:real`: tests against servers and clients that nobody here wrote, one file at a time. A test that
 * cannot get its counterpart skips and says what it lacked; the skips are listed before the last line.
 */
const root = process.cwd();
const files = sourcesUnder(join(root, 'test', 'real')).filter((file) => file.endsWith('.test.ts'));
if (files.length === 0) console.log('no test files under test/real');
const tally = await runTestFiles(root, files, 1);
close(tally);
// Nothing to run is not a failure here: the suite may hold no files, and all its counterparts may be out of reach.
if (tally.failed === 0) process.exitCode = 0;
