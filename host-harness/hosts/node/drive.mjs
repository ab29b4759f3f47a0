// Drives the Salesforce connector in this host: tests the credentials, imports, plans and applies, and looks for credentials in the guest.
//
//     node drive.mjs FOLDER NAME CONNECTION
//
// FOLDER is where `jco transpile --instantiation async --name NAME` has written to; CONNECTION is what `host-harness emulator --json` prints.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

import { Job, declaration } from './host.mjs';

const [folder, name, connection] = process.argv.slice(2);
const org = JSON.parse(connection);
const began = performance.now();
const approved = declaration((await new Job().start(folder, name)).connector.describe());
const settings = {
  'instance-type': 'my-domain',
  'my-domain': org.url,
  'sign-in': 'client-credentials',
  'client-id': org.client_id,
  'organization-id': org.organization_id,
  'portal-id': org.portal_id,
  'account-id': org.account_id,
};
const job = await new Job(settings, { 'client-secret': org.client_secret }, approved).start(folder, name);
console.log(`compiled and described in ${((performance.now() - began) / 1000).toFixed(1)} s`);

const probes = job.connector.testCredentials(job.settings);
assert.deepEqual(probes.filter(({ verdict }) => verdict === 'failed'), []);
console.log(`test: ${probes.length} probes, none failed`);

const session = job.connector.open(job.settings);
const users = [];
for (let scope = { tag: 'full' }; scope; ) {
  const page = session.importUsers({ scope, pageSize: 100, attributes: [], grants: false });
  users.push(...page.users);
  scope = page.next === undefined ? undefined : { tag: 'resume', val: page.next };
}
console.log(`import: ${users.length} users`);
assert.ok(users.length >= 200);

const profiles = session.listEntitlements('profile', undefined).entitlements;
const profile = profiles.find((one) => one.name === 'Customer Community User').id;
// Another user with each run in the same org.
const key = `nils-${randomBytes(4).toString('hex')}`;
const attributes = { givenName: 'Nils', familyName: key, email: `${key}@host.example`, federationId: key };
const user = {
  key,
  id: undefined,
  username: `${key}@host.example`,
  changes: Object.entries(attributes).map(([attribute, val]) => ({ name: attribute, value: { tag: 'text', val } })),
  grants: [{ kind: 'profile', id: profile }],
  exactGrants: false,
};
const [planned] = session.pushUsers([user], { tag: 'plan' });
assert.equal(planned.tag, 'ok', JSON.stringify(planned));
assert.equal(planned.val.action, 'created');
console.log(`plan: ${planned.val.action}, ${planned.val.changes.length} changes`);
const [applied] = session.pushUsers([user], { tag: 'apply-planned', val: [planned.val.digest] });
assert.equal(applied.tag, 'ok', JSON.stringify(applied));
console.log(`apply: ${applied.val.action} ${applied.val.id}, ${job.requests} requests in all`);

const memory = Buffer.concat(job.memories.map(({ buffer }) => Buffer.from(buffer)));
assert.ok(memory.includes(job.access.given['client-secret']), "the guest's memory wasn't found");
const tokens = [...job.access.held.values()].filter(({ kind }) => ['setting', 'taken'].includes(kind));
const stray = tokens.filter(({ value }) => memory.includes(value)).map(({ name: secret }) => secret);
assert.deepEqual(stray, [], 'credentials are in the guest');
console.log(`memory: none of ${tokens.length} credentials in the ${memory.length >> 20} MiB of the guest`);
