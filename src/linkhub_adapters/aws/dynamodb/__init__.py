"""The staging store and the product store in DynamoDB tables."""
