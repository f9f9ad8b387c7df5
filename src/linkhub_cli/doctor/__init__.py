"""`linkhub doctor`: the machine and the listener; the chosen backend brings its own checks.

Each module reads what is there into a value and gives it to a pure function that returns findings.
"""
