"""The composition root: the container that makes adapters and use cases from the settings, each once.

``container`` serves every process, ``server_container`` adds the parts of ``linkhub serve``. Importing these modules
opens nothing.
"""
