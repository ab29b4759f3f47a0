// What jsforce does of the bench's work: `import` reads all portal users by a query, `push` makes users as an engineer would write
// it by hand, in collections of 200, eight calls side by side.
'use strict';

const jsforce = require('jsforce');

const org = JSON.parse(process.env.ORG);
const [work, fields, count] = process.argv.slice(2);

const SIDE_BY_SIDE = 8;
const COLLECTION = 200;

async function importUsers(connection) {
  let users = 0;
  const query = connection.query(`SELECT ${fields} FROM User WHERE ContactId != null`, {
    autoFetch: true,
    maxFetch: Number.MAX_SAFE_INTEGER,
  });
  await new Promise((resolve, reject) => {
    query.on('record', () => {
      users += 1;
    });
    query.on('end', resolve);
    query.on('error', reject);
    query.run({ autoFetch: true, maxFetch: Number.MAX_SAFE_INTEGER });
  });
  return users;
}

/** Writes records in collections, several calls side by side, and gives their ids in order. */
async function create(connection, object, records) {
  const ids = new Array(records.length);
  let next = 0;
  async function worker() {
    while (next < records.length) {
      const start = next;
      next += COLLECTION;
      const results = await connection.sobject(object).create(records.slice(start, start + COLLECTION));
      results.forEach((result, at) => {
        if (!result.success) throw new Error(`${object}: ${JSON.stringify(result.errors)}`);
        ids[start + at] = result.id;
      });
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  return ids;
}

async function push(connection) {
  const given = JSON.parse(process.env.GRANTS);
  const people = Array.from({ length: Number(count) }, (_, at) => ({
    LastName: `Newcomer ${at}`,
    FirstName: 'Nora',
    Email: `newcomer${at}@bench.example`,
  }));
  const contacts = await create(
    connection,
    'Contact',
    people.map((person) => ({ ...person, AccountId: org.account_id })),
  );
  const newUser = (person, at) => ({
    ...person,
    Username: person.Email,
    FederationIdentifier: `newcomer${at}`,
    Alias: `n${at}`,
    CommunityNickname: `newcomer${at}`,
    TimeZoneSidKey: 'Europe/Berlin',
    LocaleSidKey: 'en_US',
    LanguageLocaleKey: 'en_US',
    EmailEncodingKey: 'UTF-8',
    ProfileId: given.profile,
    ContactId: contacts[at],
  });
  const users = await create(connection, 'User', people.map(newUser));
  const assignments = users.flatMap((user) => given.sets.map((set) => ({ AssigneeId: user, PermissionSetId: set })));
  await create(connection, 'PermissionSetAssignment', assignments);
  return users.length;
}

(async () => {
  const connection = new jsforce.Connection({ loginUrl: org.url, version: '64.0', maxRequest: SIDE_BY_SIDE });
  await connection.login(org.username, org.password + org.security_token);
  const done = work === 'import' ? await importUsers(connection) : await push(connection);
  console.log(done);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
