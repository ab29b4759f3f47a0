// The guide's four errors, each with its remedy, and a failed task that is mended and tried again.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { chooseProfile, connect, press, push, result } from "../steps.mjs";
import { World } from "../world.mjs";

const PLUS = "profile=Customer Community Plus User";
const FOUR = [
  ["Feature", "feature licence UserPermissionsLiveAgentUser is not allowed", "Take the feature licence away"],
  ["Profile", "belongs to another licence", "Choose a profile of the same licence"],
  ["Role", "role", "Choose a role of the portal's own account"],
  ["Set", "permission set Community Moderation", "Take the permission set away"],
];

describe("what does not fit the user's licence", () => {
  let world, page;

  // A script may assign what the pages do not offer; the errors are told all the same.
  const assign = (key, ...grants) => world.run(["assign", "acme", key, ...grants.flatMap((grant) => ["--grant", grant])]);

  before(async () => {
    world = await World.start({ users: 20, seed: 911 });
    page = await world.page();
    page.scripted = true;
    await connect(page, "acme", world.connection);
    for (const [key] of FOUR) {
      const username = `${key.toLowerCase()}@lighthouse.example`;
      await world.run(["person", "add", key, username, "--set", `givenName=${key}`, "--set", "familyName=Tester", "--set", `email=${username}`]);
    }
    await assign("Profile", "profile=Partner Community User");
    assert.match(await push(page, "acme"), /1 went well, 0 failed/);
    await assign("Profile", "profile=Customer Community User");
    await assign("Feature", PLUS, "feature-license=Live Agent User");
    const [partner] = await world.query("SELECT Id FROM UserRole WHERE PortalType = 'Partner' LIMIT 1");
    await assign("Role", PLUS, `role=${partner.Id}`);
    await assign("Set", PLUS, "permission-set=Community Moderation");
    assert.match(await push(page, "acme"), /0 went well, 4 failed/);
  });
  after(() => world.stop());

  for (const [key, cause, remedy] of FOUR) {
    it(`says of the ${key.toLowerCase()} what is wrong and what to do`, async () => {
      await page.goto(`/applications/acme/tasks?state=failed&q=${key}%40`);
      const words = await page.locator("#tasks").innerText();
      assert.ok(words.includes(cause) && words.includes(remedy) && words.includes("incompatible-grants"), words);
    });
  }

  it("tries a failed task again once its cause is mended", async () => {
    await page.goto("/applications/acme/assignments");
    await page.getByRole("link", { name: "Edit the assignment of Set" }).click();
    const list = page.locator("button[name='list']");
    await list.click();
    await page.locator("#field-grant-profile").waitFor({ timeout: 60_000 });
    await chooseProfile(page, "Customer Community Plus User");
    await page.locator("#field-grant-permission-set").getByLabel("Portal Case Access").first().check();
    await page.locator("[name='push']").check();
    await press(page, "save");
    assert.match(await result(page), /1 went well, 0 failed/);
    await page.goto("/applications/acme/tasks?state=failed");
    assert.equal(await page.locator("#tasks button[name='retry']").count(), 3);
    assert.equal((await world.query("SELECT Id FROM User WHERE Username = 'set@lighthouse.example'")).length, 1);
  });

  it("tries one task again, and all", async () => {
    await page.goto("/applications/acme/tasks?state=failed");
    await page.locator("#tasks button[name='retry']").first().click();
    await page.getByText("One task is tried again with the next push").waitFor();
    await press(page, "retry-all");
    await page.getByText("2 tasks are tried again").waitFor();
    await page.goto("/applications/acme/push");
    await press(page, "push");
    assert.match(await result(page), /0 went well, 3 failed/);
  });

  it("had no fault of a script and nothing that the content policy refused", () => assert.deepEqual(page.faults, []));
});
