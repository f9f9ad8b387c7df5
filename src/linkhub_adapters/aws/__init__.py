"""The AWS room: events from SQS, products and waiting halves in DynamoDB, news through SNS.

Every call goes through boto3, on threads; its errors are translated in :mod:`.errors` and nowhere else. What has to be
there is defined in :mod:`.resources`. Importing anything of it opens nothing: :mod:`.clients` makes clients when asked.
"""
