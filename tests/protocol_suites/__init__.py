"""The test suites that the Socket.IO project publishes, run against linkhub: ``python -m tests.protocol_suites``.

    suites           which they are, where they come from, what is changed in a copy of them before they run
    mocha            runs one and reads what came of each case
    server           what they run against: linkhub as it serves, and its transports with the application they expect
    known_cases      the cases that do not pass, and why
    verdict          what came of a run, held against that

Their code is not here and is not needed by the other tests, which restate each case in words of their own.
"""
