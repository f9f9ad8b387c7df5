"""The backend in use and the reason for it, and the settings that this backend does not read.

LINKHUB_BACKEND   SQS_*_QUEUE_URL   backend
----------------  ----------------  ----------------------
set               any               the one that it names
unset             one is set        aws
unset             none is set       embedded
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from linkhub_cli.settings.sources import Effective, Source

__all__ = ["DEFAULT_BACKEND", "VARIABLE", "backend_reason", "ignored_settings", "inferred_backend"]

VARIABLE = "LINKHUB_BACKEND"
DEFAULT_BACKEND = "embedded"
QUEUE_URLS = ("SQS_CAPTION_QUEUE_URL", "SQS_THUMBNAIL_QUEUE_URL")

# Platforms set it for every program, so alone it does not say that linkhub is meant.
_SET_BY_PLATFORMS = "AWS_REGION"


def inferred_backend(sources: Sequence[Source]) -> Source | None:
    """The backend that other settings ask for, as a source whose name is the reason; none if nothing is inferred."""
    if _is_set(VARIABLE, sources):
        return None
    given = [variable for variable in QUEUE_URLS if _is_set(variable, sources)]
    return Source(f"{given[0]} is set", {VARIABLE: "aws"}) if given else None


def _is_set(variable: str, sources: Sequence[Source]) -> bool:
    return any(source.texts.get(variable, "").strip() for source in sources)


def backend_reason(effective: Iterable[Effective]) -> str:
    """Why this backend is in use, as the end of a sentence that begins with ``because``."""
    (backend,) = (one for one in effective if one.facts.variable == VARIABLE)
    if backend.source == "default":
        return f"neither {VARIABLE} nor an SQS_*_QUEUE_URL is set"
    if backend.source.startswith(QUEUE_URLS):
        return f"{backend.source} and {VARIABLE} is not"
    return f"{VARIABLE} says so ({backend.source})"


def ignored_settings(effective: Iterable[Effective], aws_variables: Collection[str]) -> Iterator[str]:
    """A warning if settings of AWS are set, and the backend is another.

    Args:
        effective: all settings.
        aws_variables: those that the aws backend alone reads.
    """
    effective = list(effective)
    (choice,) = (one for one in effective if one.facts.variable == VARIABLE)
    if choice.value == "aws" or choice.source == "command line":  # a command that keeps to a backend of its own
        return
    given = [one for one in effective if one.facts.variable in aws_variables and one.source != "default"]
    names = ", ".join(f"{one.facts.variable} ({one.source})" for one in given)
    if any(one.facts.variable != _SET_BY_PLATFORMS for one in given):
        is_or_are = "is" if len(given) == 1 else "are"
        yield f"{names} {is_or_are} ignored: the backend is {choice.value}; to use AWS, set {VARIABLE}=aws"
