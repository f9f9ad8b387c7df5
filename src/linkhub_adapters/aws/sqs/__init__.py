"""The event queues and their dead-letter queues in SQS."""
