// Placeholders, approved uses, and what goes out and comes in: docs/interface.md, "Secrets".
//
// A guest holds placeholders. `Access.leaves` puts the secrets in, where an approved use has them; `Access.reaches` takes tokens out of
// answers. `wit/placement-vectors.json` has what must come of it, and `placement.test.mjs` plays that.

import { randomInt } from 'node:crypto';

import { DOMParser, XMLSerializer } from '@xmldom/xmldom';

const PLACEHOLDER = /sk0[A-Za-z0-9]{40}/g;
const LONGEST_BODY = 1 << 20;
// The usual names of credentials in answers, and those of their placeholders.
const USUAL_NAMES = {
  access_token: 'access-token',
  refresh_token: 'refresh-token',
  id_token: 'id-token',
  sessionId: 'session-id',
};
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** A request that isn't sent, in a sentence. */
export class Denied extends Error {}

const field = (headers, wanted) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? '';

/** The syntax of a body, by its content type; undefined for one that isn't read. */
function syntax(contentType) {
  const [kind, ...parameters] = contentType.toLowerCase().split(';').map((part) => part.trim());
  for (const parameter of parameters) {
    const [name, value = ''] = parameter.split('=');
    if (name.trim() === 'charset' && value.trim().replaceAll('"', '') !== 'utf-8') return undefined;
  }
  if (['application/json', 'text/json'].includes(kind) || kind.endsWith('+json')) return Json;
  if (['application/xml', 'text/xml'].includes(kind) || kind.endsWith('+xml')) return Xml;
  return kind === 'application/x-www-form-urlencoded' ? Form : undefined;
}

class Json {
  constructor(text) {
    this.value = JSON.parse(text);
    // JSON.parse takes the last of two members, and another reader the first: one that stands twice is refused.
    if (members(text) !== count(this.value)) throw new Error('a member of its JSON stands twice');
  }

  change(how) {
    const walk = (value, at) => {
      if (typeof value === 'string') return how(['json', at], value);
      if (Array.isArray(value)) return value.map((item, number) => walk(item, [...at, String(number)]));
      if (value === null || typeof value !== 'object') return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, member]) => {
          how(['never', 'the name of a JSON member'], name);
          return [name, walk(member, [...at, name])];
        }),
      );
    };
    this.value = walk(this.value, []);
  }

  text() {
    return JSON.stringify(this.value);
  }
}

/** Members that a JSON text writes down. */
function members(text) {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(':').length - 1;
}

/** Members of a JSON value. */
function count(value) {
  if (value === null || typeof value !== 'object') return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum, member) => sum + count(member), own);
}

class Form {
  constructor(text) {
    this.pairs = [...new URLSearchParams(text)];
  }

  change(how) {
    this.pairs = this.pairs.map(([name, value]) => {
      how(['never', 'the name of a form field'], name);
      return [name, how(['form', name], value)];
    });
  }

  text() {
    return new URLSearchParams(this.pairs).toString();
  }
}

class Xml {
  constructor(text) {
    if (text.includes('<!DOCTYPE')) throw new Error('its XML has a document type');
    if (/<\?(?!xml\s)/.test(text)) throw new Error('its XML has a processing instruction');
    const fail = (_, message) => {
      throw new Error(`it isn't XML that can be read: ${message}`);
    };
    this.document = new DOMParser({ onError: fail }).parseFromString(text, 'text/xml');
  }

  change(how) {
    const walk = (element, above) => {
      const at = [...above, element.localName];
      how(['never', 'an XML tag'], element.tagName);
      for (const { name, value } of [...element.attributes]) how(['never', 'an XML attribute'], `${name} ${value}`);
      // Data of one element up to the next tag is one text, also where it was written in pieces.
      let run = [];
      for (const node of [...element.childNodes, undefined]) {
        if (node?.nodeType === 3 || node?.nodeType === 4) {
          run.push(node);
        } else if (node?.nodeType === 8) {
          how(['never', 'an XML comment'], node.data);
          element.removeChild(node);
        } else {
          if (run.length > 0) {
            const data = how(['xml', at], run.map((piece) => piece.data).join(''));
            element.replaceChild(this.document.createTextNode(data), run[0]);
            run.slice(1).forEach((piece) => element.removeChild(piece));
            run = [];
          }
          if (node) walk(node, at);
        }
      }
    };
    walk(this.document.documentElement, []);
  }

  text() {
    return new XMLSerializer().serializeToString(this.document);
  }
}

function fitsPointer(steps, pointer) {
  const [first, ...wanted] = pointer.split('/');
  if (first !== '' || wanted.length !== steps.length) return false;
  return wanted.every((name, at) => name === '*' || name.replaceAll('~1', '/').replaceAll('~0', '~') === steps[at]);
}

function isSpot([kind, at], place) {
  const [[where, wanted]] = Object.entries(place);
  if (kind !== where) return false;
  if (kind === 'json') return fitsPointer(at, wanted);
  if (kind === 'xml') return at.join('/') === wanted;
  if (kind === 'form') return at === wanted;
  return at[0].toLowerCase() === wanted[0].toLowerCase() && at[1] === wanted[1];
}

/** The id in a path that fits a pattern ('' if the pattern has none), or undefined if it doesn't fit. */
function fitsPath(pattern, path) {
  const [names, wanted] = [path.slice(1).split('/'), pattern.slice(1).split('/')];
  const plain = (name) => /^[!-~]+$/.test(name) && !/^\.+$/.test(name) && !/[%\\;?#]/.test(name);
  if (!path.startsWith('/') || !names.every(plain)) return undefined;
  if (wanted.at(-1) === '**' ? names.length < wanted.length : names.length !== wanted.length) return undefined;
  let about = '';
  for (const [at, segment] of wanted.entries()) {
    if (segment === '{id}') about = names[at];
    else if (!['*', '**', names[at]].includes(segment)) return undefined;
  }
  return about;
}

function origin(text) {
  try {
    const url = new URL(text.includes('://') ? text : `https://${text}`);
    return ['http:', 'https:'].includes(url.protocol) && !url.username ? url.origin.replace(/\.$/, '') : undefined;
  } catch {
    return undefined;
  }
}

/** What one job of one tenant may do with its secrets. `declaration` is what an admin has approved. */
export class Access {
  constructor(declaration, settings, secrets) {
    Object.assign(this, { declaration, settings, held: new Map(), names: Object.keys(secrets), hosts: [] });
    for (const { name, source, when } of declaration.hosts) {
      if (when && (settings[when[0]] ?? '').trim() !== when[1]) continue;
      if (source === 'learned') continue;
      const [[kind, value]] = Object.entries(source);
      const found = origin(kind === 'setting' ? (settings[value] ?? '') : value);
      if (found) this.hosts.push([name, found]);
    }
    const mint = ([name, value]) => [name, this.mint({ name, value, kind: 'setting' })];
    this.given = Object.fromEntries(Object.entries(secrets).map(mint));
  }

  /** A placeholder that stands for this. The same token keeps its placeholder. */
  mint(held) {
    if (held.kind === 'taken') {
      for (const [placeholder, other] of this.held) {
        if (other.kind === 'taken' && other.name === held.name && other.value === held.value) return placeholder;
      }
    }
    const placeholder = `sk0${Array.from({ length: 40 }, () => LETTERS[randomInt(LETTERS.length)]).join('')}`;
    this.held.set(placeholder, held);
    return placeholder;
  }

  newPassword(id, value) {
    return this.mint({ name: 'new-password', value, kind: 'new-password', about: id });
  }

  find(text) {
    return (text.match(PLACEHOLDER) ?? []).map((match) => this.held.get(match)).filter((held) => held);
  }

  filled(text) {
    return text.replace(PLACEHOLDER, (match) => this.held.get(match)?.value ?? match);
  }

  /** For people: the names of secrets in the place of placeholders. */
  named(text) {
    return text.replace(PLACEHOLDER, (match) => (this.held.has(match) ? `{{${this.held.get(match).name}}}` : match));
  }

  /** The request with its secrets in place. Throws `Denied`. */
  leaves(method, url, headers, body) {
    const found = this.find(url).map((held) => [held, ['never', 'the address']]);
    for (const [name, value] of headers) {
      for (const held of this.find(value)) {
        const at = value.search(/sk0[A-Za-z0-9]{40}/);
        const spot = value.length > at + 43 ? ['never', 'a header field'] : ['header', [name, value.slice(0, at)]];
        found.push([held, spot]);
      }
    }
    let parsed;
    if (body !== undefined && this.find(body).length > 0) {
      parsed = this.parsed(method, url, headers, body);
      parsed.change((spot, text) => {
        this.find(text).forEach((held) => found.push([held, spot]));
        return text;
      });
    }
    const use = this.allowed(method, url, found);
    parsed?.change((_, text) => this.filled(text));
    return {
      method, url, use, found,
      headers: headers.map(([name, value]) => [name, this.filled(value)]),
      body: parsed ? parsed.text() : body,
    };
  }

  parsed(method, url, headers, body) {
    const { host, pathname } = new URL(url);
    try {
      const Syntax = syntax(field(headers, 'content-type'));
      if (!Syntax) throw new Error('its content type is none that is read');
      if (body.length > LONGEST_BODY) throw new Error('it is too long');
      return new Syntax(body);
    } catch (reason) {
      const rule = 'a secret goes out only in a body that the host can read and write anew';
      throw new Denied(`${rule}: ${method} ${host}${pathname}: ${reason.message}`);
    }
  }

  allowed(method, url, found) {
    const { host, pathname } = new URL(url);
    // A path that isn't sent as it was written fits nothing.
    const path = url.slice(url.indexOf(host) + host.length).split(/[?#]/)[0] === pathname ? pathname : '';
    const at = origin(url);
    const names = this.hosts.filter(([, known]) => known === at).map(([name]) => name);
    if (names.length === 0) throw new Denied(`the host ${host} is none of those that were approved`);
    const fitting = this.declaration.uses
      .map((use) => [use, fitsPath(use.path, path)])
      .filter(([use, about]) => about !== undefined && use.methods.includes(method) && use.hosts.some((one) => names.includes(one)));
    const covers = (one) => ([use, about]) => use.puts.some((put) => this.covers(put, one, about, at));
    const fit = fitting.find((candidate) => found.every((one) => covers(one)(candidate)));
    if (fit) return fit[0];
    const stray = found.find((one) => !fitting.some(covers(one)));
    if (stray) {
      const [held, [kind, spot]] = stray;
      throw new Denied(`no approved use sends the secret \`${held.name}\` in ${kind} ${spot} of ${method} ${host}${pathname}`);
    }
    if (found.length > 0) throw new Denied(`no approved use sends these secrets together in ${method} ${host}${pathname}`);
    return undefined;
  }

  covers(put, [held, spot], about, at) {
    if (put.secret !== held.name || !isSpot(spot, put.place)) return false;
    switch (held.kind) {
      case 'setting':
      case 'taken':
        return put.form === 'plain';
      case 'new-password':
        return put.form === 'plain' && ['', held.about].includes(about);
      case 'basic':
        return put.form === 'basic';
      default:
        return put.form.jwt !== undefined && this.bounded(put.form.jwt, held.about, at);
    }
  }

  bounded(bounds, claims, at) {
    const expands = (bound, has) => {
      if (bound === '{host}') return has === at;
      if (bound.startsWith('{')) return has !== '' && (this.settings[bound.slice(1, -1)] ?? '').trim() === has;
      return bound === has;
    };
    const soon = claims.exp <= Date.now() / 1000 + Math.min(bounds.lifetime, 300);
    return soon && expands(bounds.issuer, claims.iss) && expands(bounds.subject, claims.sub) && expands(bounds.audience, claims.aud);
  }

  mayBeBasic(name) {
    return this.declaration.uses.some(({ puts }) => puts.some((put) => put.secret === name && put.form === 'basic'));
  }

  /** What the guest sees of an answer. */
  reaches({ use, found }, status, all, text) {
    const { takes = [], learns } = use ?? {};
    const afterSecret = found.some(([held]) => held.kind !== 'taken');
    let headers = all.map(([name, value]) => [name.toLowerCase(), value]).filter(([name]) => !/^set-cookie2?$/.test(name));
    let body = text;
    for (const { secret, place } of takes) {
      if (!place.header) continue;
      const [wanted, before] = place.header;
      headers = headers.map(([name, value]) =>
        name === wanted.toLowerCase() && value.startsWith(before)
          ? [name, before + this.mint({ name: secret, value: value.slice(before.length), kind: 'taken' })]
          : [name, value],
      );
    }
    let learned;
    if ((takes.length > 0 || afterSecret || learns) && body) {
      let parsed;
      try {
        parsed = new (syntax(field(headers, 'content-type')))(body);
      } catch {
        // It may hold what was to be taken.
        body = body.slice(0, 1024).replace(/[A-Za-z0-9!._\-~+/=%]{20,}/g, '***');
      }
      let changed = false;
      parsed?.change((spot, value) => {
        if (learns && isSpot(spot, learns[1])) learned = value;
        const last = Array.isArray(spot[1]) ? spot[1].at(-1) : spot[1];
        const usual = afterSecret && spot[0] !== 'never' && Object.hasOwn(USUAL_NAMES, last) ? USUAL_NAMES[last] : undefined;
        const name = takes.find((take) => isSpot(spot, take.place))?.secret ?? usual;
        if (name === undefined || value === '') return value;
        changed = true;
        return this.mint({ name, value, kind: 'taken' });
      });
      if (changed) body = parsed.text();
    }
    if (learned !== undefined && status < 300 && this.mayTeach(use, found)) this.learn(learns[0], learned);
    for (const [placeholder, held] of this.held) {
      if (held.kind !== 'taken' && !found.some(([other]) => other === held)) continue;
      body = body.replaceAll(held.value, placeholder);
      headers = headers.map(([name, value]) => [name, value.replaceAll(held.value, placeholder)]);
    }
    return { status, headers, body };
  }

  mayTeach(use, found) {
    const has = found.map(([held]) => held.name);
    return use.puts.every(({ secret }) => !this.names.includes(secret) || has.includes(secret));
  }

  /** A learned host counts if the settings name it already. Another one has to be confirmed by an admin, which is not for this host. */
  learn(entry, address) {
    const found = origin(address);
    if (found && this.hosts.some(([, known]) => known === found)) this.hosts.push([entry, found]);
  }
}
