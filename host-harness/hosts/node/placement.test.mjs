// Plays wit/placement-vectors.json, as the host in Rust and the one in Python do.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Access, Denied } from './placement.mjs';

const vectors = JSON.parse(readFileSync(new URL('../../../wit/placement-vectors.json', import.meta.url)));

function same(found, wanted) {
  try {
    assert.deepEqual(JSON.parse(found), JSON.parse(wanted));
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    assert.equal(found, wanted);
  }
}

for (const { name, request, leaves, denied, answer, reaches } of vectors.cases) {
  test(name, () => {
    const entries = Object.entries(vectors.secrets);
    const plain = Object.fromEntries(entries.filter(([secret]) => !secret.includes(':')));
    const access = new Access(vectors.declaration, vectors.settings, plain);
    const given = { ...access.given };
    for (const [secret, value] of entries.filter(([secret]) => secret.includes(':'))) {
      given[secret] = access.newPassword(secret.split(':')[1], value);
    }
    const put = (text) => text?.replace(/\{\{(.+?)\}\}/g, (_, secret) => given[secret]);
    const headers = request.headers.map(([field, value]) => [field, put(value)]);
    const leave = () => access.leaves(request.method, put(request.url), headers, put(request.body));
    if (denied) {
      assert.throws(leave, (thrown) => thrown instanceof Denied && denied.every((word) => thrown.message.includes(word)));
      return;
    }
    const leaving = leave();
    if (leaves.headers) assert.deepEqual(leaving.headers, leaves.headers);
    if (leaves.body) same(leaving.body, leaves.body);
    if (!answer) return;
    const seen = access.reaches(leaving, answer.status, answer.headers, answer.body);
    assert.deepEqual(seen.headers, reaches.headers);
    same(access.named(seen.body), reaches.body);
  });
}
