import type { GatewayModule } from '../control/gateway-contract.ts';

/** Loads the gateway. It is loaded late, so that `--help` and mistakes answer at once. */
export function loadGateway(): Promise<GatewayModule> {
  return import('../gateway.ts');
}
