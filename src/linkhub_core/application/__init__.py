"""What is done with the ports: assemble a batch, sweep, browse a shop, look after dead letters.

A message passes these rooms once, in this order: :class:`AssembleBatch` decodes it, folds it with its batch-mates and
stages it; :class:`Settlement` saves, announces and cleans up; :class:`AssembleBatch` acknowledges it.
"""

from linkhub_core.application.adopt import Adopt, Adoption, AdoptionPlan
from linkhub_core.application.assemble import AssembleBatch
from linkhub_core.application.assembly import Case
from linkhub_core.application.browse_shop import BrowseShop, ShopPage
from linkhub_core.application.complete import Settlement
from linkhub_core.application.dead_letters import (
    Examined,
    ExamineDeadLetters,
    MendDeadLetter,
    RedrivePlan,
    plan_redrive,
)
from linkhub_core.application.explain_video import Why
from linkhub_core.application.sweep import Sweep
from linkhub_core.application.timeline import Happening, State, Story, tell_stories

__all__ = [
    "Adopt",
    "Adoption",
    "AdoptionPlan",
    "AssembleBatch",
    "BrowseShop",
    "Case",
    "ExamineDeadLetters",
    "Examined",
    "Happening",
    "MendDeadLetter",
    "RedrivePlan",
    "Settlement",
    "ShopPage",
    "State",
    "Story",
    "Sweep",
    "Why",
    "plan_redrive",
    "tell_stories",
]
