"""The contract of cursors: of :meth:`~linkhub_core.ports.ProductReader.changes` and of the cursors on events."""

from __future__ import annotations

import pytest
from attrs import evolve

from linkhub_core.errors import InvalidQuery
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.ports import Changes, Created, ProductStore, Revised, UnknownCursor
from linkhub_core.testing.builders import KEY, a_caption, a_half, a_key, a_record, a_revision
from linkhub_core.testing.readable import Spoil, optional_fixture, readable, scanned
from linkhub_core.wire.codec import stored_product
from linkhub_core.wire.cursor import Cursor, encode_cursor, parse_cursor
from linkhub_core.wire.shop_query import PageQuery

SELLER = KEY.seller_handle


async def first_cursor(store: ProductStore, seller_handle: str = SELLER) -> str:
    """The cursor of a shop's first page."""
    page = await store.page(PageQuery(seller_handle=seller_handle, limit=1))
    assert page.cursor is not None
    return page.cursor


async def read_after(store: ProductStore, cursor: str, limit: int = 50, seller_handle: str = SELLER) -> Changes:
    """The changes after a cursor, which the store has to know."""
    after = parse_cursor(cursor, seller_handle)
    assert after is not None
    found = await store.changes(seller_handle, after, limit)
    assert isinstance(found, Changes)
    return found


def videos(changes: Changes) -> list[str]:
    """The videos of an answer, in its order."""
    return [change.product.video_id for change in changes.changes]


def numbered(*numbers: int) -> list[str]:
    """The ``video_id`` of :func:`~linkhub_core.testing.builders.a_key` for each number."""
    return [a_key(number).video_id for number in numbers]


async def created(store: ProductStore, *records: ProductRecord) -> list[ProductRecord]:
    """Create products, one call each; gives them with the cursors of their events."""
    made = []
    for record in records:
        (outcome,) = await store.create([record])
        assert isinstance(outcome, Created)
        made.append(evolve(record, cursor=outcome.cursor))
    return made


class CursorContract:
    """The rules of cursors for each store. Subclass it with a fixture ``product_store`` that gives an empty store.

    Optional: the fixture ``spoil`` of :class:`~linkhub_core.testing.ProductStoreContract`.
    """

    pytestmark = pytest.mark.asyncio

    @pytest.fixture
    def spoil(self, request: pytest.FixtureRequest) -> Spoil:
        """Writes an unreadable row."""
        spoil: Spoil = optional_fixture(request, "spoil", "rows that cannot be read are not tested")
        return spoil

    async def test_the_first_page_alone_has_a_cursor(self, product_store: ProductStore) -> None:
        """Also the page of an empty shop. A page with ``since`` has none: ``since`` may have missed a product."""
        assert await first_cursor(product_store, "empty")
        await product_store.create([a_record(a_key(number)) for number in range(3)])
        first = PageQuery(seller_handle=SELLER, limit=2)
        assert (await product_store.page(first)).cursor is not None
        before, since = a_key(1).video_id, a_record().created_at.replace(year=2000)
        for query in (
            evolve(first, before=before),
            evolve(first, since=since),
            evolve(first, before=before, since=since),
        ):
            assert (await product_store.page(query)).cursor is None

    async def test_each_change_after_a_cursor_comes(self, product_store: ProductStore) -> None:
        """New and revised products, as they are now, the oldest change first."""
        await product_store.create([a_record(a_key(number)) for number in range(3)])
        cursor = await first_cursor(product_store)
        revised = a_record(a_key(1), revision=2, caption=a_caption(title="revised"))
        await product_store.create([a_record(a_key(9))])
        await product_store.revise([a_revision(revised, a_record(a_key(1)))])
        changes = await read_after(product_store, cursor)
        assert videos(changes)[-2:] == numbered(9, 1)
        assert changes.changes[-1].product == stored_product(revised)
        assert (changes.has_more, list(changes.removed), list(changes.unreadable)) == (False, [], [])

    @pytest.mark.parametrize("limit", [1, 2, 3])
    async def test_a_walk_of_cut_answers_gives_everything_and_ends(
        self, product_store: ProductStore, limit: int
    ) -> None:
        """Each answer has at most ``limit`` products. The walk goes on from the cursor of the answer before."""
        cursor = await first_cursor(product_store)
        await product_store.create([a_record(a_key(number)) for number in range(7)])
        given: list[str] = []
        for _ in range(10):
            changes = await read_after(product_store, cursor, limit)
            assert len(changes.changes) <= limit
            given += videos(changes)
            cursor = changes.cursor
            if not changes.has_more:
                break
        assert sorted(given) == numbered(*range(7))

    async def test_each_change_has_its_own_cursor(self, product_store: ProductStore) -> None:
        """A client that leaves in the middle of an answer goes on behind the last change that it was given."""
        cursor = await first_cursor(product_store)
        await product_store.create([a_record(a_key(number)) for number in range(5)])
        changes = await read_after(product_store, cursor)
        assert videos(await read_after(product_store, changes.changes[2].cursor))[-2:] == videos(changes)[3:]

    async def test_an_event_that_comes_back_as_a_cursor_gives_its_own_product_again(
        self, product_store: ProductStore
    ) -> None:
        """A live event is no promise that its own change, or an owed one below it, was delivered."""
        first, second = await created(product_store, a_record(a_key(1)), a_record(a_key(2)))
        for event in (first, second):
            assert event.cursor is not None
            assert set(videos(await read_after(product_store, event.cursor))) >= set(numbered(1, 2))

    async def test_the_changes_of_another_shop_do_not_come(self, product_store: ProductStore) -> None:
        """A cursor is of one shop."""
        cursor = await first_cursor(product_store)
        await product_store.create([a_record(a_key(1, "another")), a_record(a_key(2))])
        assert videos(await read_after(product_store, cursor)) == numbered(2)
        with pytest.raises(InvalidQuery):
            parse_cursor(cursor, "another")

    async def test_a_cursor_that_this_store_did_not_give_is_unknown(self, product_store: ProductStore) -> None:
        """Another store's, and a position that is none."""
        await product_store.create([a_record()])
        known = parse_cursor(await first_cursor(product_store), SELLER)
        assert known is not None
        for unknown in (
            evolve(known, store="elsewhere"),
            evolve(known, position="?"),
            evolve(known, position="-1"),
            evolve(known, position="9" * 100),
        ):
            assert await product_store.changes(SELLER, unknown, 10) == UnknownCursor()

    async def test_a_silent_save_is_no_change(self, product_store: ProductStore) -> None:
        """It moves versions alone, so no reader is given the product for it."""
        await product_store.create([a_record(a_key(1)), a_record(a_key(2))])
        before = await read_after(product_store, await first_cursor(product_store))
        silent = evolve(a_record(a_key(1)), caption_version=a_half(minute=88).version)
        assert await product_store.revise([a_revision(silent, a_record(a_key(1)))]) == [Revised()]
        assert videos(await read_after(product_store, before.cursor)) == videos(before)

    async def test_a_row_that_cannot_be_read_delays_no_other_change(
        self, product_store: ProductStore, spoil: Spoil
    ) -> None:
        """It is named, or left out, and the walk goes past it."""
        cursor = await first_cursor(product_store)
        await product_store.create([a_record(a_key(1))])
        await spoil(a_key(2))
        await product_store.create([a_record(a_key(3))])
        given: list[str] = []
        for _ in range(10):
            changes = await read_after(product_store, cursor, 1)
            given += videos(changes)
            assert {row.video_id for row in changes.unreadable} <= set(numbered(2))
            cursor = changes.cursor
            if not changes.has_more:
                break
        assert given == numbered(1, 3)

    async def test_owed_records_have_the_cursor_of_their_event_wherever_they_are_read(
        self, product_store: ProductStore
    ) -> None:
        """For those who pay the debt of another process: a redelivery and a sweep."""
        (record,) = await created(product_store, a_record())
        found = readable((await product_store.find([KEY]))[KEY])
        (swept,) = await scanned(product_store.scan(unannounced=True))
        (prepared,) = await product_store.prepare_announcements([found])
        assert isinstance(prepared, ProductRecord)
        assert prepared == record
        for read in (record, found, swept, prepared):
            assert read.cursor is not None
            assert videos(await read_after(product_store, read.cursor)) == [KEY.video_id]


class ExactCursorContract(CursorContract):
    """The rules of cursors for a store that numbers its changes.

    Optional: a fixture ``delete`` that gives a coroutine function, which deletes the row under a key as an operator
    does by hand.
    """

    @pytest.fixture
    def delete(self, request: pytest.FixtureRequest) -> Spoil:
        """Deletes a row."""
        delete: Spoil = optional_fixture(request, "delete", "deletions by hand are not tested")
        return delete

    async def test_nothing_comes_twice(self, product_store: ProductStore) -> None:
        """After the cursor of a page there is nothing, and after that of a whole answer neither."""
        await product_store.create([a_record(a_key(number)) for number in range(3)])
        cursor = await first_cursor(product_store)
        assert videos(await read_after(product_store, cursor)) == []
        await product_store.create([a_record(a_key(3))])
        changes = await read_after(product_store, cursor)
        assert videos(changes) == numbered(3)
        assert videos(await read_after(product_store, changes.cursor)) == []
        await product_store.create([a_record(a_key(4))])
        changes = await read_after(product_store, cursor)
        assert videos(await read_after(product_store, changes.changes[0].cursor)) == numbered(4)

    async def test_an_event_carries_the_number_below_the_lowest_owed_change(self, product_store: ProductStore) -> None:
        """It rises when the lowest debt is paid: then all changes below the next one are on the bus already."""
        first, second = await created(product_store, a_record(a_key(1)), a_record(a_key(2)))
        assert first.cursor == second.cursor
        await product_store.mark_announced([first])
        (third,) = await created(product_store, a_record(a_key(3)))
        assert videos(await read_after(product_store, str(third.cursor))) == numbered(2, 3)
        await product_store.mark_announced([second, third])
        (fourth,) = await created(product_store, a_record(a_key(4)))
        assert videos(await read_after(product_store, str(fourth.cursor))) == numbered(4)

    async def test_a_revision_of_an_owed_product_moves_its_debt(self, product_store: ProductStore) -> None:
        """The replaced revision is owed no longer; the event of the other product may say so."""
        first, second = await created(product_store, a_record(a_key(1)), a_record(a_key(2)))
        (outcome,) = await product_store.revise([a_revision(a_record(a_key(1), revision=2), first)])
        assert isinstance(outcome, Revised)
        assert videos(await read_after(product_store, str(outcome.cursor))) == numbered(2, 1)
        assert videos(await read_after(product_store, str(second.cursor))) == numbered(2, 1)

    async def test_debts_of_another_shop_do_not_count(self, product_store: ProductStore) -> None:
        """Each shop has its own lowest owed change."""
        await product_store.create([a_record(a_key(1, "another"))])
        (first,) = await created(product_store, a_record(a_key(1)))
        await product_store.mark_announced([first])
        (second,) = await created(product_store, a_record(a_key(2)))
        assert videos(await read_after(product_store, str(second.cursor))) == numbered(2)

    async def test_a_number_that_was_not_given_yet_is_unknown(self, product_store: ProductStore) -> None:
        """Such a cursor is from a state that this store lacks."""
        await product_store.create([a_record()])
        cursor = parse_cursor(await first_cursor(product_store), SELLER)
        assert cursor is not None
        later = evolve(cursor, position=str(int(cursor.position) + 1))
        assert await product_store.changes(SELLER, later, 10) == UnknownCursor()
        assert isinstance(parse_cursor(encode_cursor(later), SELLER), Cursor)

    async def test_saves_that_readers_do_not_see_take_no_number(self, product_store: ProductStore) -> None:
        """Silent ones, conflicts, and payments."""
        (record,) = await created(product_store, a_record())
        before = await first_cursor(product_store)
        await product_store.create([a_record(revision=7)])
        await product_store.revise([a_revision(a_record(revision=9), a_record(revision=8))])
        silent = evolve(a_record(), caption_version=a_half(minute=88).version)
        assert await product_store.revise([a_revision(silent, record)]) == [Revised()]
        await product_store.mark_announced([silent])
        assert await first_cursor(product_store) == before

    async def test_a_deletion_by_hand_gives_no_number_again(self, product_store: ProductStore, delete: Spoil) -> None:
        """The newest change is deleted; the next one has a number that no cursor has seen."""
        await product_store.create([a_record(a_key(1)), a_record(a_key(2))])
        cursor = await first_cursor(product_store)
        await delete(ProductKey(SELLER, a_key(2).video_id))
        assert videos(await read_after(product_store, cursor)) == []
        await product_store.create([a_record(a_key(3))])
        assert videos(await read_after(product_store, cursor)) == numbered(3)
