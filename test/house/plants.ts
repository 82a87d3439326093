/** One planted fault: the file it stands in, its text, and the rule that must name it. */
export type Plant = {
  readonly file: string;
  readonly text: string;
  readonly rule: string;
  /** The compiler option that makes it a fault. */
  readonly flag?: string;
};

const lines = (count: number, line: string): string => `${line}\n`.repeat(count);

/** For `tsc`: one fault per strict flag, with the number of the error that only this flag gives. */
export const typePlants: readonly Plant[] = [
  ['strict', 'export const text: string = null;', 'TS2322'],
  ['exactOptionalPropertyTypes', 'type A = { b?: string };\nexport const a: A = { b: undefined };', 'TS2375'],
  ['noUncheckedIndexedAccess', 'const list: string[] = [];\nexport const first: string = list[0];', 'TS2322'],
  [
    'noPropertyAccessFromIndexSignature',
    'const map: Record<string, string> = {};\nexport const a: string | undefined = map.a;',
    'TS4111',
  ],
  [
    'noImplicitOverride',
    'class A {\n  run(): void {}\n}\nexport class B extends A {\n  run(): void {}\n}',
    'TS4114',
  ],
  [
    'noImplicitReturns',
    'export function f(a: boolean): number | undefined {\n  if (a) return 1;\n}',
    'TS7030',
  ],
  [
    'noFallthroughCasesInSwitch',
    'export function f(a: number): void {\n  switch (a) {\n    case 1:\n      f(2);\n    case 2:\n  }\n}',
    'TS7029',
  ],
  ['noUnusedLocals', 'export function f(): void {\n  const a = 1;\n}', 'TS6133'],
  ['noUnusedParameters', 'export function f(a: number): void {}', 'TS6133'],
  ['noUncheckedSideEffectImports', "import './missing.ts';", 'TS2882'],
  ['erasableSyntaxOnly', 'export enum Color {\n  Red,\n}', 'TS1294'],
  ['verbatimModuleSyntax', "import { Plant } from './clean.ts';\nexport type P = Plant;", 'TS1484'],
  ['isolatedDeclarations', 'export function f() {\n  return Math.random();\n}', 'TS9013'],
  ['module', "import { clean } from './clean';\nexport const c: number = clean;", 'TS2835'],
  ['allowUnreachableCode', 'export function f(): number {\n  return 1;\n  f();\n}', 'TS7027'],
].map(([flag = '', text, rule = '']) => ({ flag, file: `src/model/${flag}.ts`, text: `${text}\n`, rule }));

/** For Biome: every limit and ban of the style guide. */
export const lintPlants: readonly Plant[] = [
  ['src/model/format.ts', 'export const a = "double quotes"', 'title=format,'],
  [
    'src/model/long-file.ts',
    Array.from({ length: 401 }, (_, i) => `export const a${i} = ${i};`).join('\n'),
    'lint/style/noExcessiveLinesPerFile',
  ],
  [
    'src/model/long-function.ts',
    `export function f(a: () => void): void {\n${lines(61, '  a();')}}`,
    'lint/complexity/noExcessiveLinesPerFunction',
  ],
  [
    'src/model/tangled.ts',
    `export function f(a: number): number {\n${lines(11, '  if (a > 1) return 1;')}  return 2;\n}`,
    'lint/complexity/noExcessiveCognitiveComplexity',
  ],
  ['src/model/camelCase.ts', 'export const a = 1;', 'lint/style/useFilenamingConvention'],
  ['src/model/default-export.ts', 'export default 1;', 'lint/style/noDefaultExport'],
  ['src/model/enum.ts', 'export enum A {\n  B,\n}', 'lint/style/noEnum'],
  [
    'src/model/parameter-property.ts',
    'export class A {\n  constructor(readonly b: string) {}\n}',
    'lint/style/noParameterProperties',
  ],
  ['src/model/export-star.ts', "export * from './clean.ts';", 'lint/performance/noReExportAll'],
  ['src/model/any.ts', 'export const a: any = 1;', 'lint/suspicious/noExplicitAny'],
  [
    'src/model/non-null.ts',
    'export const f = (a: string | undefined): string => a!;',
    'lint/style/noNonNullAssertion',
  ],
  [
    'src/model/method.ts',
    'export type A = {\n  run(): void;\n};',
    'lint/style/useConsistentMethodSignatures',
  ],
  ['src/model/namespace.ts', 'export namespace A {\n  export const b = 1;\n}', 'lint/style/noNamespace'],
  ['src/model/console.ts', "console.log('out');", 'lint/suspicious/noConsole'],
  [
    'src/model/cycle-a.ts',
    "import { b } from './cycle-b.ts';\n\nexport const a = (): number => b();",
    'lint/suspicious/noImportCycles',
  ],
  [
    'src/model/cycle-b.ts',
    "import { a } from './cycle-a.ts';\n\nexport const b = (): number => a();",
    'lint/suspicious/noImportCycles',
  ],
  [
    'src/model/no-reason.ts',
    `// biome-${'ignore'} lint/suspicious/noExplicitAny:\nexport const a: any = 1;`,
    'suppressions/parse',
  ],
  [
    'src/model/stale.ts',
    `// biome-${'ignore'} lint/suspicious/noExplicitAny: there is none below\nexport const a = 1;`,
    'suppressions/unused',
  ],
  ['src/model/no-ending.ts', "export { clean } from './clean';", 'lint/correctness/useImportExtensions'],
  [
    'src/model/value-import.ts',
    "import { Plant } from './clean.ts';\n\nexport type P = Plant;",
    'lint/style/useImportType',
  ],
  [
    'src/store/protocol.ts',
    "import { join } from 'path';\n\nexport const a: string = join('a');",
    'lint/style/useNodejsImportProtocol',
  ],
  [
    'src/model/await-value.ts',
    'export async function f(): Promise<void> {\n  await 1;\n}',
    'lint/nursery/useAwaitThenable',
  ],
  ['src/model/var.ts', 'export var a = 1;', 'lint/suspicious/noVar'],
  ['src/model/unused-variable.ts', 'const a = 1;', 'lint/correctness/noUnusedVariables'],
  ['src/model/unused.ts', "import { clean } from './clean.ts';", 'lint/correctness/noUnusedImports'],
].map(([file, text, rule]) => ({ file: file ?? '', text: `${text}\n`, rule: rule ?? '' }));

/** For oxlint: one fault per type-aware rule. */
export const typedLintPlants: readonly Plant[] = [
  ['no-floating-promises', 'export function f(p: Promise<void>): void {\n  p.then(() => 1);\n}'],
  [
    'no-misused-promises',
    'export function f(list: readonly number[]): void {\n  list.forEach(async () => {});\n}',
  ],
  ['no-unsafe-argument', "export function f(a: (b: string) => void): void {\n  a(JSON.parse('1'));\n}"],
  ['no-unsafe-assignment', "export const a: string = JSON.parse('1');"],
  ['no-unsafe-call', "export function f(): void {\n  JSON.parse('1')();\n}"],
  ['no-unsafe-member-access', "export function f(): void {\n  JSON.parse('1').a;\n}"],
  ['no-unsafe-return', "export function f(): string {\n  return JSON.parse('1');\n}"],
  ['only-throw-error', "export function f(): void {\n  throw 'text';\n}"],
  [
    'switch-exhaustiveness-check',
    "export function f(a: 'b' | 'c'): void {\n  switch (a) {\n    case 'b':\n      return;\n  }\n}",
  ],
].map(([rule, text]) => ({ file: `src/model/${rule}.ts`, text: `${text}\n`, rule: `typescript(${rule})` }));

/** For the house's own checker: each row of the import rule that could be broken in a different way. */
export const roomPlants: readonly Plant[] = [
  ['src/model/up.ts', "import type { A } from '../wire/codec.ts';", 'room'],
  ['src/model/builtin.ts', "import { Buffer } from 'node:buffer';", 'builtin'],
  ['src/wire/builtin.ts', "import { readFileSync } from 'node:fs';", 'builtin'],
  ['src/pipeline/builtin.ts', "import { request } from 'node:http';", 'builtin'],
  ['src/pipeline/adapter.ts', "import { a } from '../policy/a.ts';", 'room'],
  ['src/policy/adapter.ts', "import { a } from '../identity/a.ts';", 'room'],
  ['src/policy/pipeline.ts', "import { a } from '../pipeline/enforce.ts';", 'room'],
  ['src/policy/root.ts', "import { a } from '../gateway.ts';", 'room'],
  ['src/guard/many-lines.ts', "import {\n  a,\n} from '../wire/codec.ts';", 'room'],
  ['src/flow/re-export.ts', "export { a } from '../guard/a.ts';", 'room'],
  ['src/watch/side-effect.ts', "import '../audit/a.ts';", 'room'],
  ['src/store/lazy.ts', "export const a = () => import('../audit/a.ts');", 'room'],
  ['src/store/type-query.ts', "export type A = typeof import('../audit/a.ts');", 'room'],
  ['src/scan/ports.ts', "import type { A } from '../pipeline/ports.ts';", 'room'],
  ['src/cli/policy.ts', "import { a } from '../policy/a.ts';", 'room'],
  ['src/store/unit.test.ts', "import { a } from '../policy/a.ts';", 'room'],
  ['src/store/outside.ts', "import { a } from '../../tools/a.ts';", 'room'],
  ['src/policy/package.ts', "import { jwtVerify } from 'jose';", 'package'],
  ['src/wire/package.ts', "import { z } from 'zod/v4';", 'package'],
  ['src/transport/scoped.ts', "import { a } from '@cedar-policy/cedar-wasm/nodejs';", 'package'],
  ['src/audit/unlisted.ts', "import express from 'express';", 'package'],
  ['src/gateway.ts', "import { Pool } from 'undici';", 'package'],
  ['src/cli/computed.ts', 'export const a = (b: string) => import(b);', 'opaque-import'],
  ['src/cli/concatenated.ts', "export const a = (b: string) => import('./a' + b);", 'opaque-import'],
  ['src/cli/require.ts', "import { createRequire } from 'node:module';", 'opaque-import'],
  ['src/misc/stray.ts', 'export const a = 1;', 'unknown-room'],
  ['src/stray.ts', 'export const a = 1;', 'unknown-room'],
  ['src/model/ignore.ts', `// @ts-${'ignore'}\nexport const a = 1;`, 'reason'],
  ['test/expect.ts', `// @ts-${'expect-error'}\nexport const a: string = 1;`, 'reason'],
  ['tools/disable.ts', `// oxlint-${'disable'}-next-line no-debugger\nexport const a = 1;`, 'reason'],
].map(([file, text, rule]) => ({ file: file ?? '', text: `${text}\n`, rule: `house/${rule}` }));

/** For knip: what nobody uses, and what nobody declared; the rule is the heading of knip's report. */
export const deadCodePlants: readonly Plant[] = [
  { file: 'src/model/orphan.ts', text: 'export const a = 1;\n', rule: 'Unused files' },
  { file: 'src/model/half.ts', text: 'export const a = 1;\nexport const b = 2;\n', rule: 'Unused exports' },
  {
    file: 'src/model/half-types.ts',
    text: 'export type A = 1;\nexport type B = 2;\n',
    rule: 'Unused exported types',
  },
  {
    file: 'src/control/unlisted.ts',
    text: "import 'left-pad';\n\nexport const c = 1;\n",
    rule: 'Unlisted dependencies',
  },
];
