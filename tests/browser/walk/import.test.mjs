// An import of 5,000, watched while it runs, and its matches confirmed.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { connect, press, result } from "../steps.mjs";
import { World } from "../world.mjs";

const USERS = 5000;

describe("an import of 5,000", () => {
  let world, page;

  before(async () => {
    world = await World.start({ users: USERS, seed: 921 });
    page = await world.page();
    await connect(page, "acme", world.connection);
    await world.run(["tenant", "edit", "acme", "--set", "to-idp.matching.auto-confirm=false", "--set", "to-idp.matching.auto-create=false", "--set", "to-idp.page-size=100"]);
    // What the page says of a running job, kept over the reload at its end.
    await page.addInitScript(() => {
      const note = () => {
        const words = document.querySelector("#job-words")?.textContent;
        if (words) sessionStorage.setItem("words", `${sessionStorage.getItem("words") ?? ""}\n${words}`);
      };
      document.addEventListener("DOMContentLoaded", () => {
        note();
        const words = document.querySelector("#job-words");
        if (words) new MutationObserver(note).observe(words, { childList: true, characterData: true, subtree: true });
      });
    });
    const known = await world.query("SELECT Username, FirstName, LastName FROM User WHERE ContactId != null AND IsActive = true ORDER BY Id LIMIT 31");
    for (const [number, user] of known.entries()) {
      // Thirty are known by username, one by name only.
      const who = number < 30 ? [`E${number}`, user.Username] : ["Namesake", "namesake@lighthouse.example", "--set", `givenName=${user.FirstName}`, "--set", `familyName=${user.LastName}`];
      await world.run(["person", "add", ...who]);
    }
  });
  after(() => world.stop());

  it("shows how far it is, and what came of it", async () => {
    await page.goto("/applications/acme/import");
    // The org is slow until the page has shown that the import goes on, so the test doesn't depend on who is faster.
    await world.inject({ soql: "FROM User", times: 10_000, latencyMs: 1000 });
    await press(page, "full");
    await page.waitForFunction(() => new Set(sessionStorage.getItem("words")?.match(/^.*\d.*$/gm)).size > 3);
    await world.clearFaults();
    await result(page);
    const words = (await page.evaluate(() => sessionStorage.getItem("words"))).split("\n").filter((line) => /\d/.test(line));
    assert.ok(new Set(words).size > 3, `the progress was seen ${words.length} times: ${words}`);
    assert.match(await page.locator("#runs").innerText(), new RegExp(`done[\\s\\S]*${USERS} (users )?read|${USERS.toLocaleString("en")} (users )?read`));
  });

  it("confirms one match that is partial, and all that are exact", async () => {
    await page.goto("/applications/acme/import/matches?reason=similar");
    await page.locator("#matches button[name='link'][value$=' Namesake']").first().click();
    await page.getByText("is the person Namesake now").waitFor();
    await page.goto("/applications/acme/import/matches?reason=matched");
    await press(page, "confirm-all");
    assert.match(await page.locator("#consequences").innerText(), /30 users are linked/);
    await press(page, "confirm-all");
    assert.match(await result(page), /30 users were linked/);
  });

  it("makes people of all that nobody stands for", async () => {
    await page.goto("/applications/acme/import/matches");
    await press(page, "confirm-and-make-all");
    // The numbers first.
    assert.match(await page.locator("#consequences").innerText(), /[0-9]+ people are made/);
    await press(page, "confirm-and-make-all");
    await result(page);
    await page.goto("/people");
    const all = Number((await page.getByRole("link", { name: /Show all/ }).innerText()).replace(/\D/g, ""));
    assert.ok(all > USERS * 0.8, `${all} people`);
    await page.goto("/applications/acme/import");
    assert.match(await page.locator("main").innerText(), /Matches to confirm/);
  });

  it("had no fault of a script and nothing that the content policy refused", () => assert.deepEqual(page.faults, []));
});
