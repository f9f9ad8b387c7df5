"""What linkhub costs, measured: ``python -m benchmarks`` lists what there is. Figures are ratios within one run."""
