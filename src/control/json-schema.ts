import { z } from 'zod';
import { settingsFileSchema } from './settings-schema.ts';

/** The part of JSON Schema (draft 2020-12) that the schema of `bartizan.yaml` uses. */
export interface JsonSchema {
  readonly type?: string | readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly pattern?: string | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema | boolean>> | undefined;
  readonly additionalProperties?: JsonSchema | boolean | undefined;
  readonly items?: unknown;
  readonly [keyword: string]: unknown;
}

/** Where the published package has the schema; editors fetch it from there. */
const schemaUrl: string = 'https://unpkg.com/bartizan/schema/bartizan.schema.json';

/** The JSON Schema of `bartizan.yaml`, made from the schema that reads it. */
export function settingsJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(settingsFileSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      delete jsonSchema.propertyNames;
      Object.assign(jsonSchema, withReference(jsonSchema));
    },
  });
  return { $schema, $id: schemaUrl, title: 'bartizan.yaml', ...schema };
}

/** What is read as a number, truth value, word or special text may be written as a reference. */
function withReference({ type, enum: words, pattern }: JsonSchema): JsonSchema {
  if (type === 'integer' || type === 'number' || type === 'boolean')
    return { type: [type, 'string'], pattern: reference };
  if (pattern !== undefined) return { pattern: `${pattern}|${reference}|^file:` };
  return words === undefined ? {} : { enum: undefined, anyOf: [{ enum: words }, { pattern: reference }] };
}

const reference = String.raw`^\$\{.*\}$`;
