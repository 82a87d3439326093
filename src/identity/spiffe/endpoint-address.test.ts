import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointAddress } from './endpoint-address.ts';

const accepted: readonly (readonly [string, string])[] = [
  ['unix:///run/agent.sock', 'unix:/run/agent.sock'],
  ['unix:/run/agent.sock', 'unix:/run/agent.sock'],
  ['unix:///run/with%20space.sock', 'unix:/run/with space.sock'],
  ['tcp://127.0.0.1:8000', 'ipv4:127.0.0.1:8000'],
  ['tcp://[::1]:8000', 'ipv6:[::1]:8000'],
];

for (const [text, target] of accepted) {
  test(`takes \`${text}\``, () => {
    assert.deepEqual(endpointAddress(text, {}), { text, target });
  });
}

/** Workload Endpoint section 4. */
const refused: Readonly<Record<string, string>> = {
  'a bare path': '/run/agent.sock',
  'another scheme': 'http://127.0.0.1:8000',
  'a unix: address with a host': 'unix://host/run/agent.sock',
  'a unix: address with a relative path': 'unix:agent.sock',
  'a unix: address without a path': 'unix://',
  'a unix: address of the root': 'unix:///',
  'a unix: address with a query': 'unix:///run/agent.sock?x=1',
  'a unix: address with a fragment': 'unix:///run/agent.sock#x',
  'a unix: address with a broken escape': 'unix:///run/%zz',
  'a unix: address with a zero byte': 'unix:///run/%00',
  'a tcp: address with a host name': 'tcp://localhost:8000',
  'a tcp: address without a port': 'tcp://127.0.0.1',
  'a tcp: address with a path': 'tcp://127.0.0.1:8000/foo',
  'a tcp: address with a slash': 'tcp://127.0.0.1:8000/',
  'a tcp: address with a user': 'tcp://me@127.0.0.1:8000',
  'a tcp: address with a query': 'tcp://127.0.0.1:8000?x',
  'a tcp: address with port 0': 'tcp://127.0.0.1:0',
  'a tcp: address with port 70000': 'tcp://127.0.0.1:70000',
  'a tcp: address with bare IPv6': 'tcp://::1:8000',
  'a tcp: address with IPv4 in brackets': 'tcp://[127.0.0.1]:8000',
};

for (const [what, text] of Object.entries(refused)) {
  test(`refuses ${what}, and says how it should look`, () => {
    assert.throws(() => endpointAddress(text, {}), /spiffe\.socket.*write `unix:\/\/\/run/);
  });
}

test('what is configured goes before the variable', () => {
  const environment = { SPIFFE_ENDPOINT_SOCKET: 'unix:///from/variable' };
  assert.equal(endpointAddress('unix:///configured', environment).target, 'unix:/configured');
  assert.equal(endpointAddress(undefined, environment).target, 'unix:/from/variable');
});

test('without either it says what to set', () => {
  assert.throws(
    () => endpointAddress(undefined, {}),
    /is missing: set `spiffe.socket`.*SPIFFE_ENDPOINT_SOCKET/,
  );
});
