// Every method of Dub's package that docs/vendors.md names.
import assert from "node:assert/strict";
import { Dub } from "dub";

const dub = new Dub({ token: process.env.TOKEN, serverURL: process.env.SERVER });

const created = await dub.links.create({ url: "https://example.com/dub", key: "npm-dub", externalId: "dub-1" });
assert.equal(created.key, "npm-dub");
assert.equal(created.url, "https://example.com/dub");
console.log("links.create");

const many = await dub.links.createMany([
  { url: "https://example.com/dub/2", externalId: "dub-2" },
  { url: "https://example.com/dub/3", externalId: "dub-3" },
]);
assert.deepEqual(many.map((link) => link.externalId), ["dub-2", "dub-3"]);
console.log("links.createMany");

const listed = [];
for await (const page of await dub.links.list({ pageSize: 100 })) {
  listed.push(...page.result);
}
assert.deepEqual(listed.map((link) => link.id).sort(), [created, ...many].map((link) => link.id).sort());
console.log("links.list");

assert.equal(await dub.links.count({}), 3);
console.log("links.count");

assert.equal((await dub.links.get({ externalId: "dub-2" })).id, many[0].id);
console.log("links.get");

const updated = await dub.links.update(created.id, { title: "Changed" });
assert.equal(updated.title, "Changed");
console.log("links.update");

const updatedMany = await dub.links.updateMany({ linkIds: many.map((link) => link.id), data: { comments: "Both" } });
assert.deepEqual(updatedMany.map((link) => link.comments), ["Both", "Both"]);
console.log("links.updateMany");

const upserted = await dub.links.upsert({ url: "https://example.com/dub/other", externalId: "dub-2" });
assert.equal(upserted.id, many[0].id);
assert.equal(upserted.url, "https://example.com/dub/other");
console.log("links.upsert");

assert.equal((await dub.links.delete(created.id)).id, created.id);
console.log("links.delete");

assert.equal((await dub.links.deleteMany({ linkIds: many.map((link) => link.id) })).deletedCount, 2);
console.log("links.deleteMany");
