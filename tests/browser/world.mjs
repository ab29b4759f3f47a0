// What a walk needs: an emulated org and a console as processes of their own, and a browser before them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const root = resolve(import.meta.dirname, "../..");

/** The program that is tested; built before. */
const harness = process.env.HOST_HARNESS ?? join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug/host-harness");

/** Debian's browser, or the one that CHROMIUM names. */
const browserPath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);

/** Starts the program, and gives what its first line says. */
async function start(args, env = {}) {
  const child = spawn(harness, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (data) => (complaints += data));
  const lines = createInterface({ input: child.stdout });
  const exit = once(child, "exit");
  const ended = exit.then(([code]) => {
    throw new Error(`host-harness ${args.join(" ")} ended with ${code}: ${complaints}`);
  });
  ended.catch(() => {});
  const [line] = await Promise.race([once(lines, "line"), ended]);
  return { said: JSON.parse(line), stop: () => child.kill("SIGTERM") && exit };
}

/** Runs a command of the program on the world's data folder to its end, with what it reads, and gives the JSON that it prints. */
async function command(folder, args, input = "") {
  const child = spawn(harness, ["--json", "--data", folder, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  // A program that reads nothing may have ended by then.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  let [text, complaints] = ["", ""];
  child.stdout.on("data", (data) => (text += data));
  child.stderr.on("data", (data) => (complaints += data));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`host-harness ${args.join(" ")} ended with ${code}: ${complaints}${text}`);
  return JSON.parse(text);
}

export class World {
  /** An org with so many portal users, and a console on an empty data folder. */
  static async start({ users = 50, seed = 1 } = {}) {
    const world = new World();
    world.folder = mkdtempSync(join(tmpdir(), "console-walk-"));
    world.org = await start(["emulator", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--users", `${users}`, "--seed", `${seed}`, "--json"]);
    world.console = await start(["--json", "--data", world.folder, "console", "--listen", "127.0.0.1:0"]);
    world.browser = await chromium.launch({
      executablePath: browserPath,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    return world;
  }

  get url() {
    return this.console.said.url;
  }

  /** What is needed to reach the org. */
  get connection() {
    return this.org.said;
  }

  /** A page of a browser that knows nothing yet. It fails the test on any error of a script or of the content policy. */
  async page(options = {}) {
    const context = await this.browser.newContext({ baseURL: this.url, ...options });
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    // Without admins, the address that the console has printed lets a browser in.
    const { url, open } = this.console.said;
    if (open !== url) await page.goto(open);
    page.faults = [];
    page.on("pageerror", (error) => page.faults.push(`${error}`));
    page.on("console", (message) => {
      // The status of a refused form is told as an error too; the tests look at those pages themselves.
      if (message.type() === "error" && !message.text().includes("the server responded with a status of 4")) {
        page.faults.push(message.text());
      }
    });
    return page;
  }

  run(args, input) {
    return command(this.folder, args, input);
  }

  /** Has the org's next requests meet a fault, as docs/emulator-control.md says. */
  async inject(fault) {
    const answer = await fetch(`${this.connection.control_url}/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fault),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** Lets the org's requests meet no fault any more. */
  async clearFaults() {
    const answer = await fetch(`${this.connection.control_url}/faults`, { method: "DELETE" });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** Asks the org by SOQL, past the console. */
  async query(soql) {
    const org = this.connection;
    if (!this.token) {
      const body = new URLSearchParams({
        grant_type: "password",
        client_id: org.client_id,
        client_secret: org.client_secret,
        username: org.username,
        password: org.password + org.security_token,
      });
      const answer = await fetch(`${org.url}/services/oauth2/token`, { method: "POST", body });
      this.token = (await answer.json()).access_token;
    }
    const answer = await fetch(`${org.url}/services/data/v64.0/query?q=${encodeURIComponent(soql)}`, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(JSON.stringify(told));
    return told.records;
  }

  async stop() {
    await this.browser?.close();
    // The folder goes once nobody writes to it any more.
    await Promise.all([this.console?.stop(), this.org?.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let axe;

/** What axe-core finds wrong with the page, of what it calls serious or critical. */
export async function faultsOfAccess(page) {
  axe ??= await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html }) => html).join(" | ")}`);
}
