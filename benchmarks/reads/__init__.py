"""The cost of reading a shop: the parts of ``python -m benchmarks reads``, ``fairness`` and ``million``."""
