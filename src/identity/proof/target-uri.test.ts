import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { namesTarget } from './target-uri.ts';

const url = 'https://gateway.example/mcp/files';

for (const htu of [
  url,
  'HTTPS://Gateway.EXAMPLE:443/mcp/files',
  `${url}?x=1`,
  `${url}#f`,
  'https://gateway.example/mcp/./other/../files',
  'https://gateway.example/%6Dcp/f%69les',
]) {
  test(`\`${htu}\` names the same target (RFC 3986 section 6.2, RFC 9449 section 4.3)`, () => {
    assert.equal(namesTarget(htu, url), true);
  });
}

for (const htu of [
  '',
  'gateway.example/mcp/files',
  '/mcp/files',
  'http://gateway.example/mcp/files',
  'https://gateway.example:8443/mcp/files',
  'https://gateway.example.evil.example/mcp/files',
  'https://user@gateway.example/mcp/files',
  'https://gateway.example/mcp/files/',
  'https://gateway.example/mcp/Files',
  'https://gateway.example/mcp%2Ffiles',
  'https://gateway.example/mcp',
  ' https://gateway.example/mcp/files',
  'https://gateway.example/mcp/fi\tles',
  'javascript:https://gateway.example/mcp/files',
]) {
  test(`\`${JSON.stringify(htu)}\` names another target, or none`, () => {
    assert.equal(namesTarget(htu, url), false);
  });
}

test('the case of escapes does not matter, their meaning does', () => {
  assert.equal(namesTarget('https://h.example/a%2fb', 'https://h.example/a%2Fb'), true);
  assert.equal(namesTarget('https://h.example/a%2Fb', 'https://h.example/a/b'), false);
});

test('any text at all names a target or does not, and nothing is thrown', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (htu) => !namesTarget(htu, url)));
  fc.assert(fc.property(fc.webUrl(), (htu) => namesTarget(htu, htu)));
});
