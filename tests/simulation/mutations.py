"""The protocol, with one step broken at a time: each must be caught, or the simulation proves nothing.

A mutation replaces text of one production module as that module is imported, so everything that uses it meets the
broken step. It therefore has to be installed before linkhub is imported: in a process of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import NamedTuple

__all__ = ["MUTATIONS", "Mutation", "StaleMutation", "install"]


class StaleMutation(Exception):
    """The text that a mutation replaces is not there, or not just once: the production code has moved on."""


class Mutation(NamedTuple):
    """Which module, and its change as the hunks of a diff: "-" goes, "+" comes, " " stays; a blank line parts hunks."""

    module: str
    diff: str

    def replacements(self) -> Iterator[tuple[str, str]]:
        """Each hunk as the text that is there and the one that takes its place."""
        for hunk in self.diff.strip("\n").split("\n\n"):
            lines = hunk.splitlines(keepends=False)
            yield _side(lines, " -"), _side(lines, " +")


def _side(lines: Sequence[str], signs: str) -> str:
    return "".join(f"{line[1:]}\n" for line in lines if line[0] in signs)


_ASSEMBLE = "linkhub_core.use_cases.assemble"
_SETTLE = "linkhub_core.use_cases.settle"
_SWEEP = "linkhub_core.use_cases.sweep"
_MERGE = "linkhub_core.merge"
_PRODUCTS = "linkhub_adapters.memory.product_store"
_STAGING = "linkhub_adapters.memory.staging_store"

MUTATIONS = {
    "acknowledge-before-saving": Mutation(
        _ASSEMBLE,
        """
-            await self._assemble(letters)
             await self.queue.acknowledge([letter.delivery for letter in letters])
+            await self._assemble(letters)
""",
    ),
    "acknowledge-what-failed": Mutation(
        _ASSEMBLE,
        """
-            await self.queue.release([delivery for delivery, _ in batch], delay_seconds)
+            await self.queue.acknowledge([delivery for delivery, _ in batch])
""",
    ),
    "read-the-product-before-staging": Mutation(
        _ASSEMBLE,
        """
         joining, alone = [], []
+        found = await self.settlement.products.find([case.key for case in singles])
+        for case in singles:
+            case.found(found.get(case.key))

-        found = await self.settlement.products.find([case.key for case, _ in alone])
-        for case, _ in alone:
-            case.found(found.get(case.key))
         waiting = [row for case, row in alone if case.record is None]
""",
    ),
    "acknowledge-an-equal-half-unread": Mutation(
        _ASSEMBLE,
        """
-from linkhub_core.ports.staging_store import Partner, Superseded
+from linkhub_core.ports.staging_store import Equal, Partner, Superseded

-                case Superseded():
+                case Superseded() | Equal():
""",
    ),
    "pairs-skip-reading-staging": Mutation(
        _ASSEMBLE,
        """
-        rows = await self.settlement.staging.waiting([case.key for case in pairs])
+        rows: dict[ProductKey, WaitingHalf] = {}
""",
    ),
    "mark-announced-before-notifying": Mutation(
        _SETTLE,
        """
     async def _hand_over(self, due: Sequence[tuple[Case, ProductRecord]]) -> None:
+        await self.products.mark_announced([(record.key, record.revision) for _, record in due])
""",
    ),
    "never-help-on-redelivery": Mutation(
        _SETTLE,
        """
-        due = ours + await self._still_due(theirs)
+        due = ours + await self._still_due([case for case in theirs if not case.origins])  # the sweep alone helps
""",
    ),
    "drop-before-saving": Mutation(
        _SETTLE,
        """
+            await self._drop(open_cases)
             await self.save(open_cases)
             await self._announce(open_cases)
""",
    ),
    "never-drop-the-row": Mutation(
        _SETTLE,
        """
-        if not rows:
+        if rows is not None:
             return []
         changed = []
""",
    ),
    "forget-a-row-that-became-newer": Mutation(
        _SETTLE,
        """
-                changed.append(case)
""",
    ),
    "merge-by-arrival": Mutation(
        _MERGE,
        """
-    return one if one.version >= other.version else other
+    return other

-        caption=caption if caption and caption.version > record.caption_version else None,
-        thumbnails=thumbnails if thumbnails and thumbnails.version > record.thumbnails_version else None,
+        caption=caption if caption and caption.version != record.caption_version else None,
+        thumbnails=thumbnails if thumbnails and thumbnails.version != record.thumbnails_version else None,
""",
    ),
    "save-without-compare-and-set": Mutation(
        _PRODUCTS,
        """
-        if stored is None or stored.revision != record.revision - 1:
+        if stored is None:
""",
    ),
    "create-over-what-is-there": Mutation(
        _PRODUCTS,
        """
-        if (stored := self.rows.get(record.key)) is not None:
-            return Exists(stored)
""",
    ),
    "clear-whatever-revision": Mutation(
        _PRODUCTS,
        """
-            if stored is not None and stored.unannounced_revision == revision:
+            if stored is not None:
""",
    ),
    "stage-over-a-newer-row": Mutation(
        _STAGING,
        """
-        if row.half.version > waiting.half.version:
-            return Superseded()
""",
    ),
    "stage-over-the-partner": Mutation(
        _STAGING,
        """
-        if row.half.kind is not waiting.half.kind:
-            return Partner(row)
""",
    ),
    "drop-whatever-is-there": Mutation(
        _STAGING,
        """
-        if row is not None and (row.half.kind, row.half.version) != (half.kind, half.version):
-            return Newer(row)
""",
    ),
    "sweep-rows-before-their-time": Mutation(
        _SWEEP,
        """
-        orphans = [row for row in rows if row.key not in found and row.expired(now)]
+        orphans = [row for row in rows if row.key not in found]
""",
    ),
}


class _MutatedLoader(SourceFileLoader):
    """Loads a module from its source with texts replaced; it neither reads nor leaves byte code."""

    def __init__(self, fullname: str, path: str, mutation: Mutation) -> None:
        super().__init__(fullname, path)
        self._mutation = mutation

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path).decode()
        for old, new in self._mutation.replacements():
            if source.count(old) != 1:
                raise StaleMutation(f"{fullname} holds this {source.count(old)} times instead of once:\n{old}")
            source = source.replace(old, new)
        return compile(source, self.path, "exec", dont_inherit=True)


class _MutatingFinder(MetaPathFinder):
    def __init__(self, mutation: Mutation) -> None:
        self._mutation = mutation

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutation.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            raise StaleMutation(f"there is no module {fullname}")
        spec.loader = _MutatedLoader(fullname, spec.origin, self._mutation)
        return spec


def install(name: str) -> None:
    """Break the protocol in the way of this name, in this process, for good.

    Raises:
        StaleMutation: its module is imported already.
    """
    mutation = MUTATIONS[name]
    if mutation.module in sys.modules:
        raise StaleMutation(f"{mutation.module} was imported before it could be broken")
    sys.meta_path.insert(0, _MutatingFinder(mutation))
