// The interface's side: what a host calls, put into the terms of `application.js`.
//
// componentize-qjs makes the component from this file. `wit/connector.wit` says what each function has to do. What is `option` there is
// `null` here if there is nothing.

import http from 'identity:provisioning/http@0.3.0';
import ledger from 'identity:provisioning/ledger@0.3.0';

import { ATTRIBUTES, Client, NAMES, Refusal, cursor, digest, plan, readCursor } from './application.js';

const SETTINGS = [
  ['address', 'Address', 'The address of the application, such as https://acme.example', 'host'],
  ['api-key', 'API key', 'Create one in the application, under its settings', 'secret'],
];
const KEY = { secret: 'api-key', form: { tag: 'plain' }, place: { tag: 'header', val: ['authorization', 'Bearer '] } };
const NEW_PASSWORD = { secret: 'new-password', form: { tag: 'plain' }, place: { tag: 'json', val: '/password' } };

/** A refusal as the interface has it. Any other exception goes on, and ends the job with its own words. */
function told(thrown) {
  if (!(thrown instanceof Refusal)) throw thrown;
  const [kind, name] = thrown.kind.split(':');
  const [retry, seconds] = thrown.retry.split(':');
  return {
    kind: kind === 'other' ? { tag: 'other', val: name } : { tag: kind },
    message: thrown.message,
    remedy: thrown.remedy ?? null,
    retry: retry === 'after' ? { tag: 'after', val: Number(seconds) } : { tag: retry },
    upstream: thrown.upstream ? { requestId: null, ...thrown.upstream } : null,
  };
}

/** Hands a refusal of a whole call to the host. */
function refusing(call) {
  try {
    return call();
  } catch (thrown) {
    throw told(thrown);
  }
}

/** One result for each item, in order: a bad one never fails its neighbours. */
function each(items, call) {
  return items.map((item, at) => {
    try {
      return { tag: 'ok', val: call(item, at) };
    } catch (thrown) {
      return { tag: 'err', val: told(thrown) };
    }
  });
}

function send(method, url, headers, text) {
  let answer;
  try {
    const body = text == null ? null : encoded(text);
    answer = http.send({ method: method.toLowerCase(), url, headers, body });
  } catch (thrown) {
    const failure = thrown.payload ?? thrown;
    switch (failure.tag) {
      case 'denied':
      case 'unreachable':
      case 'tls':
        throw new Refusal('unreachable', failure.val, { remedy: 'Check `address`, and that the host may be reached.' });
      case 'other':
        throw new Refusal('other:request', failure.val, { remedy: 'Report this to the author of the connector.' });
      case 'timed-out':
      case 'too-large':
      case 'cancelled':
        throw new Refusal('transient', `no complete answer came from ${url}`, { retry: 'at-once' });
      default:
        throw thrown;
    }
  }
  return { status: answer.status, text: decoded(answer.body) };
}

// QuickJS has no TextEncoder; a text is percent-encoded UTF-8 on its way to bytes and back.

function encoded(text) {
  return Uint8Array.from(unescape(encodeURIComponent(text)), (unit) => unit.charCodeAt(0));
}

function decoded(bytes) {
  let units = '';
  for (const byte of bytes) units += String.fromCharCode(byte);
  return decodeURIComponent(escape(units));
}

const missing = (settings) => SETTINGS.map(([name]) => name).filter((name) => !settings.get(name));

function client(settings) {
  const absent = missing(settings).join(', ');
  if (absent) {
    throw new Refusal('invalid-settings', `these settings are missing: ${absent}`, { remedy: `Fill in ${absent}.` });
  }
  return new Client(settings.get('address'), settings.get('api-key'), send);
}

function text(value) {
  if (value == null || value.tag === 'text') return value?.val;
  throw new Refusal('invalid-value', 'every attribute of the application is a text', { remedy: 'Map it to a text.' });
}

class Session {
  constructor(client) {
    this.client = client;
  }

  listAttributes() {
    return ATTRIBUTES.map(([name, label, required, maxLength]) => ({
      name, label, kind: 'string', many: false, required, writable: true, maxLength, choices: [],
    }));
  }

  listEntitlements(kind, position) {
    return refusing(() => {
      if (kind !== 'group') {
        throw new Refusal('invalid-value', `there is no kind of grant \`${kind}\``, { remedy: 'Ask for `group`.', retry: 'never' });
      }
      if (position != null && !position.startsWith('groups:')) {
        throw new Refusal('stale-reference', `\`${position.slice(0, 40)}\` isn't a cursor of groups`, { remedy: 'List them again.' });
      }
      const { groups, more } = this.client.groups(position?.slice('groups:'.length));
      const entitlements = groups.map(({ id, name }) => ({ kind, id, name, compatibility: [], seats: null }));
      return { entitlements, next: more ? `groups:${groups.at(-1).id}` : null };
    });
  }

  importUsers({ scope, pageSize, attributes, grants }) {
    return refusing(() => {
      const start = { since: 0, revision: undefined, after: '' };
      if (scope.tag === 'since') start.since = readCursor(scope.val).since;
      const { since, revision, after } = scope.tag === 'resume' ? readCursor(scope.val) : start;
      const names = NAMES.filter((name) => attributes.length === 0 || attributes.includes(name));
      const page = this.client.users(since, after, pageSize);
      // What changes while the pages are read comes again next time: the watermark is that of the first page.
      const mark = revision ?? page.revision;
      return {
        attributes: names,
        users: page.users.map((user) => imported(user, names, grants)),
        departed: [],
        next: page.more ? cursor(since, mark, page.users.at(-1).id) : null,
        watermark: page.more ? null : cursor(mark, mark, ''),
      };
    });
  }

  pushUsers(users, mode) {
    return refusing(() => each(users, (user, at) => this.push(user, mode, at)));
  }

  push(user, mode, at) {
    const { id, key, username } = user;
    const current = id == null ? this.client.find(key, username) : this.client.user(id);
    if (current && id == null) checkOwner(current, key, username);
    const wanted = {
      key,
      name: username,
      changes: user.changes.map(({ name, value }) => [name, text(value)]),
      groups: user.grants.filter(({ kind }) => kind === 'group').map((grant) => grant.id),
      exact: user.exactGrants,
    };
    return this.carryOut(plan(wanted, current), key, mode, at);
  }

  carryOut(made, subject, mode, at) {
    const result = outcome(made);
    if (mode.tag === 'apply-planned' && mode.val[at] !== result.digest) {
      throw new Refusal('drifted', `${subject} has changed since the plan was made`, { remedy: 'Plan again.' });
    }
    if (mode.tag === 'plan' || made.action === 'unchanged') return result;
    const [wanted] = ledger.begin([{ subject, id: made.id ?? null, changes: result.changes }]);
    if (!wanted) {
      throw new Refusal('drifted', `${subject} is no longer wanted`, { remedy: 'Nothing has to be done.', retry: 'never' });
    }
    result.id = this.client.write(made, `the user ${subject}`).id;
    ledger.written([{ subject, id: result.id, written: result.changes.map((_, position) => position) }]);
    return result;
  }

  deactivateUsers(ids, how, mode) {
    return refusing(() => {
      if (how === 'freeze' || how === 'unlink') {
        throw new Refusal('unsupported', 'the application can only deactivate', { remedy: 'Choose `deactivate`.', retry: 'never' });
      }
      return each(ids, (id, at) => this.switchTo(false, this.client.user(id), id, mode, at));
    });
  }

  reactivateUsers(ids, mode) {
    return refusing(() => each(ids, (id, at) => this.switchTo(true, this.client.user(id), id, mode, at)));
  }

  switchTo(active, user, subject, mode, at) {
    if (user.active === active) return outcome({ action: 'unchanged', id: user.id, changes: [] });
    const changes = [['active', String(user.active), String(active)]];
    const action = active ? 'reactivated' : 'deactivated';
    return this.carryOut({ action, id: user.id, changes, body: { active } }, subject, mode, at);
  }

  takeBackUsers(people, how, mode) {
    return refusing(() =>
      each(people, ({ key, id }, at) => {
        // A user that the person has by now stays. Only one that carries this key can have come from the push that was cut off.
        const found = id == null ? this.client.find(key, '') : undefined;
        if (!found) return outcome({ action: 'unchanged', id, changes: [] });
        return this.switchTo(false, found, key, mode, at);
      }),
    );
  }

  syncPasswords(passwords) {
    return refusing(() => each(passwords, ([id, password]) => this.client.setPassword(id, password)));
  }

  usage() {
    return { calls: this.client.calls, used: null, limit: null };
  }
}

/** A user that carries another person's key, or that the host knows to be somebody else's, isn't touched. */
function checkOwner(current, key, name) {
  const [owner] = ledger.owners([current.id]);
  const others = owner ? owner.key !== key : current.key !== null && current.key !== key;
  if (others) {
    const remedy = 'Choose another username, or decide whose the user is.';
    throw new Refusal('username-taken', `the user ${name} belongs to another person`, { remedy });
  }
}

function outcome(made) {
  const changes = made.changes.map(([field, old, value]) => ({ object: 'user', field, old: old ?? null, new: value ?? null }));
  return { id: made.id ?? null, action: made.action, changes, sideEffects: [], digest: digest(made) };
}

function imported(user, names, grants) {
  return {
    id: user.id,
    username: user.userName,
    status: user.active ? 'active' : 'inactive',
    modified: user.modified,
    values: names.map((name) => (user[name] ? { tag: 'text', val: user[name] } : null)),
    grants: grants ? user.groups.map((id) => ({ kind: 'group', id })) : [],
  };
}

export const provisioningConnector = {
  Session,

  describe() {
    return {
      name: 'Sample application',
      version: '0.1.0',
      features: {
        importNewUsers: true,
        importProfileUpdates: true,
        incrementalImport: true,
        pushNewUsers: true,
        pushProfileUpdates: true,
        pushUserDeactivation: true,
        reactivateUsers: true,
        syncPassword: true,
        profileSourcing: false,
        plan: true,
      },
      settings: SETTINGS.map(([name, label, help, tag]) => ({
        name, label, help, kind: { tag }, required: true, panel: 'integration', multiline: false,
      })),
      grants: [{ name: 'group', label: 'Groups', many: true }],
      hosts: [{ name: 'application', source: { tag: 'setting', val: 'address' }, when: null }],
      uses: [
        {
          name: 'manage-users', hosts: ['application'], methods: ['get', 'post', 'patch'], path: '/api/**',
          puts: [KEY], takes: [], learns: null,
        },
        {
          name: 'set-password', hosts: ['application'], methods: ['put'], path: '/api/users/{id}/password',
          puts: [KEY, NEW_PASSWORD], takes: [], learns: null,
        },
      ],
    };
  },

  testCredentials(list) {
    const settings = new Map(list);
    const absent = missing(settings);
    const probes = SETTINGS.map(([name]) =>
      absent.includes(name)
        ? { name, verdict: 'failed', kind: { tag: 'invalid-settings' }, detail: `\`${name}\` is missing`, remedy: `Fill in \`${name}\`.` }
        : { name, verdict: 'passed', kind: null, detail: `\`${name}\` is filled in`, remedy: null },
    );
    const name = 'sign-in';
    if (absent.length > 0) {
      return [...probes, { name, verdict: 'skipped', kind: null, detail: 'a setting is missing', remedy: null }];
    }
    try {
      const found = client(settings).signIn();
      return [...probes, { name, verdict: 'passed', kind: null, detail: `the key opens ${found.name}`, remedy: null }];
    } catch (thrown) {
      const { kind, message, remedy } = told(thrown);
      return [...probes, { name, verdict: 'failed', kind, detail: message, remedy: remedy ?? 'Try again later.' }];
    }
  },

  open(list) {
    return refusing(() => {
      const signedIn = client(new Map(list));
      signedIn.signIn();
      return new Session(signedIn);
    });
  },
};
