// @libsql/client over HTTP.
import { createClient } from "@libsql/client";

const client = createClient({ url: URL_, authToken: TOKEN });

await operation("executeMultiple", () =>
  client.executeMultiple("DROP TABLE IF EXISTS c; CREATE TABLE c(a INTEGER PRIMARY KEY, b); INSERT INTO c(b) VALUES ('x');"),
);
await operation("execute", async () => {
  const inserted = await client.execute({ sql: "INSERT INTO c(b) VALUES (?), (?)", args: ["y", null] });
  assert.equal(inserted.rowsAffected, 2);
  assert.equal(inserted.lastInsertRowid, 3n);
  const found = await client.execute("SELECT a, b FROM c ORDER BY a");
  assert.deepEqual(found.columns, ["a", "b"]);
  assert.deepEqual(found.columnTypes, ["INTEGER", ""]);
  assert.deepEqual(found.rows.map((row) => [row.a, row[1]]), [[1, "x"], [2, "y"], [3, null]]);
});
await operation("execute with named arguments", async () => {
  const found = await client.execute({ sql: "SELECT :a AS a, $b AS b, @c AS c", args: { a: 1, b: "two", c: 3.5 } });
  assert.deepEqual({ ...found.rows[0] }, { a: 1, b: "two", c: 3.5 });
});
await operation("execute with every kind of value", async () => {
  const args = [null, 1.5, "text", 9007199254740993n, new Uint8Array([1, 2, 255]), true, new Date(5)];
  const sql = "SELECT ?, ?, ?, CAST(? AS TEXT), ?, ?, ?";
  const [row] = (await client.execute({ sql, args })).rows;
  assert.deepEqual(Array.from(row).slice(0, 4), [null, 1.5, "text", "9007199254740993"]);
  assert.deepEqual(new Uint8Array(row[4]), new Uint8Array([1, 2, 255]));
  assert.deepEqual(Array.from(row).slice(5), [1, 5]);
});
await operation("batch", async () => {
  const results = await client.batch(
    ["INSERT INTO c(b) VALUES ('batch')", { sql: "SELECT count(*) AS n FROM c WHERE b = ?", args: ["batch"] }],
    "write",
  );
  assert.equal(results[1].rows[0].n, 1);
});
await operation("batch that fails leaves nothing", async () => {
  await assert.rejects(
    client.batch(["INSERT INTO c(b) VALUES ('lost')", "INSERT INTO nope VALUES (1)"], "write"),
    { code: "SQLITE_UNKNOWN" },
  );
  assert.equal((await client.execute("SELECT count(*) AS n FROM c WHERE b = 'lost'")).rows[0].n, 0);
});
await operation("batch to read", async () => {
  const [result] = await client.batch(["SELECT 1 AS one"], "read");
  assert.equal(result.rows[0].one, 1);
  await assert.rejects(client.batch(["INSERT INTO c(b) VALUES ('x')"], "read"), { code: "BLOCKED" });
});
await operation("batch deferred", async () => {
  assert.equal((await client.batch(["SELECT 1 AS one"])).length, 1);
});
await operation("migrate", async () => {
  await client.migrate(["CREATE TABLE IF NOT EXISTS m(a REFERENCES c(a))", "INSERT INTO m VALUES (NULL)"]);
});
await operation("transaction", async () => {
  const transaction = await client.transaction("write");
  await transaction.execute("INSERT INTO c(b) VALUES ('kept')");
  await transaction.batch(["INSERT INTO c(b) VALUES ('too')"]);
  await transaction.executeMultiple("INSERT INTO c(b) VALUES ('and'); INSERT INTO c(b) VALUES ('this')");
  assert.equal(transaction.closed, false);
  await transaction.commit();
  assert.equal((await client.execute("SELECT count(*) AS n FROM c WHERE b IN ('kept', 'too', 'and', 'this')")).rows[0].n, 4);
});
await operation("transaction that is rolled back", async () => {
  const transaction = await client.transaction("deferred");
  await transaction.execute("DELETE FROM c");
  await transaction.rollback();
  assert.notEqual((await client.execute("SELECT count(*) AS n FROM c")).rows[0].n, 0);
});
await operation("transaction to read", async () => {
  const transaction = await client.transaction("read");
  assert.equal((await transaction.execute("SELECT 1 AS one")).rows[0].one, 1);
  await assert.rejects(transaction.execute("DELETE FROM c"), { code: "BLOCKED" });
  transaction.close();
});
await operation("big integers", async () => {
  const big = createClient({ url: URL_, authToken: TOKEN, intMode: "bigint" });
  assert.equal((await big.execute("SELECT 9223372036854775807 AS n")).rows[0].n, 9223372036854775807n);
  big.close();
});
await operation("read-only token", async () => {
  const reader = createClient({ url: URL_, authToken: READ_ONLY });
  assert.equal((await reader.execute("SELECT 1 AS one")).rows[0].one, 1);
  await assert.rejects(reader.execute("DELETE FROM c"), { code: "BLOCKED" });
});
await operation("wrong token", async () => {
  const stranger = createClient({ url: URL_, authToken: "wrong" });
  await assert.rejects(stranger.execute("SELECT 1"), { code: "AUTH_JWT_INVALID", message: /InvalidToken/ });
});
await operation("error codes", async () => {
  await assert.rejects(client.execute("INSERT INTO c(a) VALUES (1)"), { code: "SQLITE_CONSTRAINT" });
  await assert.rejects(client.execute("SELEKT"), { code: "SQL_PARSE_ERROR" });
});
await operation("close", async () => client.close());
report();
