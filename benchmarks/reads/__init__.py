"""What reading a shop costs: the parts of ``python -m benchmarks reads``, ``fairness`` and ``million``."""
