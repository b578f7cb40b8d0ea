"""A print service on many hosts while they die, stand still and are cut off: what is left of what clients were told.

    make cluster [ARGUMENTS="--seconds 60 --seed 1"]

The rule of this package: everything is the real thing, each in a process of its own: three front ends and three
workers on hosts of their own (network namespaces, if the machine lets us), haproxy before them, a primary and a standby
of PostgreSQL, SeaweedFS as the object store, clients of ours and ipptool. What is judged is what clients were told,
against what the database, the object store and the outputs have in the end.

| file | what it does |
|---|---|
| `node` | one process of the service: a front end or a worker |
| `parts` | the hosts, and the processes on them |
| `clients` | those who print, and one who hears of it |
| `chaos` | what happens to the processes, and when |
| `judge` | what is wrong in the end; `Result`, the table |
"""
