// @tursodatabase/serverless, its own interface and the one that is compatible with @libsql/client.
import { connect } from "@tursodatabase/serverless";
import { createClient } from "@tursodatabase/serverless/compat";

const db = connect({ url: URL_, authToken: TOKEN });

await operation("exec", () => db.exec("DROP TABLE IF EXISTS s; CREATE TABLE s(a INTEGER PRIMARY KEY, b); INSERT INTO s VALUES (1, 'x')"));
await operation("prepare and run", async () => {
  const statement = await db.prepare("INSERT INTO s(b) VALUES (?)");
  const result = await statement.run(["y"]);
  assert.equal(result.changes, 1);
  assert.equal(Number(result.lastInsertRowid), 2);
});
await operation("get", async () => {
  const statement = await db.prepare("SELECT b FROM s WHERE a = ?");
  assert.equal((await statement.get([1])).b, "x");
  assert.equal(await statement.get([99]), undefined);
});
await operation("all", async () => {
  const statement = await db.prepare("SELECT a, b FROM s ORDER BY a");
  assert.deepEqual((await statement.all()).map((row) => ({ ...row })), [{ a: 1, b: "x" }, { a: 2, b: "y" }]);
  assert.deepEqual(await (await db.prepare("SELECT a FROM s ORDER BY a")).pluck().all(), [1, 2]);
  assert.deepEqual(await (await db.prepare("SELECT a, b FROM s WHERE a = 1")).raw().all(), [[1, "x"]]);
});
await operation("iterate", async () => {
  const statement = await db.prepare("SELECT a FROM s ORDER BY a");
  const seen = [];
  for await (const row of statement.iterate()) seen.push(row.a);
  assert.deepEqual(seen, [1, 2]);
});
await operation("columns", async () => {
  const statement = await db.prepare("SELECT a, b AS bee FROM s");
  assert.deepEqual(statement.columns().map((column) => column.name), ["a", "bee"]);
});
await operation("named arguments", async () => {
  const statement = await db.prepare("SELECT :a AS a, $b AS b");
  assert.deepEqual({ ...(await statement.get({ a: 1.5, b: "two" })) }, { a: 1.5, b: "two" });
});
await operation("blobs and big integers", async () => {
  const row = await (await db.prepare("SELECT x'0102ff' AS b, 9223372036854775807 AS n")).safeIntegers().get();
  assert.deepEqual(new Uint8Array(row.b), new Uint8Array([1, 2, 255]));
  assert.equal(row.n, 9223372036854775807n);
});
await operation("batch", async () => {
  await db.batch(["INSERT INTO s(b) VALUES ('one')", "INSERT INTO s(b) VALUES ('two')"], "immediate");
  assert.equal((await db.get("SELECT count(*) AS n FROM s WHERE b IN ('one', 'two')")).n, 2);
});
await operation("batch that fails leaves nothing", async () => {
  await assert.rejects(db.batch(["INSERT INTO s(b) VALUES ('lost')", "INSERT INTO nope VALUES (1)"], "immediate"));
  assert.equal((await db.get("SELECT count(*) AS n FROM s WHERE b = 'lost'")).n, 0);
});
await operation("transaction", async () => {
  const move = db.transaction(async () => {
    assert.equal(db.inTransaction, true);
    await db.run("INSERT INTO s(b) VALUES ('kept')");
  });
  await move();
  await move.immediate();
  assert.equal(db.inTransaction, false);
  assert.equal((await db.get("SELECT count(*) AS n FROM s WHERE b = 'kept'")).n, 2);
});
await operation("transaction that fails leaves nothing", async () => {
  const move = db.transaction(async () => {
    await db.run("DELETE FROM s");
    throw new Error("changed my mind");
  });
  await assert.rejects(move(), /changed my mind/);
  assert.notEqual((await db.get("SELECT count(*) AS n FROM s")).n, 0);
});
await operation("pragma", async () => {
  assert.equal((await db.pragma("table_info(s)")).rows.length, 2);
});
await operation("a long result", async () => {
  const sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n";
  assert.equal((await db.all(sql)).length, 20000);
});
await operation("error codes", async () => {
  await assert.rejects(db.run("INSERT INTO s(a) VALUES (1)"), { code: "SQLITE_CONSTRAINT" });
});
await operation("read-only token", async () => {
  const reader = connect({ url: URL_, authToken: READ_ONLY });
  assert.equal((await reader.get("SELECT 1 AS one")).one, 1);
  await assert.rejects(reader.run("DELETE FROM s"), { code: "BLOCKED" });
});
await operation("wrong token", async () => {
  const stranger = connect({ url: URL_, authToken: "wrong" });
  await assert.rejects(stranger.get("SELECT 1"), /InvalidToken|status: 400/);
});
await operation("close", () => db.close());

const compat = createClient({ url: URL_, authToken: TOKEN });
await operation("compat: execute", async () => {
  const found = await compat.execute({ sql: "SELECT ? AS a", args: ["x"] });
  assert.equal(found.rows[0].a, "x");
});
await operation("compat: batch", async () => {
  const results = await compat.batch(["INSERT INTO s(b) VALUES ('c')", "SELECT count(*) AS n FROM s WHERE b = 'c'"], "write");
  assert.equal(results[1].rows[0].n, 1);
});
await operation("compat: transaction", async () => {
  const transaction = await compat.transaction("write");
  await transaction.execute("INSERT INTO s(b) VALUES ('ct')");
  await transaction.commit();
  assert.equal((await compat.execute("SELECT count(*) AS n FROM s WHERE b = 'ct'")).rows[0].n, 1);
});
await operation("compat: executeMultiple", () => compat.executeMultiple("SELECT 1; SELECT 2"));
report();
