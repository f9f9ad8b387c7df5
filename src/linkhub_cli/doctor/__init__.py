"""`linkhub doctor`: the machine, the listener, and the rows; the chosen backend brings its own checks.

Each module reads what is there into a value and gives it to a pure function that returns findings.
"""

from linkhub_cli.doctor.examine import examine, of_faulty_settings
from linkhub_cli.doctor.report import exit_code_of, print_report

__all__ = ["examine", "exit_code_of", "of_faulty_settings", "print_report"]
