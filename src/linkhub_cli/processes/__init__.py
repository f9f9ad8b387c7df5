"""The long-running processes: `serve` and `consume`, their phases and how they end."""
