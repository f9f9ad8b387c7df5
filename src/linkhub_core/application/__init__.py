"""The use cases: assemble a batch, sweep, browse a shop, examine dead letters, explain a video.

A message passes them once, in this order: :class:`AssembleBatch` decodes it, merges it with the other halves of its
batch and stages it; :class:`Completion` saves, announces and drops the row; :class:`AssembleBatch` acknowledges it.
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
from linkhub_core.application.explain_video import ExplainVideo, State, TimelineEntry, VideoTimeline, timelines_of
from linkhub_core.application.export_all import ExportAll
from linkhub_core.application.import_all import ImportAll, ImportTally, RefusedLine
from linkhub_core.application.list_shops import ListShops, ShopList
from linkhub_core.application.listings import (
    ListingOutcome,
    ListingOvertaken,
    ListingSame,
    ListingSaved,
    PreconditionFailed,
    ProductAbsent,
    SetListing,
)
from linkhub_core.application.read_delivery import FailedDelivery, ReadDelivery, read_delivery
from linkhub_core.application.report_stalled import ReportStalled
from linkhub_core.application.stalled_halves import StalledCount, StalledHalves
from linkhub_core.application.sweep import Sweep

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
    "ExportAll",
    "FailedDelivery",
    "ImportAll",
    "ImportTally",
    "ListShops",
    "ListingOutcome",
    "ListingOvertaken",
    "ListingSame",
    "ListingSaved",
    "MendDeadLetter",
    "PreconditionFailed",
    "ProductAbsent",
    "ReadDelivery",
    "RedrivePlan",
    "RefusedLine",
    "ReportStalled",
    "SetListing",
    "ShopList",
    "ShopPage",
    "StalledCount",
    "StalledHalves",
    "State",
    "Sweep",
    "TimelineEntry",
    "VideoTimeline",
    "plan_redrive",
    "read_delivery",
    "timelines_of",
]
