"""An hour's traffic in a minute: the parts of ``python -m benchmarks load``."""
