"""JSON to model and back: events with their envelopes and intake rules, products, and the parameters of reads.

``intake`` reads bodies of workers, ``codec`` encodes and decodes what linkhub stores and announces, ``shop_query`` and
``cursor`` the parameters of a page. No module here does I/O.
"""
