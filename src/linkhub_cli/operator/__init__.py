"""What the operator's page shows: the status of this process and of the others."""
