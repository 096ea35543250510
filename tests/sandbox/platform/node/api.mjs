// Every operation of @tursodatabase/api.
import { createClient } from "@tursodatabase/api";

const turso = createClient({ org: "acme", token: TOKEN, baseUrl: `${URL_}/v1/` });

await operation("groups.create", async () => {
  assert.equal((await turso.groups.create("js", "aws-us-east-1")).primary, "aws-us-east-1");
});
await operation("groups.list", async () => {
  assert.ok((await turso.groups.list()).some((group) => group.name === "js"));
});
await operation("groups.get", async () => assert.equal((await turso.groups.get("js")).name, "js"));
await operation("groups.addLocation", async () => {
  assert.deepEqual((await turso.groups.addLocation("js", "aws-eu-west-1")).locations, ["aws-us-east-1", "aws-eu-west-1"]);
});
await operation("groups.removeLocation", async () => {
  assert.deepEqual((await turso.groups.removeLocation("js", "aws-eu-west-1")).locations, ["aws-us-east-1"]);
});
await operation("groups.createToken", async () => {
  assert.equal((await turso.groups.createToken("js", { expiration: "1h" })).jwt.split(".").length, 3);
});
await operation("groups.rotateTokens", () => turso.groups.rotateTokens("js"));
await operation("databases.create", async () => {
  const created = await turso.databases.create("js-db", { group: "js", size_limit: "1gb" });
  assert.equal(created.name, "js-db");
  assert.ok(created.hostname.endsWith("/db/js-db"));
});
await operation("databases.create from a seed", async () => {
  await turso.databases.create("js-copy", { group: "js", seed: { type: "database", name: "js-db" } });
});
await operation("databases.create as of a moment", async () => {
  const seed = { type: "database", name: "js-db", timestamp: new Date() };
  assert.equal((await turso.databases.create("js-then", { group: "js", seed })).name, "js-then");
  assert.equal((await turso.databases.delete("js-then")).database, "js-then");
});
await operation("databases.create of a taken name", async () => {
  await assert.rejects(turso.databases.create("js-db", { group: "js" }), { status: 409, message: /already exists/ });
});
await operation("databases.list", async () => {
  assert.deepEqual((await turso.databases.list({ group: "js" })).map((each) => each.name), ["js-copy", "js-db"]);
  assert.deepEqual(await turso.databases.list({ schema: "nope" }), []);
});
await operation("databases.get", async () => {
  const database = await turso.databases.get("js-db");
  assert.deepEqual([database.group, database.primaryRegion, database.block_reads], ["js", "aws-us-east-1", false]);
  await assert.rejects(turso.databases.get("nope"), { status: 404, message: /record not found/ });
});
await operation("databases.listInstances", async () => {
  assert.equal((await turso.databases.listInstances("js-db"))[0].type, "primary");
});
await operation("databases.getInstance", async () => {
  assert.equal((await turso.databases.getInstance("js-db", "aws-us-east-1")).name, "aws-us-east-1");
});
await operation("databases.createToken", async () => {
  const options = { expiration: "2w1d30m", authorization: "read-only" };
  assert.equal((await turso.databases.createToken("js-db", options)).jwt.split(".").length, 3);
});
await operation("databases.rotateTokens", () => turso.databases.rotateTokens("js-db"));
await operation("databases.updateVersion", () => turso.databases.updateVersion("js-db"));
await operation("databases.usage", async () => {
  const usage = await turso.databases.usage("js-db", { from: new Date(Date.now() - 86400000), to: new Date() });
  assert.equal(usage.usage.rows_read, 0);
  assert.equal(usage.instances.length, 1);
});
await operation("databases.delete", async () => {
  assert.equal((await turso.databases.delete("js-copy")).database, "js-copy");
});
await operation("groups.delete", async () => assert.equal((await turso.groups.delete("js")).name, "js"));
await operation("locations.list", async () => {
  assert.ok((await turso.locations.list()).some((location) => location.code === "aws-us-east-1"));
});
await operation("organizations.list", async () => assert.equal((await turso.organizations.list())[0].slug, "acme"));
await operation("organizations.update", async () => {
  assert.equal((await turso.organizations.update({ overages: true })).overages, true);
});
await operation("organizations.members", async () => {
  assert.equal((await turso.organizations.members())[0].role, "owner");
});
await operation("organizations.listInvites", async () => assert.deepEqual(await turso.organizations.listInvites(), []));
await operation("organizations.invoices", async () => assert.deepEqual(await turso.organizations.invoices(), []));
await operation("apiTokens.create", async () => assert.ok((await turso.apiTokens.create("js-token")).token));
await operation("apiTokens.list", async () => {
  assert.ok((await turso.apiTokens.list()).some((token) => token.name === "js-token"));
});
await operation("apiTokens.validate", () => turso.apiTokens.validate(TOKEN));
await operation("apiTokens.revoke", async () => assert.equal((await turso.apiTokens.revoke("js-token")).token, "js-token"));
report();
