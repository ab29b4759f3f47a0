// The steps of the guide, each as an admin does it on the pages. They hold with a script and without one.

import assert from "node:assert/strict";

const base = (name) => `/applications/${name}`;

/** Presses the button of this name that the form sends, and waits for the page that follows. */
export async function press(page, button, value) {
  const which = value === undefined ? `button[name='${button}']` : `button[name='${button}'][value='${value}']`;
  await Promise.all([page.waitForEvent("domcontentloaded"), page.locator(which).first().click()]);
}

/** Waits for the end of the job that the page shows, and gives its words. Without a script the page looks again by itself. */
export async function result(page) {
  await page.locator("#job-result").waitFor({ timeout: 120_000 });
  return page.locator("#job").innerText();
}

/** Adds an application with the connector that the program carries. */
export async function addApplication(page, name) {
  await page.goto("/applications");
  await page.getByRole("link", { name: "Add application" }).first().click();
  await page.locator("#field-name").fill(name);
  await press(page, "add");
  await page.waitForURL(`**${base(name)}/general`);
}

/** General settings. */
export async function general(page, name, org) {
  await page.goto(`${base(name)}/general`);
  await page.locator("#field-setting-instance-type").selectOption("my-domain");
  await page.locator("#field-setting-my-domain").fill(org.url);
  await page.locator("#field-setting-organization-id").fill(org.organization_id);
  await page.locator("#field-setting-portal-id").fill(org.portal_id);
  await press(page, "save");
  await page.getByText("The general settings were saved").waitFor();
}

/** Provisioning → Integration: configure API integration, enable it, and test the credentials. Gives what the test found. */
export async function integration(page, org, password = org.password) {
  await page.getByRole("link", { name: "Integration" }).click();
  await page.getByLabel("Enable API integration").check();
  await page.locator("#field-setting-username").fill(org.username);
  await page.locator("#field-secret-password").fill(password);
  await page.locator("#field-secret-security-token").fill(org.security_token);
  await page.getByLabel("Ports of this machine").fill(new URL(org.url).port);
  await press(page, "test");
  return result(page);
}

/** Provisioning → To App: every feature on, and the account checked. Gives what the check found. */
export async function toApp(page, org) {
  await page.getByRole("link", { name: "To App" }).click();
  for (const feature of ["Push New Users", "Push Profile Updates", "Push User Deactivation", "Sync Password"]) {
    await page.getByLabel(feature, { exact: true }).check();
  }
  await page.locator("#field-setting-account-id").fill(org.account_id);
  await press(page, "test");
  return result(page);
}

/** An application that is set up and passes its test. */
export async function connect(page, name, org) {
  await addApplication(page, name);
  await general(page, name, org);
  await integration(page, org);
  assert.match(await toApp(page, org), /The credentials were verified/);
}

/** Adds a person by the form for it. */
export async function addPerson(page, { key, username, given, family, email = username }) {
  await page.goto("/add-person");
  await page.locator("#field-key").fill(key);
  await page.locator("#field-username").fill(username);
  await page.locator("#field-attribute-givenName").fill(given);
  await page.locator("#field-attribute-familyName").fill(family);
  await page.locator("#field-attribute-email").fill(email);
  await press(page, "add");
  await page.waitForURL(`**/people/${key}`);
}

/** Opens the assignment of somebody who has none yet, with the org's choices listed. */
export async function openAssignment(page, name, key) {
  await page.goto(`${base(name)}/assignments`);
  await page.getByRole("link", { name: "Assign people" }).click();
  await page.getByLabel(`Pick ${key}`, { exact: true }).check();
  await page.getByRole("button", { name: "Choose for those that are picked" }).click();
  const unlisted = page.getByRole("button", { name: "List what can be assigned" });
  await page.locator("button[name='list']").waitFor();
  if (await unlisted.count()) {
    await unlisted.click();
    await page.getByRole("button", { name: "List them anew" }).waitFor({ timeout: 60_000 });
  }
}

/** Chooses a profile, so that the page offers what fits it. With a script the page asks by itself. */
export async function chooseProfile(page, label) {
  const profile = page.locator("#field-grant-profile");
  const option = profile.locator("option").filter({ hasText: new RegExp(`^${label}`) });
  const value = await option.first().getAttribute("value");
  const fitted = page.waitForEvent("domcontentloaded");
  await profile.selectOption(value);
  if (!page.scripted) await page.locator("button[name='fit']").click();
  await fitted;
  if (page.scripted) assert.equal(await page.evaluate(() => document.activeElement.id), "field-grant-profile");
}

/** Ticks what a choice is called; gives nothing where the page offers it. */
export async function tick(page, group, label) {
  await page.locator(`#${group}`).getByLabel(label).first().check();
}

/** Why a choice cannot be chosen. */
export async function whyLocked(page, group, label) {
  const box = page.locator(`#${group}`).getByLabel(label).first();
  assert.ok(await box.isDisabled(), `${label} can be chosen`);
  return page.locator(`#${await box.getAttribute("aria-describedby")}`).innerText();
}

/** Pushes what waits, and gives what became of it. */
export async function push(page, name) {
  await page.goto(`${base(name)}/push`);
  await press(page, "push");
  return result(page);
}
