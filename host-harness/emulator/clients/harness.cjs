// What the jsforce checks share: an org of their own, and a line for each check.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const readline = require('node:readline');

/** Serves an org: what it says of itself, its controls as `control`, and `stop`. */
async function startOrg(...options) {
  const process_ = spawn(process.env.EMULATOR, options, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: process_.stdout });
  const line = await new Promise((resolve, reject) => {
    lines.once('line', resolve);
    process_.once('error', reject);
    process_.once('exit', (code) => reject(new Error(`the emulator ended with ${code}`)));
  });
  const connection = JSON.parse(line);
  return {
    ...connection,
    async control(method, path, body) {
      const answer = await fetch(connection.control_url + path, {
        method,
        headers: { 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    },
    async stop() {
      const ended = new Promise((resolve) => process_.once('exit', resolve));
      process_.stdin.end();
      await ended;
    },
  };
}

/** The checks of one client, in the order they stand in the file. */
class Checks {
  constructor(client) {
    this.client = client;
    this.checks = [];
  }

  add(name, check) {
    this.checks.push([name, check]);
  }

  /** Runs them all; a failed one does not keep the others from running. */
  async run(...given) {
    let failed = 0;
    for (const [name, check] of this.checks) {
      try {
        await check(...given);
        console.log(`ok   ${this.client}: ${name}`);
      } catch (error) {
        failed += 1;
        console.log(`FAIL ${this.client}: ${name}: ${error.name}: ${String(error.message).split('\n').join(' ')}`);
        console.error(error);
      }
    }
    console.log('done');
    return failed;
  }
}

/** What a promise was rejected with. */
async function rejection(promise) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  return assert.fail(`nothing was thrown, but ${JSON.stringify(value)} given`);
}

module.exports = { Checks, rejection, startOrg };
