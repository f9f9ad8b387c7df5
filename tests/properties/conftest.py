"""How Hypothesis searches: the same examples at each run in CI, new ones elsewhere, and never against the clock."""

import os

from hypothesis import HealthCheck, settings

# How long an example takes is the machine's business: a deadline would make slow machines see failures.
settings.register_profile("linkhub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("linkhub"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "linkhub")
