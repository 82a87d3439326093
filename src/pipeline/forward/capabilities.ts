import { isJsonObject, type JsonObject } from '../../model/json.ts';

/** The server capabilities that the gateway polices. Others, and every extension, are denied by default. */
const policed: Readonly<Record<string, readonly string[]>> = {
  tools: ['listChanged'],
  resources: ['listChanged', 'subscribe'],
  prompts: ['listChanged'],
  completions: [],
  logging: [],
};

/** All that is policed, with every option. */
export const everyCapability: JsonObject = Object.fromEntries(
  Object.entries(policed).map(([capability, options]) => [
    capability,
    Object.fromEntries(options.map((option) => [option, true])),
  ]),
);

/** The capabilities of an endpoint: those that any of its upstreams has, cut down to what is policed. */
export function offeredCapabilities(upstreams: readonly JsonObject[]): JsonObject {
  const offered: Record<string, JsonObject> = {};
  for (const [capability, options] of Object.entries(policed)) {
    const declared = upstreams.map((capabilities) => capabilities[capability]).filter(isJsonObject);
    if (declared.length > 0) offered[capability] = commonOptions(declared, options);
  }
  return offered;
}

function commonOptions(declared: readonly JsonObject[], options: readonly string[]): JsonObject {
  const set = options.filter((option) => declared.some((one) => one[option] === true));
  return Object.fromEntries(set.map((option) => [option, true]));
}
