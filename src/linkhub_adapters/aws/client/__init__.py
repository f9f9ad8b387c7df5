"""boto3 clients for the other rooms: sessions, blocking calls on threads, failures, and botocore's errors.

Each call of AWS goes through :class:`~.calls.AwsCalls`, which counts it and translates its errors into those of
:mod:`linkhub_core.errors`. :mod:`~.sdk_faults` recognises faults of the SDK's own configuration. No request or reply
of a single service belongs here.
"""
