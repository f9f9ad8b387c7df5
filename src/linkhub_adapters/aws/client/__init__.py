"""boto3 clients: sessions, blocking calls on threads, and botocore's errors as linkhub's."""
