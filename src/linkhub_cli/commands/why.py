"""``linkhub why``: everything that is known of one video, as a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from linkhub_cli.command_line import CommandLine
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import news, plain, print_lines, print_table
from linkhub_core.application import State, TimelineEntry, VideoTimeline
from linkhub_core.model import ProductKey
from linkhub_core.model.rules import RuleBroken
from linkhub_core.ports import VideoRecord
from linkhub_core.wire.codec import timestamp_text


@click.command(
    epilog=examples(
        Example("linkhub why 7301234567890421596", "where it stands, and what happened to it, at every seller"),
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
    stories, traces = line.run(lambda container: container.why()(video_id, seller))
    if as_json:
        print_lines(map(_document, stories))
    else:
        for story in stories:
            _print(story)
    if not traces.all_sellers and seller is None:
        news("linkhub: products are found by their seller here: --seller HANDLE looks for those of others, too")
    if not stories:
        _tell_where_to_look(video_id, traces)
        ctx.exit(1)


def _unsound(video_id: str) -> str:
    """What is wrong with an id, for whoever mistyped it; a rejected message may have had such a one all the same."""
    try:
        ProductKey("any-seller", video_id)
    except RuleBroken as broken:
        return f" Is it what you meant? An id {broken}."
    return ""


def _tell_where_to_look(video_id: str, traces: VideoRecord) -> None:
    unseen = (
        " Messages on the queues cannot be looked at here: wait until they are empty." if traces.queued is None else ""
    )
    news(
        f"linkhub: nothing is known of video {plain(video_id)}: it is not in staging, nor among the products and the"
        f" dead letters that were looked at.{_unsound(video_id)}{unseen} Was it published? Then search the consumers'"
        " logs for it: a half that waited too long was removed, which the line half_expired tells."
    )


def _reason(story: VideoTimeline) -> str:
    """The reason of the state, and the command that shows or changes it."""
    commands = {State.REJECTED: "linkhub dead-letters show ID", State.UNANNOUNCED: "linkhub sweep"}
    command = commands.get(story.state, "")
    letter_id = next((one.facts["letter_id"] for one in reversed(story.entries) if "letter_id" in one.facts), "ID")
    return f"{story.because}: {command.replace('ID', letter_id)}" if command else story.because


def _print(story: VideoTimeline) -> None:
    click.echo(f"{plain(story.seller_handle or '(no seller named)')}/{plain(story.video_id)}: {story.state}")
    click.echo(f"  {plain(_reason(story))}\n")
    print_table(["when", "what", "half", "correlation id", ""], [_row(one) for one in story.entries])
    click.echo()


def _row(happening: TimelineEntry) -> Sequence[str]:
    told = (f"{name.replace('_', ' ')} {_text(value)}" for name, value in happening.facts.items())
    return (
        timestamp_text(happening.at),
        happening.what,
        happening.half or "",
        happening.correlation_id or "",
        ", ".join(told),
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_text(entry) for entry in value)
    return f"{value['field'] or 'body'}: {value['rule']}" if isinstance(value, dict) else str(value)


def _document(story: VideoTimeline) -> dict[str, Any]:
    return {
        "seller_handle": story.seller_handle,
        "video_id": story.video_id,
        "state": story.state.value,
        "because": _reason(story),
        "timeline": [
            {
                "at": timestamp_text(one.at),
                "what": one.what,
                "half": one.half,
                "correlation_id": one.correlation_id,
                **one.facts,
            }
            for one in story.entries
        ],
    }
