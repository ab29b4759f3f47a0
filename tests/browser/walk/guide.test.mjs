// The guide's walk: from "Configure API integration" to an assigned user who is there in the org. Once with the console's
// script, once without any.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { addApplication, addPerson, chooseProfile, general, integration, openAssignment, press, result, tick, toApp, whyLocked } from "../steps.mjs";
import { World } from "../world.mjs";

for (const scripted of [true, false]) {
  describe(`the guide, ${scripted ? "with" : "without"} a script`, () => {
    let world, page;
    const username = "ada.byron@lighthouse.example";

    before(async () => {
      world = await World.start({ users: 40, seed: scripted ? 901 : 902 });
      page = await world.page({ javaScriptEnabled: scripted });
      page.scripted = scripted;
    });
    after(() => world.stop());

    it("adds an application and tests its credentials, with a remedy for what fails", async () => {
      const org = world.connection;
      await addApplication(page, "acme");
      await general(page, "acme", org);
      const wrong = await integration(page, org, "not the password");
      assert.match(wrong, /signed-in\s+failed/);
      assert.match(wrong, /What to do:/);
      const test = await integration(page, org);
      assert.match(test, /signed-in\s+passed/);
      const source = await page.content();
      for (const secret of [org.password, org.security_token, "not the password"]) assert.ok(!source.includes(secret));
      const account = await toApp(page, org);
      assert.match(account, /The credentials were verified/);
      assert.match(account, /account-exists\s+passed/);
    });

    it("assigns a person with each of the six kinds, after showing what would be written", async () => {
      await addPerson(page, { key: "E1001", username, given: "Ada", family: "Byron" });
      await openAssignment(page, "acme", "E1001");
      await chooseProfile(page, "Customer Community Plus User");
      assert.match(await whyLocked(page, "field-grant-permission-set", "Community Moderation"), /does not fit Customer Community Plus User/);
      assert.match(await whyLocked(page, "field-grant-feature-license", "Live Agent User"), /does not fit/);

      const account = world.connection.account_id;
      const [role] = await world.query(
        `SELECT Id, Name FROM UserRole WHERE PortalAccountId = '${account}' AND PortalRole = 'Worker' AND PortalType = 'CustomerPortal'`,
      );
      await page.locator("#field-grant-role").selectOption(role.Id);
      await page.locator("#field-federation").fill("F-ada");
      await tick(page, "field-grant-permission-set", "Portal Case Access");
      await tick(page, "field-grant-feature-license", "Salesforce CRM Content User");
      await tick(page, "field-grant-public-group", "Priority Customers");

      await press(page, "preview");
      const plan = await page.locator("#preview").innerText();
      for (const words of ["Contact", "LastName", "Byron", "User", "ProfileId", "FederationIdentifier", "F-ada", "PermissionSetAssignment", "GroupMember"]) {
        assert.ok(plan.includes(words), `${words} is not in the plan: ${plan}`);
      }
      assert.deepEqual(await world.query(`SELECT Id FROM User WHERE Username = '${username}'`), []);

      await page.locator("[name='push']").check();
      await press(page, "save");
      assert.match(await result(page), /1 went well, 0 failed/);

      const [user] = await world.query(
        `SELECT Id, ContactId, Contact.AccountId, Contact.LastName, Profile.Name, UserRoleId, FederationIdentifier, UserPermissionsSFContentUser, IsActive FROM User WHERE Username = '${username}'`,
      );
      assert.equal(user.Contact.AccountId, account);
      assert.equal(user.Contact.LastName, "Byron");
      assert.equal(user.Profile.Name, "Customer Community Plus User");
      assert.equal(user.UserRoleId, role.Id);
      assert.equal(user.FederationIdentifier, "F-ada");
      assert.equal(user.UserPermissionsSFContentUser, true);
      assert.equal(user.IsActive, true);
      const sets = await world.query(`SELECT PermissionSet.Label FROM PermissionSetAssignment WHERE AssigneeId = '${user.Id}' AND PermissionSet.IsOwnedByProfile = false`);
      assert.deepEqual(sets.map((one) => one.PermissionSet.Label), ["Portal Case Access"]);
      const groups = await world.query(`SELECT Group.Name FROM GroupMember WHERE UserOrGroupId = '${user.Id}'`);
      assert.deepEqual(groups.map((one) => one.Group.Name), ["Priority Customers"]);
    });

    it("changes the person, and the contact and the user follow", async () => {
      await page.goto("/people/E1001/edit");
      await page.locator("#field-attribute-title").fill("Countess");
      await press(page, "save");
      await page.goto("/applications/acme/push");
      await press(page, "push");
      assert.match(await result(page), /1 went well, 0 failed/);
      const [user] = await world.query(`SELECT Title, Contact.Title FROM User WHERE Username = '${username}'`);
      assert.equal(user.Title, "Countess");
    });

    it("unassigns, after saying what that means, and the user is out of use", async () => {
      await page.goto("/applications/acme/assignments");
      await page.getByRole("link", { name: "Unassign E1001" }).click();
      assert.match(await page.locator("main").innerText(), /taken out of use, not deleted/);
      await page.locator("[name='push']").check();
      await press(page, "unassign");
      assert.match(await result(page), /1 went well, 0 failed/);
      const [user] = await world.query(`SELECT IsActive FROM User WHERE Username = '${username}'`);
      assert.equal(user.IsActive, false);
    });

    it("had no fault of a script and nothing that the content policy refused", () => assert.deepEqual(page.faults, []));
  });
}
