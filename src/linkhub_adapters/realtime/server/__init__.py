"""The HTTP server: its connections, their limits, and the scheduler of requests.

:mod:`~.uvicorn_server` is the only module that imports uvicorn. Routes and what they answer belong to the HTTP room.
"""
