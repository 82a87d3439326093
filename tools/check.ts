import { runStaticChecks } from './house/static-checks.ts';
import { close } from './house/tally.ts';

/** `npm run check`: the static checks alone. */
close(await runStaticChecks(process.cwd()));
