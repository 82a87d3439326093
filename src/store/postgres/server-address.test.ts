import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { parseServerAddress, withSetting } from './server-address.ts';

const modeIn = (url: string): string | null =>
  new URL(parseServerAddress(url).connectionString).searchParams.get('sslmode');

test('what is shown names host, port and database, and neither user nor password', () => {
  const { shown } = parseServerAddress('postgres://alice:s3same@db.example:5433/gateway?sslmode=verify-full');
  assert.equal(shown, 'db.example:5433/gateway');
});

test('a database on another machine needs a word on how the way is protected', () => {
  for (const host of ['db.example', '10.0.0.7', '[2001:db8::1]', '127.evil.example']) {
    assert.throws(
      () => parseServerAddress(`postgres://alice:s3same@${host}/gateway`),
      (error) => /add `\?sslmode=verify-full`/.test(String(error)) && !inspect(error).includes('s3same'),
    );
    assert.equal(modeIn(`postgres://alice@${host}/gateway?sslmode=disable`), 'disable');
  }
});

test('a database on this machine needs none', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]', '%2Fvar%2Frun%2Fpostgresql'])
    assert.equal(modeIn(`postgres://alice@${host}/gateway`), null, host);
  assert.equal(modeIn('postgres:///gateway?host=/var/run/postgresql'), null);
  assert.throws(
    () => parseServerAddress('postgres://localhost/gateway?host=db.example'),
    /sslmode=verify-full/,
  );
});

test('every mode that verifies verifies all', () => {
  for (const mode of ['prefer', 'require', 'verify-ca', 'verify-full'])
    assert.equal(modeIn(`postgres://db.example/gateway?sslmode=${mode}`), 'verify-full');
  assert.equal(modeIn('postgres://db.example/gateway?sslmode=no-verify'), 'no-verify');
  assert.throws(
    () => parseServerAddress('postgres://db.example/gateway?sslmode=allow'),
    /unknown sslmode `allow`/,
  );
});

test('what is no such URL is refused without repeating it', () => {
  for (const url of ['', 'postgres', 'mysql://alice:s3same@db/x', 'postgres://alice:s3same@db:port/x'])
    assert.throws(
      () => parseServerAddress(url),
      (error) => /is not of the form/.test(String(error)) && !inspect(error).includes('s3same'),
    );
});

test('a setting is added to those that the URL has', () => {
  const address = parseServerAddress('postgres://localhost/gateway?options=-c%20search_path%3Dbartizan');
  const { searchParams } = new URL(withSetting(address, 'synchronous_commit', 'off'));
  assert.equal(searchParams.get('options'), '-c search_path=bartizan -c synchronous_commit=off');
});
