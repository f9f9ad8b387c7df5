"""The input and output of commands: lines of events, tables, JSON, and messages on standard error.

A view gets values and prints them, or reads them from a file or a server. It calls no store and reads no setting.
"""
