// A host for provisioning connectors in Node, on what jco makes of a component.
//
// It implements what the world `connector` imports and calls what it exports. It shows that the interface needs no particular host; what the
// host in Rust does beyond that (limits, egress rules by address, a directory) isn't here.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';

import { Access, Denied } from './placement.mjs';

const PACKAGE = 'identity:provisioning';

/** Sends requests and waits for each. */
class Http {
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.signal = new Int32Array(new SharedArrayBuffer(4));
    const workerData = { port: port2, signal: this.signal };
    this.worker = new Worker(new URL('./http-worker.mjs', import.meta.url), { workerData, transferList: [port2] });
    this.worker.unref();
    this.port.unref();
  }

  send(request) {
    Atomics.store(this.signal, 0, 0);
    this.port.postMessage(request);
    Atomics.wait(this.signal, 0, 0);
    return receiveMessageOnPort(this.port).message;
  }
}

/** What a descriptor declares, in the form that `Access` takes. */
export function declaration({ name, hosts, uses }) {
  const source = ({ tag, val }) => (tag === 'learned' ? 'learned' : { [tag]: val });
  const place = ({ tag, val }) => ({ [tag]: val });
  const form = ({ tag, val }) => (tag === 'jwt' ? { jwt: val } : tag);
  return {
    application: name,
    hosts: hosts.map((host) => ({ ...host, source: source(host.source) })),
    uses: uses.map((use) => ({
      ...use,
      methods: use.methods.map((method) => method.toUpperCase()),
      puts: use.puts.map((put) => ({ ...put, form: form(put.form), place: place(put.place) })),
      takes: use.takes.map((take) => ({ ...take, place: place(take.place) })),
      learns: use.learns && [use.learns[0], place(use.learns[1])],
    })),
  };
}

/** A timer, which WASI waits by. */
class Pollable {
  constructor(due) {
    this.due = due;
  }

  ready() {
    return this.due <= performance.now();
  }

  block() {
    const wait = Math.max(0, this.due - performance.now());
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, wait);
  }
}

/** One job of one tenant: instances of its own. */
export class Job {
  constructor(settings = {}, secrets = {}, approved = { hosts: [], uses: [] }) {
    this.access = new Access(approved, settings, secrets);
    this.settings = [...Object.entries(settings), ...Object.entries(this.access.given)];
    Object.assign(this, { requests: 0, answers: new Map(), memories: [], http: new Http() });
  }

  /** Instantiates what `jco transpile --instantiation async` has left in a folder. */
  async start(folder, name) {
    const { instantiate } = await import(pathToFileURL(join(folder, `${name}.js`)));
    const core = async (path) => WebAssembly.compile(await readFile(join(folder, path)));
    const exports = await instantiate(core, this.imports(), async (module, imports) => {
      const instance = await WebAssembly.instantiate(module, imports);
      const memories = Object.values(instance.exports).filter((one) => one instanceof WebAssembly.Memory);
      this.memories.push(...memories);
      return instance;
    });
    this.connector = exports.provisioningConnector;
    return this;
  }

  imports() {
    const started = performance.now();
    const clock = {
      now: () => BigInt(Math.round((performance.now() - started) * 1e6)),
      resolution: () => 1000n,
      subscribeInstant: (when) => new Pollable(started + Number(when) / 1e6),
      subscribeDuration: (wait) => new Pollable(performance.now() + Number(wait) / 1e6),
    };
    const time = () => ({ seconds: BigInt(Math.floor(Date.now() / 1000)), nanoseconds: (Date.now() % 1000) * 1e6 });
    // jco leaves versions out of the names of imports.
    return {
      'wasi:clocks/wall-clock': { now: time, resolution: () => ({ seconds: 0n, nanoseconds: 1000 }) },
      'wasi:clocks/monotonic-clock': clock,
      'wasi:io/poll': { Pollable, poll: (them) => this.poll(them) },
      [`${PACKAGE}/log`]: { write: (level, message) => this.log(level, message) },
      [`${PACKAGE}/types`]: {},
      [`${PACKAGE}/ledger`]: {
        owners: (ids) => ids.map(() => undefined),
        undecided: () => {},
        outOfUse: () => {},
        begin: (intents) => intents.map(() => true),
        written: () => {},
      },
      [`${PACKAGE}/secrets`]: {
        basic: (username, secret) => this.basic(username, secret),
        signJwt: () => {
          throw 'this host signs nothing';
        },
      },
      [`${PACKAGE}/http`]: {
        send: (request) => this.send(request),
        sendAll: (requests) => requests.map((request) => this.result(request)),
        start: (request) => {
          const number = this.requests + this.answers.size + 1;
          this.answers.set(number, this.result(request));
          return number;
        },
        finish: (number) => {
          const { tag, val } = this.answers.get(number) ?? { tag: 'err', val: { tag: 'other', val: 'no such request' } };
          this.answers.delete(number);
          if (tag === 'err') throw val;
          return val;
        },
      },
    };
  }

  poll(them) {
    new Pollable(Math.min(...them.map(({ due }) => due))).block();
    return Uint32Array.from([...them.keys()].filter((at) => them[at].ready()));
  }

  log(level, message) {
    if (level === 'warn' || level === 'error') console.error(`${level}: ${this.access.named(message)}`);
  }

  basic(username, secret) {
    const held = this.access.held.get(secret);
    if (held?.kind !== 'setting' || !this.access.mayBeBasic(held.name)) {
      throw 'no approved use sends this in the form `basic`';
    }
    const value = Buffer.from(`${username}:${held.value}`).toString('base64');
    return this.access.mint({ name: held.name, value, kind: 'basic' });
  }

  send({ method, url, headers, body }) {
    let leaving;
    try {
      const text = body && Buffer.from(body).toString('utf8');
      leaving = this.access.leaves(method.toUpperCase(), url, headers, text);
    } catch (thrown) {
      if (thrown instanceof Denied) throw { tag: 'denied', val: thrown.message };
      throw thrown;
    }
    this.requests += 1;
    const { use, found, ...request } = leaving;
    const answer = this.http.send(request);
    if (answer.failed) throw { tag: 'unreachable', val: answer.failed };
    const seen = this.access.reaches(leaving, answer.status, answer.headers, answer.body);
    return { ...seen, body: new Uint8Array(Buffer.from(seen.body, 'utf8')) };
  }

  result(request) {
    try {
      return { tag: 'ok', val: this.send(request) };
    } catch (thrown) {
      return { tag: 'err', val: thrown };
    }
  }
}
