// Makes the README's pictures: pages of a console on an emulated org, as an admin leaves them.

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

import { addPerson, chooseProfile, connect, openAssignment, press, result, tick } from "./steps.mjs";
import { World } from "./world.mjs";

const folder = resolve(import.meta.dirname, "../../docs/pictures");
mkdirSync(folder, { recursive: true });

const world = await World.start({ users: 300, seed: 7 });
try {
  const page = await world.page({ viewport: { width: 1180, height: 760 }, colorScheme: "light" });
  page.scripted = true;
  const take = (name) => page.screenshot({ path: join(folder, `${name}.png`) });
  await connect(page, "acme", world.connection);
  await page.goto("/applications/acme/integration");
  await press(page, "test");
  await result(page);
  await take("integration");
  await world.run(["tenant", "edit", "acme", "--set", "to-idp.matching.auto-confirm=false"]);
  await page.goto("/applications/acme/import");
  await press(page, "full");
  await result(page);
  await addPerson(page, { key: "E1001", username: "ada.byron@lighthouse.example", given: "Ada", family: "Byron" });
  await openAssignment(page, "acme", "E1001");
  await chooseProfile(page, "Customer Community Plus User");
  await tick(page, "field-grant-public-group", "Priority Customers");
  await press(page, "preview");
  await take("assignment");
  await page.goto("/applications/acme/usage");
  await take("usage");
} finally {
  await world.stop();
}
