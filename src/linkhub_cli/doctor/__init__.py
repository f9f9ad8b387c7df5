"""What ``linkhub doctor`` looks at: the machine, the listener, and what the chosen backend needs.

Each module reads what is there into a value and hands it to a pure function that makes findings of it.
"""

from linkhub_cli.doctor.examine import examine, of_faulty_settings
from linkhub_cli.doctor.report import exit_code_of, print_report

__all__ = ["examine", "exit_code_of", "of_faulty_settings", "print_report"]
