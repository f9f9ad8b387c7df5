"""The whole system in one thread, in virtual time, from one seed.

Theory of operation. The production loops and use cases (``Consumer``, ``Repeater``, ``AssembleBatch``,
``Completion``, ``Sweep``) run as several processes over the memory adapters; in some plans staging is DynamoDB's
store. A network (:mod:`~tests.simulation.network`) carries each call of a process to its adapter and the reply back,
each way with a random latency, so any process can run between any two steps of another one. Faults happen on the
network: a process dies at an await, a call fails before or after its effect, half of a batch is applied, a message is
delivered twice, late or out of order, a service throttles, the notifier is down for an hour. Clocks differ by an
hour, run backwards or stop. Stamps are in the future, halves expire, rows vanish, an operator deletes products and
redrives dead letters, and another program writes unreadable rows. In some plans a server with the production hub
receives the announcements, and clients connect and leave (:mod:`~tests.simulation.realtime_clients`).

A seed determines a plan (:mod:`~tests.simulation.plan`) and every random choice. After the fault phase all faults end,
the queues drain, a sweep runs, and dead letters are redriven. A checker (:mod:`~tests.simulation.invariant_checker`)
observes each effect when it happens and compares it with the guarantees. A failing plan is shrunk
(:mod:`~tests.simulation.shrinking`) before its log (:mod:`~tests.simulation.run_log`) is printed.

    .venv/bin/python -m tests.simulation 4711              print the log of a seed; a failing one is shrunk first
    .venv/bin/python -m tests.simulation --whole 4711      the same without shrinking
    .venv/bin/python -m tests.simulation 0-5000            run a range; the first failing seed is printed
    .venv/bin/python -m tests.simulation --mutation NAME 0-5000    the same with one step of the protocol broken
"""
