"""What commands read and print: tables, JSON lines, messages and exit codes."""
