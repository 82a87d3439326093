/**
 * The library entry of Bartizan: read a configuration, check it, start a gateway from it.
 *
 * ```ts
 * const { settings } = await loadSettings('bartizan.yaml');
 * const gateway = await startGateway(settings);
 * console.log(gateway.url);
 * await gateway.stop();
 * ```
 *
 * The types of the ports are here for authors of adapters; the suites that an adapter must pass are in
 * `bartizan/testing`.
 */

export { ConfigError, type Place, type Problem } from './control/config-error.ts';
export type { Adapters, Gateway, OwnerToken, StartOptions, TokenOrder } from './control/gateway-contract.ts';
export { type ListenOrders, type Loaded, loadSettings } from './control/load-settings.ts';
export type { Surroundings } from './control/resolve-settings.ts';
export type {
  HttpTarget,
  PolicySettings,
  PolicyText,
  ServerSettings,
  Settings,
  StdioTarget,
} from './control/settings.ts';
export { checkSettings, issueOwnerToken, startGateway } from './gateway.ts';
export type {
  Catalog,
  Clock,
  CredentialBroker,
  EraVerdicts,
  Guard,
  Identity,
  Inventory,
  Journal,
  Policy,
  Ports,
  Seal,
  Tagger,
  Upstreams,
} from './pipeline/ports.ts';
