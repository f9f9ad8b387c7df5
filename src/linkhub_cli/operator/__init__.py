"""The data of the operator's page: the status of this process, and the reports of the others on the same storage.

The page itself is in :mod:`linkhub_adapters.http.pages`, its route in :mod:`linkhub_adapters.http.api`.
"""
