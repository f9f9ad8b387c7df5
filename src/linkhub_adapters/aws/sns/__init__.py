"""Announcements through an SNS topic, and the SQS queue through which each serving node receives them."""
