// The application's side: its requests, its users, and what its errors mean.
//
// Plain JavaScript that knows nothing of WebAssembly, so that tests run it as it is. `connector.js` puts it behind the interface. Change
// this file for your application first.

// Attributes of a user: name, label, whether a new user needs it, and the most characters.
export const ATTRIBUTES = [
  ['givenName', 'Given name', false, 40],
  ['familyName', 'Family name', true, 80],
  ['email', 'E-mail', false, 80],
  ['title', 'Title', false, 120],
];
export const NAMES = ATTRIBUTES.map(([name]) => name);

// Users of a page; the application gives no more.
const PAGE = 100;

/** Why something was not done: `kind` is an `error-kind` of the interface, or `other:` and a name. */
export class Refusal extends Error {
  constructor(kind, message, { remedy, retry = 'after-remedy', upstream } = {}) {
    super(message);
    Object.assign(this, { kind, remedy, retry, upstream });
  }
}

/** Talks to the application. `send(method, url, headers, text)` gives `{ status, text }`, or throws a Refusal. */
export class Client {
  constructor(address, key, send) {
    Object.assign(this, { address, key, send, calls: 0 });
  }

  request(method, path, about, body) {
    // The key is a placeholder, which the host replaces on the way out.
    const headers = [['authorization', `Bearer ${this.key}`], ['accept', 'application/json']];
    if (body !== undefined) headers.push(['content-type', 'application/json']);
    this.calls += 1;
    const { status, text } = this.send(method, this.address + path, headers, body && JSON.stringify(body));
    let answer = {};
    try {
      answer = JSON.parse(text);
    } catch {
      // What isn't JSON says no more than its status.
    }
    if (status >= 400) throw refusal(status, answer, about);
    return answer;
  }

  signIn() {
    return this.request('GET', '/api/me', 'the sign-in');
  }

  user(id) {
    return this.request('GET', `/api/users/${encodeURIComponent(id)}`, `the user ${id}`);
  }

  /** The user of a key, or else the one of a name; undefined if there is neither. */
  find(key, name) {
    for (const query of [`key=${encodeURIComponent(key)}`, `userName=${encodeURIComponent(name)}`]) {
      const { users } = this.request('GET', `/api/users?${query}`, `the search for ${name}`);
      if (users.length > 0) return users[0];
    }
    return undefined;
  }

  users(since, after, limit) {
    const size = Math.min(Math.max(limit, 1), PAGE);
    const query = `since=${since}&limit=${size}${after ? `&after=${after}` : ''}`;
    return this.request('GET', `/api/users?${query}`, 'a page of users');
  }

  groups(after) {
    return this.request('GET', `/api/groups${after ? `?after=${encodeURIComponent(after)}` : ''}`, 'the groups');
  }

  /** Does what a plan says; gives the user as it is then. */
  write(plan, about) {
    if (plan.action === 'created') return this.request('POST', '/api/users', about, plan.body);
    return this.request('PATCH', `/api/users/${encodeURIComponent(plan.id)}`, about, plan.body);
  }

  setPassword(id, password) {
    this.request('PUT', `/api/users/${encodeURIComponent(id)}/password`, `the password of ${id}`, { password });
  }
}

/** What an answer of the application means. Its own words are kept beside ours. */
export function refusal(status, answer, about) {
  const { code = String(status), message = '', field } = answer.error ?? {};
  const upstream = { status, code, message, fields: field ? [field] : [] };
  const made = (kind, remedy, retry) =>
    new Refusal(kind, `${about} was refused: ${message || `HTTP status ${status}`}`, { remedy, retry, upstream });
  if (status === 401) return made('invalid-credentials', 'Create a key in the application and store it as `api-key`.');
  if (status === 403) return made('permission-denied', 'Give the key the right to manage users.');
  if (status === 429) return made('rate-limited', undefined, 'after:30');
  if (status >= 500) return made('transient', undefined, 'at-once');
  switch (code) {
    case 'not-found':
      return made('stale-reference', 'Import the users again; this one is gone.');
    case 'name-taken':
      return made('username-taken', "Choose another username, or confirm that the user is this person's.");
    case 'missing':
      return made('missing-value', `Give the person a value for \`${field}\`.`);
    case 'weak-password':
      return made('password-rejected', 'Choose a password of 8 characters with a digit.');
    case 'password-reused':
      return made('other:password-reused', 'Choose a password that the user has not had before.');
    default:
      return made('invalid-value', field ? `Correct the value of \`${field}\`.` : 'Correct the request.');
  }
}

/**
 * What has to be done so that `current` (undefined: there is nobody) is as wanted. `changes` are pairs of attribute and text or undefined.
 */
export function plan({ key, name, changes, groups, exact }, current) {
  const stray = changes.find(([attribute]) => !NAMES.includes(attribute));
  if (stray) {
    const remedy = `Use one of ${NAMES.join(', ')}.`;
    throw new Refusal('invalid-value', `${name} can't have the attribute \`${stray[0]}\``, { remedy });
  }
  const wanted = new Map(changes.map(([attribute, value]) => [attribute, value || undefined]));
  if (!current && !wanted.get('familyName')) {
    throw new Refusal('missing-value', `${name} has no \`familyName\``, { remedy: 'Give the person a family name.' });
  }
  const made = { action: current ? 'updated' : 'created', id: current?.id, changes: [], body: {} };
  for (const [attribute, value] of [['userName', name], ['key', key], ...wanted]) {
    const old = current?.[attribute] || undefined;
    if (old !== value) {
      made.changes.push([attribute, old, value]);
      made.body[attribute] = value ?? null;
    }
  }
  const held = [...(current?.groups ?? [])].sort();
  const after = [...new Set(exact ? groups : [...held, ...groups])].sort();
  if (after.join(' ') !== held.join(' ')) {
    made.changes.push(['groups', held.join(' ') || undefined, after.join(' ') || undefined]);
    made.body.groups = after;
  }
  if (current && made.changes.length === 0) made.action = 'unchanged';
  return made;
}

/** Names a plan: the same changes to the same user give the same digest (FNV-1a, 64 bits). */
export function digest({ action, id, changes }) {
  let hash = 0xcbf29ce484222325n;
  for (const unit of JSON.stringify([action, id, changes.map((change) => change.map((text) => text ?? null))])) {
    hash = ((hash ^ BigInt(unit.codePointAt(0))) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, '0');
}

/** Holds a position, so that an import can go on in another job, on another day. */
export function cursor(since, revision, after) {
  return `users:${since}:${revision}:${after}`;
}

/** The position in a cursor. */
export function readCursor(text) {
  const parts = /^users:(\d+):(\d+):(u\d+)?$/.exec(text);
  if (!parts) {
    const remedy = 'Start the import again.';
    throw new Refusal('stale-reference', `\`${text.slice(0, 40)}\` isn't a cursor of this connector`, { remedy });
  }
  return { since: Number(parts[1]), revision: Number(parts[2]), after: parts[3] ?? '' };
}
