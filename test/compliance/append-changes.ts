import { openChecklists } from "../../src/compliance/open-checklists.ts";

/** A process of its own that makes changes to one checklist: folder, id, its name, how many. */
const [folder = "", id = "", name = "", count = "0"] = process.argv.slice(2);
let made = 0;
const newId = () => {
  made += 1;
  return `${name}-${made}`;
};
const checklists = openChecklists({ folder, nowMs: () => Date.now(), newId });
for (let n = 1; n <= Number(count); n += 1) {
  await checklists.update(id, {
    item: n % 2 === 0 ? "V1" : "C1",
    state: "in-progress",
    by: name,
    note: `${n}`.repeat(200),
  });
}
