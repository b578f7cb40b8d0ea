"""What a printer keeps: jobs, documents, subscriptions, events, behind one seam.

The rule of this package: the printer knows `seam`, `rows` and `limits`, and nothing of what is behind them.

| file | what it does |
|---|---|
| `seam` | the protocols, and what each promises |
| `rows`, `limits` | what is kept, as values; how much of it there may be |
| `sql` | what the SQL below asks of an engine |
| `sql_jobs`, `sql_subscriptions`, `sql_leases`, `sql_storage` | the promises, in the SQL that both share |
| `places` | where a storage is, as words: `Place` |
| `sqlite` | `SQLiteStorage`, the embedded default: puts its parts together |
| `sqlite_engine`, `sqlite_schema`, `sqlite_leases` | one file with shared commits; its tables; who lives on this host |
| `postgres` | `PostgresStorage`, for many hosts: puts its parts together, and hints between hosts |
| `postgres_engine`, `postgres_schema`, `postgres_leases` | a pool of connections; its tables; who lives on any host |
| `objects` | documents in an object store (S3 and the like) |
| `files` | documents in a directory |
| `memory`, `memory_jobs` | `MemoryStorage`, which keeps the same promises until the process ends |
"""
