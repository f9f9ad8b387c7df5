"""Pages are kept while other processes write the same file: no answer is older than an announcement that arrived."""

from __future__ import annotations

import asyncio
import multiprocessing
from contextlib import AsyncExitStack, closing
from pathlib import Path
from random import Random

import orjson
from attrs import evolve

from linkhub_adapters.http import KeptPages
from linkhub_adapters.runtime import SystemClock
from linkhub_adapters.sqlite import SqliteAnnouncements, SqliteDatabase, SqliteProductStore, SqliteShopStamps
from linkhub_core.application import BrowseShop
from linkhub_core.model import ProductRecord
from linkhub_core.model.announcement import Announcement
from linkhub_core.ports import Revised, Revision
from linkhub_core.testing.builders import NOON, a_caption, a_key, a_record
from linkhub_core.wire.announcements import announce

WRITERS = 3
WRITES = 60
SHOPS = ("a-shop", "b-shop")
VIDEOS = 6
SAFETY_SECONDS = 60.0


def _write(path: Path, seed: int) -> None:
    asyncio.run(_write_at_random(path, Random(seed)))


async def _write_at_random(path: Path, chance: Random) -> None:
    """Create and revise products as a saver does, and announce each write after it."""
    with closing(SqliteDatabase.open(path, busy_timeout_seconds=SAFETY_SECONDS)) as database:
        store, bus = SqliteProductStore(database=database), SqliteAnnouncements(database=database)
        for _ in range(WRITES):
            key = a_key(chance.randrange(VIDEOS), chance.choice(SHOPS))
            stored = (await store.find([key])).get(key)
            if not isinstance(stored, ProductRecord):
                record = a_record(key)
                await store.create([record])
                continue  # another process may have created it: only what is certainly ours is announced
            record = evolve(
                stored, revision=stored.revision + 1, caption=a_caption(title=f"revision {stored.revision + 1}")
            )
            if await store.revise([Revision(before=stored, after=record)]) == [Revised()]:
                await bus.notify([announce(record, NOON)])


async def _shows(pages: KeptPages, announcement: Announcement) -> bool:
    """Whether the page of the announcement's shop has that revision or a newer one."""
    listing, _ = await pages.first(announcement.key.seller_handle, 20)
    page = orjson.loads(listing.content + b"}")
    [title] = [entry["title"] for entry in page["products"] if entry["video_id"] == announcement.key.video_id]
    return int(title.removeprefix("revision ")) >= announcement.revision


async def test_no_page_is_older_than_an_announcement(tmp_path: Path) -> None:
    """Three processes write at random; after each announcement the page of its shop is asked for."""
    path = tmp_path / "linkhub.sqlite3"
    async with AsyncExitStack() as opened:
        database = opened.enter_context(closing(SqliteDatabase.open(path)))
        stamps = opened.enter_context(closing(SqliteShopStamps.open(database)))
        announcements = SqliteAnnouncements(database=database)
        feed = await opened.enter_async_context(announcements.open_feed(receive_wait_seconds=0.2))
        browse = BrowseShop(products=SqliteProductStore(database=database), clock=SystemClock())
        pages = KeptPages(browse=browse, stamps=stamps)
        context = multiprocessing.get_context("spawn")
        writers = [context.Process(target=_write, args=(path, seed)) for seed in range(WRITERS)]
        for writer in writers:
            writer.start()
        heard = 0
        try:
            while (arrived := await feed.receive()) or any(writer.is_alive() for writer in writers):
                for announcement in arrived:
                    assert await _shows(pages, announcement), announcement.event_id
                    for seller in SHOPS:
                        await pages.first(seller, 20)
                heard += len(arrived)
        finally:
            for writer in writers:
                writer.join(SAFETY_SECONDS)
        assert [writer.exitcode for writer in writers] == [0] * WRITERS
        assert heard > WRITES
        assert pages.counts.hits > 0
        records = [record async for record in SqliteProductStore(database=database).scan()]
        for record in records:
            assert isinstance(record, ProductRecord)
            listing, _ = await pages.first(record.key.seller_handle, 20)
            assert f'"title":"{record.caption.title}"'.encode() in listing.content
