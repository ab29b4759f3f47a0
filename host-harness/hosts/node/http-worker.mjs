// Sends requests for a thread that waits: a component's imports are synchronous, and Node's HTTP isn't.

import { workerData } from 'node:worker_threads';

const { port, signal } = workerData;

port.on('message', async ({ method, url, headers, body }) => {
  let answer;
  try {
    const response = await fetch(url, { method, headers, body, redirect: 'manual', signal: AbortSignal.timeout(120_000) });
    answer = { status: response.status, headers: [...response.headers], body: await response.text() };
  } catch (reason) {
    answer = { failed: `no connection to ${new URL(url).host}: ${reason.cause?.message ?? reason.message}` };
  }
  port.postMessage(answer);
  Atomics.store(signal, 0, 1);
  Atomics.notify(signal, 0);
});
