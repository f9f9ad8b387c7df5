"""The stores in DynamoDB tables.

    product_store     products: :mod:`.product_items` reads and writes items, :mod:`.product_writes` has the conditional
                      writes, :mod:`.shop_reader` the queries, :mod:`.table_cursors` and :mod:`.store_clock` the cursors
    staging_store     waiting halves: :mod:`.staging_items` reads and writes items
    shop_directory    the shops of the products
    video_lookup      both, for one video
    calls, partiql    the calls of DynamoDB, counted and repeated: no other module of this room makes one

No module here makes a table: that is :mod:`linkhub_adapters.aws.resources`.
"""
