/** The library entry of Bartizan: start a gateway from settings, read a configuration, and the ports to adapt it by. */

export { ConfigError } from './control/config-error.ts';
export type { Gateway, OwnerToken, StartOptions } from './control/gateway-contract.ts';
export { type Loaded, loadSettings } from './control/load-settings.ts';
export type { Settings } from './control/settings.ts';
export { checkSettings, issueOwnerToken, startGateway } from './gateway.ts';
export type { Ports } from './pipeline/ports.ts';
