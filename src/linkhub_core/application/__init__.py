"""What is done with the ports: assemble a batch, sweep, browse a shop, look after dead letters.

A message passes these rooms once, in this order: :class:`AssembleBatch` decodes it, folds it with its batch-mates and
stages it; :class:`Completion` saves, announces and cleans up; :class:`AssembleBatch` acknowledges it.
"""

from linkhub_core.application.adopt import Adopt, Adoption, AdoptionPlan
from linkhub_core.application.assemble import AssembleBatch
from linkhub_core.application.assembly import Assembly
from linkhub_core.application.browse_shop import BrowseShop, ShopPage
from linkhub_core.application.complete import Completion
from linkhub_core.application.dead_letters import (
    Examined,
    ExamineDeadLetters,
    MendDeadLetter,
    RedrivePlan,
    plan_redrive,
)
from linkhub_core.application.explain_video import ExplainVideo
from linkhub_core.application.listings import (
    ListingOutcome,
    ListingOvertaken,
    ListingSame,
    ListingSaved,
    PreconditionFailed,
    ProductAbsent,
    SetListing,
)
from linkhub_core.application.sweep import Sweep
from linkhub_core.application.timeline import State, TimelineEntry, VideoTimeline, timelines_of

__all__ = [
    "Adopt",
    "Adoption",
    "AdoptionPlan",
    "AssembleBatch",
    "Assembly",
    "BrowseShop",
    "Completion",
    "ExamineDeadLetters",
    "Examined",
    "ExplainVideo",
    "ListingOutcome",
    "ListingOvertaken",
    "ListingSame",
    "ListingSaved",
    "MendDeadLetter",
    "PreconditionFailed",
    "ProductAbsent",
    "RedrivePlan",
    "SetListing",
    "ShopPage",
    "State",
    "Sweep",
    "TimelineEntry",
    "VideoTimeline",
    "plan_redrive",
    "timelines_of",
]
