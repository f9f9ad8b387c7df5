"""The cost of linkhub, measured: ``python -m benchmarks`` lists the benchmarks. Compare figures within one run only."""
