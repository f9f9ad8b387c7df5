"""The pages for browsers: the shop, the operator's page, and the documentation of the API.

Their HTML, CSS and JavaScript are in ``files``, those of other projects in ``vendor``. Pages read the API like any
other client; nothing is rendered from data here.
"""
