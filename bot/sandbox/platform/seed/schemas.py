"""Tables, rows and statements of the seeded databases.

The rows are computed from their numbers, so they are always the same.
"""

from dataclasses import dataclass

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "


@dataclass(frozen=True)
class Kind:
    """A kind of database: how it is created, and which statements its applications run."""

    create: str
    fill: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]

    def statements(self, rows: int) -> list[str]:
        """Return statements that create the tables and fill them with about this many rows."""
        return [self.create, *((_NUMBERS + text).format(rows=rows) for text in self.fill)]


ORDERS = Kind(
    create="""CREATE TABLE customers(id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, country TEXT NOT NULL);
        CREATE TABLE orders(id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(id),
            status TEXT NOT NULL, total_cents INTEGER NOT NULL, placed_at TEXT NOT NULL);
        CREATE INDEX orders_by_customer ON orders(customer_id);""",
    fill=(
        "INSERT INTO customers SELECT i, 'customer' || i || '@example.com',"
        " substr('DEFRUSGBNLESIT', 1 + (i * 3 % 7) * 2, 2) FROM n WHERE i <= {rows} / 5 + 1",
        "INSERT INTO orders SELECT i, 1 + i * 31 % ({rows} / 5 + 1), CASE i % 5 WHEN 0 THEN 'open' WHEN 1 THEN 'paid'"
        " ELSE 'shipped' END, 500 + i * 7919 % 24000, datetime('2026-01-01', '+' || (i * 3) || ' hours') FROM n",
    ),
    reads=(
        "SELECT id, status, total_cents FROM orders WHERE customer_id = 17",
        "SELECT status, count(*) FROM orders GROUP BY status",
        "SELECT c.country, sum(o.total_cents) FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY 1",
    ),
    writes=(
        "INSERT INTO orders(customer_id, status, total_cents, placed_at) VALUES (17, 'open', 2599, datetime())",
        "UPDATE orders SET status = 'paid' WHERE id = (SELECT max(id) FROM orders)",
    ),
)
USERS = Kind(
    create="""CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE,
            plan TEXT NOT NULL, created_at TEXT NOT NULL);
        CREATE TABLE sessions(token_hash BLOB PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id),
            last_seen_at TEXT NOT NULL) WITHOUT ROWID;""",
    fill=(
        "INSERT INTO users SELECT i, 'User ' || i, 'user' || i || '@example.com', CASE WHEN i % 9 THEN 'free' ELSE"
        " 'team' END, datetime('2025-06-01', '+' || (i * 5) || ' hours') FROM n",
        "INSERT INTO sessions SELECT CAST(printf('%032x', i * 2654435761) AS BLOB), 1 + i % {rows},"
        " datetime('2026-03-01', '+' || i || ' minutes') FROM n",
    ),
    reads=(
        "SELECT id, name, plan FROM users WHERE email = 'user42@example.com'",
        "SELECT count(*) FROM sessions WHERE last_seen_at > datetime('now', '-1 day')",
    ),
    writes=(
        "INSERT OR REPLACE INTO sessions VALUES (randomblob(16), 42, datetime())",
        "UPDATE users SET plan = 'team' WHERE id = 42",
    ),
)
BILLING = Kind(
    create="""CREATE TABLE invoices(id INTEGER PRIMARY KEY, account TEXT NOT NULL, amount_cents INTEGER NOT NULL,
            due_on TEXT NOT NULL, paid_on TEXT);
        CREATE TABLE payments(id INTEGER PRIMARY KEY, invoice_id INTEGER NOT NULL REFERENCES invoices(id),
            method TEXT NOT NULL, amount_cents INTEGER NOT NULL);
        CREATE INDEX invoices_by_account ON invoices(account);""",
    fill=(
        "INSERT INTO invoices SELECT i, printf('ACC-%04d', i * 13 % 211), 900 + i * 6151 % 80000,"
        " date('2026-01-01', '+' || (i % 300) || ' days'),"
        " CASE WHEN i % 4 THEN date('2026-01-05', '+' || (i % 300) || ' days') END FROM n",
        "INSERT INTO payments SELECT i, i, CASE i % 3 WHEN 0 THEN 'card' ELSE 'sepa' END, 900 + i * 6151 % 80000"
        " FROM n WHERE i % 4",
    ),
    reads=(
        "SELECT sum(amount_cents) FROM invoices WHERE paid_on IS NULL",
        "SELECT * FROM invoices WHERE account = 'ACC-0042'",
    ),
    writes=("INSERT INTO payments(invoice_id, method, amount_cents) VALUES (4, 'card', 1900)",),
)
EVENTS = Kind(
    create="""CREATE TABLE events(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, user_id INTEGER, path TEXT,
            milliseconds INTEGER, at TEXT NOT NULL);
        CREATE INDEX events_by_kind ON events(kind, at);""",
    fill=(
        "INSERT INTO events SELECT i, CASE i % 4 WHEN 0 THEN 'click' WHEN 1 THEN 'search' ELSE 'view' END,"
        " i * 17 % 900, '/page/' || (i * 3 % 57), 8 + i * 101 % 700,"
        " datetime('2026-02-01', '+' || i || ' minutes') FROM n",
    ),
    reads=(
        "SELECT path, avg(milliseconds) FROM events GROUP BY path ORDER BY 2 DESC LIMIT 10",
        "SELECT count(*) FROM events WHERE kind = 'search'",
    ),
    writes=("INSERT INTO events(kind, user_id, path, milliseconds, at) VALUES ('view', 7, '/page/3', 41, datetime())",),
)
STOCK = Kind(
    create="""CREATE TABLE products(sku TEXT PRIMARY KEY, title TEXT NOT NULL, price_cents INTEGER NOT NULL);
        CREATE TABLE stock(sku TEXT NOT NULL REFERENCES products(sku), warehouse TEXT NOT NULL, amount INTEGER NOT NULL,
            PRIMARY KEY(sku, warehouse)) WITHOUT ROWID;""",
    fill=(
        "INSERT INTO products SELECT printf('SKU-%05d', i), 'Product ' || i, 199 + i * 271 % 9000 FROM n",
        "INSERT INTO stock SELECT printf('SKU-%05d', i), CASE i % 3 WHEN 0 THEN 'north' ELSE 'south' END, i * 37 % 400"
        " FROM n",
    ),
    reads=(
        "SELECT title, price_cents FROM products WHERE sku = 'SKU-00042'",
        "SELECT warehouse, sum(amount) FROM stock GROUP BY warehouse",
    ),
    writes=("UPDATE stock SET amount = max(0, amount - 1) WHERE sku = 'SKU-00042'",),
)
FLAGS = Kind(
    create="""CREATE TABLE flags(name TEXT PRIMARY KEY, enabled INTEGER NOT NULL, share REAL NOT NULL);
        CREATE TABLE changes(id INTEGER PRIMARY KEY, flag TEXT NOT NULL REFERENCES flags(name), by TEXT, at TEXT);""",
    fill=(
        "INSERT INTO flags SELECT 'flag-' || i, i % 3 = 0, i * 7 % 101 / 100.0 FROM n",
        "INSERT INTO changes SELECT i, 'flag-' || i, 'ana', datetime('2026-04-01', '+' || i || ' hours') FROM n",
    ),
    reads=("SELECT name, enabled, share FROM flags",),
    writes=("UPDATE flags SET share = 0.5 WHERE name = 'flag-7'",),
)
LEDGER = Kind(
    create="""CREATE TABLE accounts(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE entries(id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts(id),
            cents INTEGER NOT NULL, text TEXT NOT NULL, booked_on TEXT NOT NULL);
        CREATE INDEX entries_by_account ON entries(account_id);""",
    fill=(
        "INSERT INTO accounts SELECT i, printf('%04d', 1000 + i) FROM n WHERE i <= 40",
        "INSERT INTO entries SELECT i, 1 + i % 40, (i * 7907 % 90000) * CASE WHEN i % 2 THEN 1 ELSE -1 END,"
        " 'Entry ' || i, date('2026-01-01', '+' || (i % 300) || ' days') FROM n",
    ),
    reads=("SELECT account_id, sum(cents) FROM entries GROUP BY account_id",),
    writes=("INSERT INTO entries(account_id, cents, text, booked_on) VALUES (7, 1250, 'Entry', date())",),
)
DOCUMENTS = Kind(
    create="CREATE VIRTUAL TABLE documents USING fts5(title, body);",
    fill=(
        "INSERT INTO documents SELECT 'Document ' || i, 'How to ' || CASE i % 3 WHEN 0 THEN 'return a parcel'"
        " WHEN 1 THEN 'pay an invoice' ELSE 'change an address' END || ', part ' || i FROM n",
    ),
    reads=("SELECT title FROM documents WHERE documents MATCH 'invoice' LIMIT 20",),
    writes=("INSERT INTO documents VALUES ('Document', 'How to cancel an order')",),
)
