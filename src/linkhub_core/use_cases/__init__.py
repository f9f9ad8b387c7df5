"""What is done with the ports: assemble a batch, sweep, browse a shop, look after dead letters.

A message passes these rooms once, in this order: :class:`AssembleBatch` decodes it, folds it with its batch-mates and
stages it; :class:`Settlement` saves, announces and cleans up; :class:`AssembleBatch` acknowledges it.
"""

from linkhub_core.use_cases.adopt import Adopt, Adoption, AdoptionPlan
from linkhub_core.use_cases.assemble import AssembleBatch
from linkhub_core.use_cases.browse import BrowseShop, ShopPage
from linkhub_core.use_cases.case import Case
from linkhub_core.use_cases.dead_letters import (
    Examined,
    ExamineDeadLetters,
    MendDeadLetter,
    RedrivePlan,
    plan_redrive,
)
from linkhub_core.use_cases.settle import Settlement
from linkhub_core.use_cases.stories import Happening, State, Story, tell_stories
from linkhub_core.use_cases.sweep import Sweep
from linkhub_core.use_cases.why import Why

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
