"""The event queues in SQS: polls and leases, the publisher, and the dead-letter queues.

``event_queue`` receives both queues through ``long_polls`` and ``lease_buffer``. The ``dead_letter_*`` modules write
and read rejected messages. Bodies are passed on unread. ``resources`` makes queues.
"""
