"""What is true of linkhub with no machine attached.

Two halves of a video, its caption and its thumbnails, become one product. This package holds the values
(:mod:`~linkhub_core.model`), the rules their fields keep (:mod:`~linkhub_core.model.rules`), the wire format
(:mod:`~linkhub_core.wire.codec`), the decisions (:mod:`~linkhub_core.model.merge`,
:mod:`~linkhub_core.model.decision_table`), the ports that a machine has to offer (:mod:`~linkhub_core.ports`) and what
is done with them (:mod:`~linkhub_core.application`).

It does no I/O, reads no clock and no environment, and logs nothing: time and ids arrive as arguments, and what
happened leaves through the :class:`~linkhub_core.ports.Journal`.
"""
