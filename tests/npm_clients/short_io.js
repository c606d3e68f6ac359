// Every method of Short.io's package that docs/vendors.md names.
import assert from "node:assert/strict";
import * as shortIo from "@short.io/client-node";

const domain = process.env.DOMAIN;
const client = shortIo.createRateLimitedClient(); // the one that calls use by themselves is not exported
client.setConfig({ baseUrl: process.env.SERVER, headers: { authorization: process.env.TOKEN } });

async function call(method, options = {}) {
  const { data, error, response } = await shortIo[method]({ client, ...options });
  assert.ok(response?.ok, `${method}: ${response?.status} ${JSON.stringify(error)}`);
  console.log(method);
  return data;
}

const domains = await call("listDomains");
const { id: domainId } = domains.find(({ hostname }) => hostname === domain);
assert.equal((await call("getDomain", { path: { domainId } })).hostname, domain);

const link = await call("createLink", { body: { domain, originalURL: "https://example.com/short", path: "npm-short" } });
assert.equal(link.path, "npm-short");
const links = await call("createLinksBulk", {
  body: { domain, links: [{ originalURL: "https://example.com/2" }, { originalURL: "https://example.com/3" }] },
});
assert.equal(links.length, 2);
const ids = links.map(({ idString }) => idString);

const listed = await call("listLinks", { query: { domain_id: domainId } });
assert.equal(listed.count, 3);
assert.equal((await call("getLink", { path: { linkId: link.idString } })).originalURL, link.originalURL);
assert.equal((await call("expandLink", { query: { domain, path: "npm-short" } })).idString, link.idString);
const changed = await call("updateLink", { path: { linkId: link.idString }, body: { title: "Changed" } });
assert.equal(changed.title, "Changed");

await call("archiveLink", { body: { link_id: link.idString } });
await call("unarchiveLink", { body: { link_id: link.idString } });
await call("archiveLinksBulk", { body: { link_ids: ids } });
await call("unarchiveLinksBulk", { body: { link_ids: ids } });
await call("addTagsBulk", { body: { link_ids: ids, tag: "npm" } });

await call("createFolder", { body: { domainId, name: "Spring" } });
const { linkFolders } = await call("listFolders", { path: { domainId } });
assert.deepEqual(linkFolders.map(({ name }) => name), ["Spring"]);

await call("deleteLink", { path: { link_id: link.idString } });
await call("deleteLinksBulk", { body: { link_ids: ids } });
