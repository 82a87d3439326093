import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denials } from './denial.ts';

/** JSON-RPC 2.0 section 5.1, and basic, "Error Codes". */
const defined = new Set([-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022]);

for (const [code, row] of Object.entries(denials)) {
  test(`\`${code}\` has a code that the specification defines, or one outside its range`, () => {
    const reserved = row.rpcCode >= -32768 && row.rpcCode <= -32000;
    assert.ok(Number.isSafeInteger(row.rpcCode));
    assert.equal(reserved, defined.has(row.rpcCode));
  });

  test(`\`${code}\` says what happened and what to do next, without giving a server away`, () => {
    for (const text of [row.reason, row.remedy]) {
      assert.match(text, /^[a-z].*[^.\s]$/);
    }
    assert.notEqual(row.reason, row.remedy);
  });

  test(`\`${code}\` answers with a status that fits its shape`, () => {
    assert.ok(row.status === 200 || (row.status >= 400 && row.status <= 503));
    // A result is a success of the transport, so a refusal in that shape is one too.
    if (row.shape === 'tool-result') assert.equal(row.status, 200);
  });
}

test("each refusal of the gateway's own has a code of its own", () => {
  const own = Object.values(denials).flatMap(({ rpcCode }) => (rpcCode > 0 ? [rpcCode] : []));
  assert.equal(new Set(own).size, own.length);
});

test('the codes of 2026-07-28 keep the status that the specification gives them', () => {
  const statuses = Object.values(denials).map(({ rpcCode, status }) => `${rpcCode} ${status}`);
  for (const pair of ['-32601 404', '-32020 400', '-32021 400', '-32022 400', '-32700 400'])
    assert.ok(statuses.includes(pair), pair);
});
