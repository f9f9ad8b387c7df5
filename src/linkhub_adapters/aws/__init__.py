"""The production backend: SQS queues, DynamoDB tables, an SNS topic, and a Lambda handler, thin on boto3.

    sqs_*        the queues, their publisher and dead letters; `fast_replies` and `long_polls` are why they are cheap
    dynamodb_*   the stores; `partiql` writes 25 rows a call, `fast_items` and `*_items` put values into DynamoDB's form
    sns_*        announcements to every node; `node_queues` is what each node listens with
    resources    what has to be there, as data
    clients      boto3's clients, each made once

boto3's calls block, so they run on threads (`aws_calls`), and its errors are translated once (`errors`). Importing this
package needs the extra ``linkhub[aws]`` only where a module of it is imported.
"""
