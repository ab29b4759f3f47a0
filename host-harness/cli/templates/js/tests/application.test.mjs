// Tests of the application's side. They need no component: `npm test` runs them with any Node.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Client, plan, readCursor } from '../application.js';

const MARY = { id: 'u1', key: 'E1', userName: 'mary', familyName: 'Jones', title: null, groups: ['g1'] };
const wanted = (changes, groups = []) => ({ key: 'E1', name: 'mary', changes, groups, exact: false });

test('only what differs is written', () => {
  const made = plan(wanted([['familyName', 'Jones'], ['title', 'Clerk']], ['g2']), MARY);
  assert.equal(made.action, 'updated');
  assert.deepEqual(made.body, { title: 'Clerk', groups: ['g1', 'g2'] });
});

test('nothing to do is unchanged', () => {
  assert.equal(plan(wanted([['familyName', 'Jones']]), MARY).action, 'unchanged');
});

test('an attribute that nobody has is named', () => {
  assert.throws(() => plan(wanted([['familyName', 'Doe'], ['shoeSize', '9']]), undefined), /shoeSize/);
});

test('the words of the application are kept', () => {
  const error = { code: 'name-taken', message: 'the name mary is taken', field: 'userName' };
  const client = new Client('http://app', 'key', () => ({ status: 409, text: JSON.stringify({ error }) }));
  assert.throws(() => client.user('u1'), { kind: 'username-taken', upstream: { status: 409, code: 'name-taken', message: 'the name mary is taken', fields: ['userName'] } });
});

test("what isn't a cursor is refused", () => {
  assert.throws(() => readCursor('no cursor at all'), { kind: 'stale-reference' });
});
