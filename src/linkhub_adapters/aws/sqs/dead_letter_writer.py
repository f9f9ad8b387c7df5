"""Writes rejected messages to the dead-letter queues, with the reason; deletes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from linkhub_adapters.aws.sqs.calls import SERVICE, SqsCalls
from linkhub_adapters.aws.sqs.dead_letter_format import dead_letter_attributes
from linkhub_adapters.aws.sqs.fifo import FifoIds, digest_of
from linkhub_adapters.aws.sqs.messages import send_entry
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.errors import LinkhubError, ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import Clock, Delivery, Rejection

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef


@frozen(kw_only=True)
class SqsDeadLetterWriter:
    """Writes dead letters. A message that is written twice may be there twice."""

    queues: Mapping[Kind, SqsQueue]
    sqs: SqsCalls
    clock: Clock

    async def put(self, rejections: Sequence[Rejection]) -> tuple[Sequence[Delivery], LinkhubError | None]:
        """Write messages to the dead-letter queues of their kinds.

        Returns:
            The messages that were written, which may be deleted, and the error that stopped the others.
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
        attributes = dead_letter_attributes(rejection, queue, self.clock.now())
        # An id for each lease: SQS must not drop a copy, because its message is deleted after this.
        place = FifoIds(group_id=delivery.message_id, deduplication_id=digest_of(delivery.receipt))
        return send_entry(number, delivery.body, attributes, place if queue.is_fifo else None)
