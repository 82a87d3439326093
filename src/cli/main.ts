#!/usr/bin/env -S node --disallow-code-generation-from-strings --enable-experimental-regexp-engine-on-excessive-backtracks --disable-warning=ExperimentalWarning
// Nothing is imported before the version is known: what an old Node.js says of newer code helps nobody.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`bartizan needs Node.js 22.19 or newer, this is ${process.versions.node}\n`);
  process.exit(2);
}

const { run } = await import('./program.ts');
process.exitCode = await run(process.argv.slice(2));

export {};
