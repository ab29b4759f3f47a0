// jsforce 3 against the org.
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const jsforce = require('jsforce');

const { Checks, rejection, startOrg } = require('./harness.cjs');

const checks = new Checks('jsforce');
const VERSION = '64.0';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

let serial = 0;

/** The body of a contact that is not there yet. */
function newContact(org, more = {}) {
  serial += 1;
  return { LastName: `Checked ${serial}`, AccountId: org.account_id, ...more };
}

function plain(org, more = {}) {
  return new jsforce.Connection({ loginUrl: org.url, version: VERSION, ...more });
}

function withApp(org, more = {}) {
  const oauth2 = { loginUrl: org.url, clientId: org.client_id, clientSecret: org.client_secret };
  return new jsforce.Connection({ oauth2, version: VERSION, ...more });
}

/** Signed in as the administrator by SOAP. */
async function signedIn(org) {
  const connection = plain(org);
  await connection.login(org.username, org.password + org.security_token);
  return connection;
}

/** A new assertion of the connected app, signed by this key. */
function assertion(org, key, more = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: org.client_id,
    sub: org.username,
    aud: 'https://login.salesforce.com',
    exp: Math.floor(Date.now() / 1000) + 180,
    ...more,
  };
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${crypto.sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

checks.add('signs in by SOAP', async ({ org }) => {
  const connection = plain(org);
  const user = await connection.login(org.username, org.password + org.security_token);
  assert.equal(user.organizationId, org.organization_id);
  assert.equal(connection.instanceUrl, org.url);
  const me = await connection.sobject('User').retrieve(user.id);
  assert.equal(me.Username, org.username);
});

checks.add('signs in by SOAP in its own default version', async ({ org }) => {
  const connection = new jsforce.Connection({ loginUrl: org.url });
  await connection.login(org.username, org.password + org.security_token);
  assert.equal((await connection.query('SELECT Id FROM Organization')).records[0].Id, org.organization_id);
});

checks.add('a refused SOAP login carries the fault', async ({ org }) => {
  const wrong = await rejection(plain(org).login(org.username, 'wrong'));
  assert.equal(wrong.message, 'INVALID_LOGIN: Invalid username, password, security token; or user locked out.');
  const bare = await rejection(plain(org).login(org.username, org.password));
  assert.match(bare.message, /^LOGIN_MUST_USE_SECURITY_TOKEN: .* Are you at a new location\?/);
  const version = await rejection(plain(org, { version: '65.0' }).login(org.username, org.password));
  assert.equal(version.message, 'UNSUPPORTED_API_VERSION: Invalid Api version specified on URL');
});

checks.add('logs out of a SOAP session', async ({ org }) => {
  const connection = await signedIn(org);
  const { accessToken } = connection;
  await connection.logoutBySoap();
  const again = plain(org, { instanceUrl: org.url, accessToken });
  assert.equal((await rejection(again.query('SELECT Id FROM User'))).errorCode, 'INVALID_SESSION_ID');
});

checks.add('signs in by the OAuth password flow', async ({ org }) => {
  const connection = withApp(org);
  const user = await connection.login(org.username, org.password + org.security_token);
  assert.equal(user.organizationId, org.organization_id);
  const identity = await connection.identity();
  assert.equal(identity.username, org.username);
  assert.equal(identity.user_id, user.id);
  assert.ok(identity.urls.rest.startsWith(org.url));
});

checks.add('refused grants carry OAuth codes', async ({ org }) => {
  const wrong = await rejection(withApp(org).login(org.username, 'wrong'));
  assert.deepEqual([wrong.name, wrong.message], ['invalid_grant', 'authentication failure']);
  const oauth2 = { loginUrl: org.url, clientId: 'wrong', clientSecret: org.client_secret };
  const unknown = new jsforce.Connection({ oauth2, version: VERSION });
  const client = await rejection(unknown.login(org.username, org.password + org.security_token));
  assert.deepEqual([client.name, client.message], ['invalid_client_id', 'client identifier invalid']);
});

checks.add('signs in by client credentials', async ({ org }) => {
  const connection = withApp(org);
  await connection.authorize({ grant_type: 'client_credentials' });
  assert.equal((await connection.identity()).username, org.username);
});

checks.add('signs in by a signed assertion, and not by another key\'s', async ({ org, key }) => {
  const oauth2 = { loginUrl: org.url };
  const connection = new jsforce.Connection({ oauth2, version: VERSION });
  await connection.authorize({ grant_type: JWT_BEARER, assertion: assertion(org, key) });
  assert.equal((await connection.identity()).username, org.username);
  const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  for (const [forged, message] of [
    [assertion(org, privateKey), 'invalid assertion'],
    [assertion(org, key, { aud: 'https://example.com' }), 'Audience validation failed'],
    [assertion(org, key, { exp: 1 }), 'expired authorization code'],
  ]) {
    const error = await rejection(connection.authorize({ grant_type: JWT_BEARER, assertion: forged }));
    assert.deepEqual([error.name, error.message], ['invalid_grant', message]);
  }
});

checks.add('renews an access token by the refresh token, until that is revoked', async ({ org }) => {
  const connection = withApp(org, { instanceUrl: org.url, accessToken: 'stale', refreshToken: org.refresh_token });
  const renewed = [];
  connection.on('refresh', (token) => renewed.push(token));
  assert.equal((await connection.query('SELECT Id FROM Organization')).totalSize, 1);
  assert.equal(renewed.length, 1);
  await connection.logoutByOAuth2(true);
  const late = withApp(org, { instanceUrl: org.url, accessToken: renewed[0], refreshToken: org.refresh_token });
  const error = await rejection(late.query('SELECT Id FROM Organization'));
  assert.match(`${error.name} ${error.message}`, /expired access\/refresh token/);
});

checks.add('renews an ended session by a new login', async ({ org }) => {
  const connection = await signedIn(org);
  await org.control('DELETE', '/sessions');
  assert.equal((await connection.query('SELECT Id FROM Organization')).totalSize, 1);
  const { accessToken } = connection;
  await org.control('DELETE', '/sessions');
  const bare = plain(org, { instanceUrl: org.url, accessToken });
  const error = await rejection(bare.query('SELECT Id FROM Organization'));
  assert.deepEqual([error.errorCode, error.message], ['INVALID_SESSION_ID', 'Session expired or invalid']);
});

checks.add('asks by SOAP who it is and what time it is', async ({ org }) => {
  const connection = await signedIn(org);
  const me = await connection.soap.getUserInfo();
  assert.deepEqual([me.userName, me.organizationId], [org.username, org.organization_id]);
  assert.equal(me.orgHasPersonAccounts, false);
  const { timestamp } = await connection.soap.getServerTimestamp();
  assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000, timestamp);
});

checks.add('queries page by page', async ({ org }) => {
  const connection = await signedIn(org);
  const count = (await connection.query('SELECT COUNT() FROM User')).totalSize;
  assert.ok(count > 400, `${count}`);
  const soql = 'SELECT Id, Username FROM User ORDER BY Id';
  const headers = { 'Sforce-Query-Options': 'batchSize=200' };
  const ids = [];
  let page = await connection.query(soql, { headers });
  assert.deepEqual([page.totalSize, page.done, page.records.length], [count, false, 200]);
  for (;;) {
    ids.push(...page.records.map((user) => user.Id));
    if (page.done) break;
    page = await connection.queryMore(page.nextRecordsUrl);
  }
  assert.equal(new Set(ids).size, count);
  const all = await connection.query(soql, { autoFetch: true, maxFetch: 10_000, headers });
  assert.equal(all.records.length, count);
});

checks.add('finds by its own query builder, with children', async ({ org }) => {
  const connection = await signedIn(org);
  const accounts = await connection
    .sobject('Account')
    .find({ Id: org.account_id }, 'Id, Name')
    .include('Contacts')
    .select('Id, LastName')
    .limit(3)
    .end()
    .execute();
  assert.equal(accounts.length, 1);
  assert.equal(accounts[0].Contacts.records.length, 3);
  const user = await connection.sobject('User').findOne({ Username: org.username }, 'Profile.Name, Profile.UserLicense.Name');
  assert.deepEqual([user.Profile.Name, user.Profile.UserLicense.Name], ['System Administrator', 'Salesforce']);
});

checks.add('a wrong query is typed by its code', async ({ org }) => {
  const connection = await signedIn(org);
  for (const [soql, code] of [
    ['SELECT Id FORM User', 'MALFORMED_QUERY'],
    ['SELECT Nonsense FROM User', 'INVALID_FIELD'],
    ['SELECT Id FROM Nonsense', 'INVALID_TYPE'],
  ]) {
    const error = await rejection(connection.query(soql).then((found) => found));
    assert.equal(error.errorCode, code, error.message);
  }
});

checks.add('creates, retrieves, updates and destroys a record', async ({ org }) => {
  const connection = await signedIn(org);
  const contacts = connection.sobject('Contact');
  const body = newContact(org, { FirstName: 'Zoë & <Sons>' });
  const made = await contacts.create(body);
  assert.deepEqual([made.success, made.errors], [true, []]);
  const read = await contacts.retrieve(made.id);
  assert.deepEqual([read.LastName, read.FirstName], [body.LastName, body.FirstName]);
  assert.deepEqual(await contacts.update({ Id: made.id, Department: 'Checks' }), {
    id: made.id,
    success: true,
    errors: [],
  });
  assert.equal((await contacts.retrieve(made.id, { fields: ['Department'] })).Department, 'Checks');
  assert.equal((await contacts.destroy(made.id)).success, true);
  assert.equal((await rejection(contacts.retrieve(made.id))).errorCode, 'ENTITY_IS_DELETED');
  assert.equal((await rejection(contacts.retrieve('003000000000000AAA'))).errorCode, 'NOT_FOUND');
});

checks.add('upserts by an external id', async ({ org }) => {
  const connection = await signedIn(org);
  const contacts = connection.sobject('Contact');
  const first = await contacts.upsert(newContact(org, { External_Id__c: 'JS-1' }), 'External_Id__c');
  assert.deepEqual([first.success, first.created], [true, true]);
  const second = await contacts.upsert({ External_Id__c: 'JS-1', Department: 'Upserted' }, 'External_Id__c');
  assert.equal(second.success, true);
  assert.equal((await contacts.retrieve(first.id)).Department, 'Upserted');
  await contacts.create([newContact(org, { External_Id__c: 'JS-2' }), newContact(org, { External_Id__c: 'JS-2' })]);
  const twice = await rejection(contacts.upsert({ External_Id__c: 'JS-2', Department: 'No' }, 'External_Id__c'));
  assert.equal(twice.errorCode, 'MULTIPLE_CHOICES');
});

checks.add('a username that is taken is DUPLICATE_USERNAME', async ({ org }) => {
  const connection = await signedIn(org);
  const profile = await connection.sobject('Profile').findOne({ Name: 'Customer Community User' }, 'Id');
  const contact = await connection.sobject('Contact').create(newContact(org));
  const user = {
    Username: org.username,
    Email: 'check@example.com',
    LastName: 'Check',
    Alias: 'check',
    TimeZoneSidKey: 'Europe/London',
    LocaleSidKey: 'en_GB',
    EmailEncodingKey: 'UTF-8',
    LanguageLocaleKey: 'en_US',
    ProfileId: profile.Id,
    ContactId: contact.id,
  };
  const error = await rejection(connection.sobject('User').create(user));
  assert.deepEqual([error.name, error.errorCode], ['DUPLICATE_USERNAME', 'DUPLICATE_USERNAME']);
  assert.match(error.message, /^Duplicate Username\.<br>The username already exists in this or another Salesforce/);
  assert.deepEqual(error.data.fields, ['Username']);
  const made = await connection.sobject('User').create({ ...user, Username: 'check.portal@example.com' });
  assert.equal(made.success, true);
});

checks.add('describes the org and its objects', async ({ org }) => {
  const connection = await signedIn(org);
  const names = (await connection.describeGlobal()).sobjects.map((each) => each.name);
  for (const name of ['Account', 'Contact', 'User', 'UserLicense', 'PermissionSetAssignment', 'GroupMember']) {
    assert.ok(names.includes(name), name);
  }
  const user = await connection.describe('User');
  const field = (name) => user.fields.find((each) => each.name === name);
  assert.deepEqual([user.keyPrefix, user.deletable], ['005', false]);
  assert.deepEqual([field('Username').length, field('Username').idLookup], [80, true]);
  assert.deepEqual([field('IsPortalEnabled').createable, field('IsPortalEnabled').updateable], [false, true]);
  assert.ok(field('TimeZoneSidKey').picklistValues.some((each) => each.value === 'Europe/London'));
});

checks.add('writes and reads collections', async ({ org }) => {
  const connection = await signedIn(org);
  const contacts = connection.sobject('Contact');
  const bodies = [newContact(org), { FirstName: 'Only' }, newContact(org)];
  const made = await contacts.create(bodies);
  assert.deepEqual(made.map((each) => each.success), [true, false, true]);
  assert.deepEqual(made[1].errors[0], {
    statusCode: 'REQUIRED_FIELD_MISSING',
    message: 'Required fields are missing: [LastName]',
    fields: ['LastName'],
  });
  const all = await contacts.create(bodies, { allOrNone: true });
  assert.deepEqual(all.map((each) => each.errors[0].statusCode), [
    'ALL_OR_NONE_OPERATION_ROLLED_BACK',
    'REQUIRED_FIELD_MISSING',
    'ALL_OR_NONE_OPERATION_ROLLED_BACK',
  ]);
  const ids = [made[0].id, made[2].id];
  const changed = await contacts.update(ids.map((Id) => ({ Id, Department: 'Collected' })));
  assert.ok(changed.every((each) => each.success));
  const read = await contacts.retrieve(ids, { fields: ['Id', 'Department'] });
  assert.deepEqual(read.map((each) => each.Department), ['Collected', 'Collected']);
  const whole = await contacts.retrieve(ids);
  assert.deepEqual(whole.map((each) => each.Id), ids);
  const upserted = await contacts.upsert(
    [newContact(org, { External_Id__c: 'JS-3' }), newContact(org, { External_Id__c: 'JS-4' })],
    'External_Id__c',
  );
  assert.ok(upserted.every((each) => each.success && each.created));
  const gone = await contacts.destroy(ids);
  assert.ok(gone.every((each) => each.success));
});

checks.add('sends more than a collection holds in several', async ({ org }) => {
  const connection = await signedIn(org);
  const bodies = Array.from({ length: 201 }, () => newContact(org));
  const made = await connection.sobject('Contact').create(bodies, { allowRecursive: true });
  assert.equal(made.filter((each) => each.success).length, 201);
  const error = await rejection(connection.sobject('Contact').create(bodies));
  assert.equal(error.errorCode, 'EXCEEDED_ID_LIMIT', error.message);
});

checks.add('runs composite requests and batches', async ({ org }) => {
  const connection = await signedIn(org);
  const base = `/services/data/v${VERSION}/sobjects/Contact`;
  const composite = await connection.requestPost(`/services/data/v${VERSION}/composite`, {
    allOrNone: true,
    compositeRequest: [
      { method: 'POST', url: base, referenceId: 'made', body: newContact(org) },
      { method: 'GET', url: `${base}/@{made.id}?fields=Id`, referenceId: 'read' },
    ],
  });
  const [made, read] = composite.compositeResponse;
  assert.deepEqual([made.httpStatusCode, read.httpStatusCode], [201, 200]);
  assert.equal(read.body.Id, made.body.id);
  const batch = await connection.requestPost(`/services/data/v${VERSION}/composite/batch`, {
    batchRequests: [
      { method: 'GET', url: `v${VERSION}/sobjects/Contact/${made.body.id}?fields=Id` },
      { method: 'GET', url: `v${VERSION}/sobjects/Contact/003000000000000AAA` },
    ],
  });
  assert.deepEqual([batch.hasErrors, batch.results.map((each) => each.statusCode)], [true, [200, 404]]);
});

checks.add('lists what was updated and deleted', async ({ org }) => {
  const connection = await signedIn(org);
  const contacts = connection.sobject('Contact');
  const [kept, gone] = await contacts.create([newContact(org), newContact(org)]);
  await contacts.destroy(gone.id);
  const [start, end] = [-30, 30].map((minutes) => new Date(Date.now() + minutes * 60_000));
  assert.ok((await contacts.updated(start, end)).ids.includes(kept.id));
  assert.ok((await contacts.deleted(start, end)).deletedRecords.some((each) => each.id === gone.id));
});

checks.add('runs a Bulk 2.0 query', async ({ org }) => {
  const connection = await signedIn(org);
  const count = (await connection.query('SELECT COUNT() FROM User')).totalSize;
  const stream = await connection.bulk2.query('SELECT Id, Username, Contact.LastName FROM User', { pollInterval: 20 });
  const records = await stream.toArray();
  assert.equal(new Set(records.map((each) => each.Id)).size, count);
  assert.deepEqual(Object.keys(records[0]), ['Id', 'Username', 'Contact.LastName']);
  const error = await rejection(connection.bulk2.query('SELECT Nonsense FROM User', { pollInterval: 20 }));
  assert.match(error.message, /No such column 'Nonsense'/);
});

checks.add('runs Bulk 2.0 ingest jobs', async ({ org }) => {
  const connection = await signedIn(org);
  const input = [
    { LastName: 'Bulk, "quoted"', AccountId: org.account_id, External_Id__c: 'JS-BULK-1' },
    { LastName: '', AccountId: org.account_id, External_Id__c: 'JS-BULK-2' },
    { LastName: 'Line\nbreak', AccountId: org.account_id, External_Id__c: 'JS-BULK-3' },
  ];
  const load = (more) => connection.bulk2.loadAndWaitForResults({ object: 'Contact', pollInterval: 20, ...more });
  const inserted = await load({ operation: 'insert', input });
  assert.deepEqual(inserted.successfulResults.map((each) => each.sf__Created), ['true', 'true']);
  assert.match(inserted.failedResults[0].sf__Error, /^REQUIRED_FIELD_MISSING:Required fields are missing: \[LastName\]:LastName --/);
  assert.deepEqual(inserted.unprocessedRecords, []);
  const ids = inserted.successfulResults.map((each) => each.sf__Id);
  const read = await connection.sobject('Contact').retrieve(ids[0]);
  assert.equal(read.LastName, 'Bulk, "quoted"');
  const upserted = await load({
    operation: 'upsert',
    externalIdFieldName: 'External_Id__c',
    input: ['JS-BULK-1', 'JS-BULK-4'].map((name) => ({ External_Id__c: name, LastName: 'Upserted', AccountId: org.account_id })),
  });
  assert.deepEqual(upserted.successfulResults.map((each) => each.sf__Created), ['false', 'true']);
  const deleted = await load({ operation: 'delete', input: ids.map((Id) => ({ Id })) });
  assert.equal(deleted.successfulResults.length, 2);
});

checks.add('reads the limits, and meets their end', async ({ org }) => {
  const connection = await signedIn(org);
  const daily = (await connection.limits()).DailyApiRequests;
  const { used, limit } = connection.limitInfo.apiUsage;
  assert.equal(limit, daily.Max);
  assert.ok(used >= daily.Max - daily.Remaining);
  await org.control('PUT', '/api-requests', { max: used });
  try {
    const error = await rejection(connection.query('SELECT Id FROM Organization').then((found) => found));
    assert.deepEqual([error.errorCode, error.message], ['REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.']);
  } finally {
    await org.control('PUT', '/api-requests', { max: daily.Max });
  }
});

checks.add('refuses to go on with an expired password', async ({ org }) => {
  await org.control('DELETE', '/admin-password');
  const error = await rejection(plain(org).login(org.username, org.password + org.security_token));
  assert.equal(error.message, 'Unable to login because the used password has expired.');
});

checks.add('an org with SOAP login off says so', async ({ org }) => {
  await org.control('PATCH', '/switches', { soapLogin: false });
  const error = await rejection(plain(org).login(org.username, org.password + org.security_token));
  assert.equal(error.message, 'INVALID_OPERATION: SOAP API login() is disabled by default in this org.');
});

async function main() {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'jsforce-checks-'));
  const keyFile = path.join(work, 'app.pem');
  fs.writeFileSync(keyFile, publicKey.export({ type: 'spki', format: 'pem' }));
  const org = await startOrg('--users', '500', '--app-key', keyFile);
  try {
    process.exitCode = (await checks.run({ org, key: privateKey })) ? 1 : 0;
  } finally {
    await org.stop();
    fs.rmSync(work, { recursive: true });
  }
}

main();
