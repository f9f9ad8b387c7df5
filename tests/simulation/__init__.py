"""The whole system in one thread, in virtual time, from one seed.

Theory of operation. The production loops and use cases (``Consumer``, ``Repeater``, ``AssembleBatch``, ``Completion``,
``Sweep``) run as several processes over the memory adapters, and in some worlds over DynamoDB's staging store. Between
each process and each adapter is a wire (:mod:`~tests.simulation.wire`) on which every call travels there and back, each
way for a random time: so any process may come in between any two steps of any other. On the wire things go wrong: a
process dies at an await, a call fails before its effect or after it, half of a batch is applied, a message comes twice,
too late, or out of order, a service throttles, the notifier is down for an hour. Clocks are an hour apart, and some run
backwards or stand. Stamps are ahead, halves expire and rows vanish, an operator deletes products and redrives letters,
and another program writes rows that cannot be read. In some worlds a server with the production hub hears what is
announced, and its clients come and go (:mod:`~tests.simulation.audience`).

A seed makes a plan (:mod:`~tests.simulation.plan`) and all its chances. After the storm everything heals, the queues
drain, a sweep runs, and dead letters go back. A witness (:mod:`~tests.simulation.witness`) sees each effect at the
moment at which it happens, and holds it against what linkhub guarantees. A failing plan is shrunk
(:mod:`~tests.simulation.shrinking`) before its story (:mod:`~tests.simulation.story`) is printed.

    .venv/bin/python -m tests.simulation 4711              the story of a seed; of a failing one, shrunk
    .venv/bin/python -m tests.simulation --whole 4711      the same, not shrunk
    .venv/bin/python -m tests.simulation 0-5000            run many; the first that fails is named
    .venv/bin/python -m tests.simulation --mutation NAME 0-5000    the same with a step of the protocol broken
"""
