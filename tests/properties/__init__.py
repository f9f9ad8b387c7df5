"""Properties of every value; Hypothesis searches for a counter-example."""
