"""Puts rejected messages into the dead-letter queues, with the reason; deletes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from linkhub_adapters.aws.sqs.calls import SERVICE, SqsCalls
from linkhub_adapters.aws.sqs.dead_letter_format import letter_attributes
from linkhub_adapters.aws.sqs.fifo import FifoPlace, digest_of
from linkhub_adapters.aws.sqs.messages import sending
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.errors import LinkhubError, ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import Clock, Delivery, Rejection

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

__all__ = ["SqsDeadLetterWriter"]


@frozen(kw_only=True)
class SqsDeadLetterWriter:
    """Writes dead letters. A message that is put twice may be there twice."""

    queues: Mapping[Kind, SqsQueue]
    sqs: SqsCalls
    clock: Clock

    async def put(self, rejections: Sequence[Rejection]) -> tuple[Sequence[Delivery], LinkhubError | None]:
        """Put messages into the dead-letter queues of their kinds.

        Returns:
            The messages that are there now, which may be deleted, and what kept the others from it.
        """
        there: list[Delivery] = []
        error: LinkhubError | None = None
        for kind, queue in self.queues.items():
            of_kind = [rejection for rejection in rejections if rejection.delivery.kind is kind]
            if of_kind:
                done, problem = await self._put(queue, of_kind)
                there += done
                error = error or problem
        return there, error

    async def _put(
        self, queue: SqsQueue, rejections: Sequence[Rejection]
    ) -> tuple[Sequence[Delivery], LinkhubError | None]:
        entries = [self._entry(queue, number, rejection) for number, rejection in enumerate(rejections)]
        outcome = await self.sqs.send(queue.dead_letter_url, entries)
        error = outcome.error
        for fault in outcome.refused:
            error = error or ServiceUnavailable(SERVICE, f"a dead letter was refused: {fault.code}: {fault.problem}")
        return [one.delivery for number, one in enumerate(rejections) if str(number) in outcome.done], error

    def _entry(self, queue: SqsQueue, number: int, rejection: Rejection) -> SendMessageBatchRequestEntryTypeDef:
        delivery = rejection.delivery
        attributes = letter_attributes(rejection, queue, self.clock.now())
        # A place of its own for each lease: were a copy dropped as known, its message would be deleted all the same.
        place = FifoPlace(group_id=delivery.message_id, deduplication_id=digest_of(delivery.receipt))
        return sending(number, delivery.body, attributes, place if queue.is_fifo else None)
