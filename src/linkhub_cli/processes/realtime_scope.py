"""How far the news of a product travels from this process, and a word at start-up where that is not to every viewer.

On AWS it is a topic that carries news from process to process. Without one a process that serves and consumes shows
what it saves to its own viewers at once; of what others save, and of what a process without viewers saves, viewers
learn only when they poll.
"""

from __future__ import annotations

from structlog.typing import FilteringBoundLogger

from linkhub_cli.settings import Settings

__all__ = ["tell_reach", "viewers_only_poll"]

TOPIC_VARIABLE = "SNS_NEW_PRODUCT_TOPIC_ARN"


def viewers_only_poll(settings: Settings, *, serves: bool, consumes: bool) -> bool:
    """Whether nothing that this process saves, or nothing that its viewers wait for, is shown live."""
    is_without_topic = settings.storage.backend == "aws" and settings.aws.topic_arn is None
    return is_without_topic and not (serves and consumes)


def tell_reach(settings: Settings, log: FilteringBoundLogger, *, serves: bool, consumes: bool) -> None:
    """Say it, in one line, where viewers will only poll."""
    if not viewers_only_poll(settings, serves=serves, consumes=consumes):
        return
    log.warning(
        "viewers_will_only_poll",
        setting=TOPIC_VARIABLE,
        problem=f"{TOPIC_VARIABLE} is not set, so no news travels between `serve` and `consume`: viewers see new "
        "products only when they poll. Set it, or let one process do both: linkhub serve --consume",
    )
