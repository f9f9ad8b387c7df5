"""Hooks that write and read the bodies of frequent AWS calls faster than botocore does. Each hook is optional."""
