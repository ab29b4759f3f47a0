// A component that does more with secrets than anybody has approved: it stops, an admin reads what it does, and approves it.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";

import { press, result } from "../steps.mjs";
import { World, faultsOfAccess } from "../world.mjs";

const target = process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname, "../../../target");
/** What the connector that is built in declares, and what the grown one does in its place. */
const [OWN, GROWN] = ["/services/data/**", "/services/*/*/*/*"];

/** The connector with another path in its declaration. */
function grown() {
  const component = readFileSync(join(target, "component/salesforce_portal_connector.wasm"));
  const at = component.indexOf(OWN);
  assert.ok(at > 0);
  component.write(GROWN, at);
  return component;
}

describe("a component that grew a use", () => {
  let world, page;

  before(async () => {
    world = await World.start({ users: 5, seed: 951 });
    mkdirSync(join(world.folder, "components"), { recursive: true });
    writeFileSync(join(world.folder, "components/grown.wasm"), grown());
    page = await world.page();
    page.scripted = true;
  });
  after(() => world.stop());

  it("is added, and lists the host that its settings name", async () => {
    await page.goto("/add-application");
    await page.locator("#field-name").fill("acme");
    await page.locator("#field-component").selectOption("grown.wasm");
    await press(page, "add");
    await page.waitForURL("**/applications/acme/general");
    await page.locator("#field-setting-instance-type").selectOption("production");
    await page.locator("#field-setting-organization-id").fill("00D000000000001EAA");
    await page.locator("#field-setting-portal-id").fill("060000000000001AAA");
    await press(page, "save");
    await page.goto("/applications/acme/integration");
    assert.equal(await page.locator("#field-egress-allow").inputValue(), "login.salesforce.com");
  });

  it("says what nobody has approved, and does nothing until it is", async () => {
    await page.locator("#field-setting-username").fill("api@acme.example");
    await page.locator("#field-secret-password").fill("hunter2-hunter2");
    await press(page, "test");
    const refused = await result(page);
    assert.ok(refused.includes("nobody has approved") || refused.includes("Nobody has approved"), refused);
    await page.goto("/applications/acme/general");
    const notice = await page.locator(".notice.bad").innerText();
    assert.ok(notice.includes("Nobody has approved this") && notice.includes(GROWN) && !notice.includes("Soap"), notice);
    const all = await page.locator("#secret-uses").innerText();
    assert.ok(all.includes("Sends Admin password") && all.includes("login.salesforce.com") && all.includes("POST /services/Soap/u/*"), all);
    assert.deepEqual(await faultsOfAccess(page), []);
  });

  it("goes on once an admin has approved it, which the audit trail tells", async () => {
    await press(page, "approve");
    await page.getByText("is approved, for all applications").waitFor();
    assert.equal(await page.getByText("Nobody has approved this").count(), 0);
    await page.goto("/applications/acme/integration");
    await press(page, "test");
    const tested = await result(page);
    assert.ok(tested.includes("login.salesforce.com") && !tested.includes("approved"), tested);
    await page.goto("/audit");
    assert.ok((await page.locator("main").innerText()).includes("component.approve"));
  });

  it("forgets a secret that would go to another host", async () => {
    await page.goto("/applications/acme/general");
    await page.locator("#field-setting-instance-type").selectOption("sandbox");
    await press(page, "save");
    await page.getByText("Admin password was forgotten, since it would go to another host").waitFor();
    await page.goto("/applications/acme/integration");
    assert.equal(await page.locator("#field-egress-allow").inputValue(), "test.salesforce.com");
    assert.deepEqual(page.faults, []);
  });
});
