// The daily work: two tabs, mistakes, the back button, long lists, and an ended session; with a script and without one.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { addPerson, connect, press, result } from "../steps.mjs";
import { World } from "../world.mjs";

for (const scripted of [true, false]) {
  describe(`the daily work ${scripted ? "with" : "without"} a script`, () => {
    let world, page, other;

    before(async () => {
      world = await World.start({ users: 150, seed: scripted ? 941 : 942 });
      const first = await world.page();
      first.scripted = true;
      await connect(first, "acme", world.connection);
      await world.run(["tenant", "edit", "acme", "--set", "to-idp.matching.auto-confirm=false", "--set", "to-idp.matching.auto-create=false"]);
      await addPerson(first, { key: "E1", username: "ada@lighthouse.example", given: "Ada", family: "King" });
      await first.goto("/applications/acme/import");
      await press(first, "full");
      await result(first);
      page = await world.page({ javaScriptEnabled: scripted, viewport: { width: 1280, height: 800 } });
      other = await page.context().newPage();
    });
    after(() => world.stop());

    it("two tabs: what the other has saved is shown and stays", async () => {
      await page.goto("/people/E1/edit");
      await other.goto("/people/E1/edit");
      await other.locator("#field-attribute-title").fill("Countess");
      await press(other, "save");
      await other.getByText("The person was changed").waitFor();
      await page.locator("#field-attribute-mobilePhone").fill("030 1");
      await press(page, "save");
      assert.match(await page.locator("#errors").innerText(), /Somebody else has changed this[\s\S]*Title[\s\S]*Countess/i);
      assert.equal(await page.locator("#field-attribute-mobilePhone").inputValue(), "030 1");
      assert.equal(await page.locator("#field-attribute-title").inputValue(), "Countess");
      await press(page, "save");
      await page.getByText("The person was changed").waitFor();
      await page.goto("/people/E1/edit");
      assert.equal(await page.locator("#field-attribute-title").inputValue(), "Countess");
      assert.equal(await page.locator("#field-attribute-mobilePhone").inputValue(), "030 1");
    });

    it("a page after a mistake can be loaded again, and gone back to", async () => {
      await page.goto("/add-person");
      await page.locator("#field-key").fill("E9");
      await press(page, "add");
      await page.getByText("Nothing was saved").waitFor();
      await page.reload();
      await page.getByText("Nothing was saved").waitFor();
      assert.equal(await page.locator("#field-key").inputValue(), "E9");
      await page.goto("/people");
      await page.goBack();
      await page.getByText("Nothing was saved").waitFor();
    });

    it("nobody selected, a wrong date: told on the page itself", async () => {
      await page.goto("/applications/acme/import/matches?reason=nobody");
      await press(page, "selected", "make");
      await page.getByText("No user was selected").waitFor();
      assert.match(page.url(), /matches\?reason=nobody/);
      await page.goto("/audit?since=soon");
      await page.getByText("isn't a date").waitFor();
      assert.equal(await page.locator("h1").innerText(), "Audit");
    });

    it("matches fit 1280 pixels with their buttons in sight, and several are decided about at once", async () => {
      await page.goto("/applications/acme/import/matches?reason=nobody");
      const height = await page.locator("#matches tbody tr").nth(3).evaluate((row) => row.getBoundingClientRect().height);
      assert.ok(height < 80, `a row is ${height} high`);
      const wide = await page.locator("#matches").evaluate((table) => [table.scrollWidth, table.parentElement.clientWidth]);
      assert.ok(wide[0] <= wide[1], `the table is ${wide}`);
      const button = await page.locator("button[name='selected'][value='make']").boundingBox();
      assert.ok(button.y + button.height <= 800, "the button is in sight without scrolling");
      for (const place of [0, 1]) await page.locator("input[name='user']").nth(place).check();
      await press(page, "selected", "make");
      await page.getByText("2 users were decided about").waitFor();
    });

    it("all that match are counted before anything is done", async () => {
      await page.goto("/applications/acme/import/matches");
      const before = (await page.locator("#matches tbody tr").count());
      await press(page, "confirm-and-make-all");
      assert.match(await page.locator("#consequences").innerText(), /[0-9]+ people are made/);
      await page.getByRole("link", { name: "Go back without it" }).click();
      assert.equal(await page.locator("#matches tbody tr").count(), before);
    });

    it("the overview tells how it is, and the runs what was done", async () => {
      await page.goto("/applications/acme");
      await page.waitForURL("**/overview");
      await page.getByText("Users wait to be confirmed").waitFor();
      await page.getByRole("navigation", { name: "Application acme" }).getByRole("link", { name: "Runs" }).click();
      assert.match(await page.locator("#runs").innerText(), /import[\s\S]*done[\s\S]*to be confirmed/);
      const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export as CSV" }).click()]);
      assert.equal(file.suggestedFilename(), "acme-runs.csv");
    });

    it("the trail says in sentences who did what", async () => {
      await page.goto("/applications/acme/audit?action=tenant");
      assert.match(await page.locator("#audit").innerText(), /changed to-idp\.matching\.auto-c/);
    });

    it("a form of an ended session is kept, and sent after signing in", async () => {
      await page.goto("/people/E1/edit");
      await page.locator("#field-attribute-mobilePhone").fill("030 2");
      await world.run(["console", "set-password", "ada"], "correct horse battery");
      await press(page, "save");
      await page.locator("#field-name").fill("ada");
      await page.locator("#field-password").fill("correct horse battery");
      await press(page, "sign-in");
      await page.getByText("Your session had ended").waitFor();
      await press(page, "again");
      await page.getByText("The person was changed").waitFor();
      await page.goto("/people/E1/edit");
      assert.equal(await page.locator("#field-attribute-mobilePhone").inputValue(), "030 2");
    });

    if (scripted) {
      it("a person is edited by keyboard alone", async () => {
        await page.goto("/people");
        const reach = async (wanted) => {
          for (let steps = 0; steps < 200; steps += 1) {
            if (await page.evaluate((wanted) => document.activeElement.matches(wanted), wanted)) return;
            await page.keyboard.press("Tab");
          }
          assert.fail(`${wanted} wasn't reached`);
        };
        await reach("a[href='/people/E1']");
        await page.keyboard.press("Enter");
        await page.waitForURL("**/people/E1");
        await reach("a[href='/people/E1/edit']");
        await page.keyboard.press("Enter");
        await page.waitForURL("**/edit");
        await reach("#field-attribute-title");
        await page.keyboard.press("Control+A");
        await page.keyboard.type("Lady");
        await reach("button[name='save']");
        await page.keyboard.press("Enter");
        await page.getByText("The person was changed").waitFor();
      });

      it("had no fault of a script and nothing that the content policy refused", () => assert.deepEqual(page.faults, []));
    }
  });
}
