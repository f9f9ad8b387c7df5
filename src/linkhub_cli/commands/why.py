"""``linkhub why``: everything that is known of one video, as a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from linkhub_cli.command_line import CommandLine
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import plain, print_lines, print_status, print_table
from linkhub_cli.views.timeline import timeline_document
from linkhub_core.application import State, TimelineEntry, VideoTimeline
from linkhub_core.model import ProductKey
from linkhub_core.model.rules import RuleBroken
from linkhub_core.ports import VideoRecord
from linkhub_core.wire.codec import timestamp_text


@click.command(
    epilog=examples(
        Example("linkhub why 7301234567890421596", "its state and its timeline, at every seller"),
        Example("linkhub why 7301234567890421596 --seller nalu-fashion", "of one seller"),
        Example("linkhub why 7301234567890421596 --json | jq .state", "for a program: one object a seller"),
    )
)
@click.argument("video_id", metavar="VIDEO_ID")
@click.option("--seller", metavar="HANDLE", help="Only this seller; with AWS, where to look for the product.")
@click.option("--json", "as_json", is_flag=True, help="JSON: one object a seller.")
@click.pass_context
def why(ctx: click.Context, video_id: str, seller: str | None, as_json: bool) -> None:
    """Show why a video is in the shop, or why it is not.

    It looks at queues (embedded), staging, products, dead letters and announcements (embedded), and changes nothing. If
    it finds nothing of the video, it says where to look next, and the exit code is 1.
    """
    line: CommandLine = ctx.obj
    timelines, traces = line.run(lambda container: container.why()(video_id, seller))
    if as_json:
        print_lines(map(_document, timelines))
    else:
        for timeline in timelines:
            _print(timeline)
    if not traces.all_sellers and seller is None:
        print_status("linkhub: products are found by their seller here: --seller HANDLE looks for those of others, too")
    if not timelines:
        _print_where_to_look(video_id, traces)
        ctx.exit(1)


def _hint_at_id(video_id: str) -> str:
    """A hint if the id breaks the rules; a rejected message may have such an id."""
    try:
        ProductKey("any-seller", video_id)
    except RuleBroken as broken:
        return f" Is it what you meant? An id {broken}."
    return ""


def _print_where_to_look(video_id: str, traces: VideoRecord) -> None:
    unseen = (
        " Messages on the queues cannot be looked at here: wait until they are empty." if traces.queued is None else ""
    )
    print_status(
        f"linkhub: nothing is known of video {plain(video_id)}: it is not in staging, nor among the products and the"
        f" dead letters that were looked at.{_hint_at_id(video_id)}{unseen} Was it published? Then search the"
        " consumers' logs for it: a half that waited too long was removed, and the line half_expired names it."
    )


def _reason(timeline: VideoTimeline) -> str:
    """The reason of the state, and the command that shows or changes it."""
    commands = {State.REJECTED: "linkhub dead-letters show ID", State.UNANNOUNCED: "linkhub sweep"}
    command = commands.get(timeline.state, "")
    letter_id = next((one.facts["letter_id"] for one in reversed(timeline.entries) if "letter_id" in one.facts), "ID")
    return f"{timeline.because}: {command.replace('ID', letter_id)}" if command else timeline.because


def _print(timeline: VideoTimeline) -> None:
    click.echo(f"{plain(timeline.seller_handle or '(no seller named)')}/{plain(timeline.video_id)}: {timeline.state}")
    click.echo(f"  {plain(_reason(timeline))}\n")
    print_table(["when", "what", "half", "correlation id", ""], [_row(one) for one in timeline.entries])
    click.echo()


def _row(happening: TimelineEntry) -> Sequence[str]:
    facts = (f"{name.replace('_', ' ')} {_text(value)}" for name, value in happening.facts.items())
    return (
        timestamp_text(happening.at),
        happening.what,
        happening.half or "",
        happening.correlation_id or "",
        ", ".join(facts),
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_text(entry) for entry in value)
    return f"{value['field'] or 'body'}: {value['rule']}" if isinstance(value, dict) else str(value)


def _document(timeline: VideoTimeline) -> dict[str, Any]:
    return {**timeline_document(timeline), "because": _reason(timeline)}
