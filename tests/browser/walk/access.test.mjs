// Every page: what axe-core calls serious or critical, what runs out of a telephone's width, and what a keyboard reaches.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { addPerson, connect, openAssignment, press, push, result } from "../steps.mjs";
import { World, faultsOfAccess } from "../world.mjs";

const APPLICATION = ["overview", "runs", "scim", "general", "integration", "to-app", "attributes", "to-idp", "assignments", "assignments/people", "import", "import/matches", "push", "tasks", "audit", "usage", "remove"];
const PATHS = [
  "/applications",
  "/add-application",
  ...APPLICATION.map((page) => `/applications/acme/${page}`),
  "/applications/acme/assignments/edit?person=E1",
  "/applications/acme/assignments/remove?person=E1",
  "/people",
  "/sessions",
  "/add-person",
  "/people/E1",
  "/people/E1/edit",
  "/people/E1/password",
  "/people/E1/unlink?application=acme",
  "/audit",
  "/nothing-here",
];

describe("every page is accessible", () => {
  let world, light, dark;

  before(async () => {
    world = await World.start({ users: 60, seed: 931 });
    light = await world.page({ colorScheme: "light" });
    dark = await world.page({ colorScheme: "dark", viewport: { width: 320, height: 640 } });
    light.scripted = true;
    await connect(light, "acme", world.connection);
    await world.run(["tenant", "edit", "acme", "--set", "to-idp.matching.auto-confirm=false", "--set", "to-idp.matching.auto-create=false"]);
    await addPerson(light, { key: "E1", username: "e1@lighthouse.example", given: "Eve", family: "One" });
    await addPerson(light, { key: "E2", username: "e2@lighthouse.example", given: "Eve", family: "Two" });
    await openAssignment(light, "acme", "E1");
    await world.run(["assign", "acme", "E1", "--grant", "profile=Customer Community User"]);
    await world.run(["assign", "acme", "E2", "--grant", "profile=Customer Community Plus User", "--grant", "permission-set=Community Moderation"]);
    await push(light, "acme");
    await light.goto("/applications/acme/import");
    await press(light, "full");
    await result(light);
  });
  after(() => world.stop());

  for (const path of PATHS) {
    it(path, async () => {
      for (const page of [light, dark]) {
        await page.goto(path);
        assert.deepEqual(await faultsOfAccess(page), []);
        if (page === light) continue;
        const [width, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
        assert.ok(width <= shown, `the page is ${width} wide on ${shown}`);
        assert.equal(await page.locator("h1").count(), 1);
      }
      for (const width of [390, 1280, 1920]) {
        await light.setViewportSize({ width, height: 800 });
        const [wanted, shown] = await light.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
        assert.ok(wanted <= shown, `the page is ${wanted} wide on ${shown}`);
      }
    });
  }

  it("a form with mistakes, whose summary has the focus", async () => {
    await light.goto("/applications/acme/to-idp");
    await light.locator("#field-page-size").fill("0");
    await press(light, "save");
    assert.equal(await light.evaluate(() => document.activeElement.id), "errors");
    assert.deepEqual(await faultsOfAccess(light), []);
    await light.locator("#errors a").first().press("Enter");
    assert.equal(await light.evaluate(() => document.activeElement.id), "field-page-size");
    assert.equal(await light.locator("#field-page-size").inputValue(), "0");
  });

  it("the first key leads to the content", async () => {
    await light.goto("/applications");
    await light.keyboard.press("Tab");
    assert.equal(await light.evaluate(() => document.activeElement.textContent), "Skip to the content");
    await light.keyboard.press("Enter");
    assert.equal(await light.evaluate(() => document.activeElement.id), "main");
  });

  it("had no fault of a script and nothing that the content policy refused", () => assert.deepEqual([...light.faults, ...dark.faults], []));
});
