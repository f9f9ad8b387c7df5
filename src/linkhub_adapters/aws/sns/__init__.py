"""Announcements through an SNS topic, and the SQS queue through which each serving node receives them.

The notifier publishes to the topic. Each node creates a queue of its own, subscribes it, and removes it when it stops;
the feed polls that queue. The event queues of captions and thumbnails belong to ``sqs``.
"""
