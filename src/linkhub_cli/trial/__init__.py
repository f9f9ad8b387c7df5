"""``linkhub trial``: checks of the ports of a backend, and events through a consumer.

The contract suites of ``linkhub_core.testing`` need pytest and say much more; these are their essentials, for a store
that cannot be had in tests.
"""
