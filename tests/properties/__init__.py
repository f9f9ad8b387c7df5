"""What holds for every value, searched for a counter-example by Hypothesis."""
