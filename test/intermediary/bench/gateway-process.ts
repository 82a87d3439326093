import { loadSettings } from '../../../src/control/load-settings.ts';
import { startGateway } from '../../../src/gateway.ts';

/** A gateway as a process of its own, for what is measured of a process: `node gateway-process.ts <config>`. */
const gateway = await startGateway((await loadSettings(process.argv[2] ?? '')).settings);
process.stdout.write(`listening ${gateway.url}\n`);
process.stdin.resume().on('end', () => {
  gateway.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
