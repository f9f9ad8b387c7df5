"""Real parts for tests: servers, clients, faults, and linkhub's own processes."""
