"""The table of settings, and how it is read."""

import ast
import re
from pathlib import Path
from typing import Any

import attrs
import pytest
from attrs import evolve

from linkhub_cli.backends.aws_settings import AwsSettings
from linkhub_cli.settings import Settings, load_settings
from linkhub_cli.settings.definition import SECTIONS
from linkhub_cli.settings.reference import as_documents, env_example, markdown
from linkhub_cli.settings.setting import MASK
from linkhub_cli.settings.sources import SettingsFaulty

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
EFFECTIVE = load_settings(environment={}).effective
VARIABLES = [setting.facts.variable for setting in EFFECTIVE]

CONTRACT = {
    "LINKHUB_BACKEND": "embedded",
    "LINKHUB_DATA_DIR": ".linkhub",
    "LINKHUB_HOST": "localhost",
    "LINKHUB_PORT": "3002",
    "LINKHUB_WS_PORT": "",
    "SQS_CAPTION_QUEUE_URL": "",
    "SQS_THUMBNAIL_QUEUE_URL": "",
    "DYNAMODB_PRODUCTS_TABLE": "linkhub-products",
    "DYNAMODB_STAGING_TABLE": "linkhub-staging",
    "SNS_NEW_PRODUCT_TOPIC_ARN": "",
    "WEBSOCKET_CORS_ORIGINS": "",
    "AWS_REGION": "",
    "AWS_ENDPOINT_URL": "",
    "LINKHUB_STAGING_TTL_SECONDS": "86400",
    "LINKHUB_ADMIN_TOKEN": "",
    "LINKHUB_LOG_LEVEL": "info",
    "LINKHUB_LOG_FORMAT": "",
    "LINKHUB_MAX_FRAME_BYTES": "65536",
    "LINKHUB_MAX_SUBSCRIPTIONS": "50",
    "LINKHUB_MESSAGES_PER_MINUTE": "100",
    "LINKHUB_MAX_UNSENT_BYTES": "1048576",
    "LINKHUB_MAX_POLLING_PAYLOAD_BYTES": "1000000",
    "LINKHUB_DRAIN_SECONDS": "8",
}


@pytest.mark.parametrize(("variable", "default"), CONTRACT.items())
def test_defaults(variable: str, default: str) -> None:
    """The defaults are the ones that are promised."""
    (setting,) = (one for one in EFFECTIVE if one.facts.variable == variable)
    assert setting.facts.shown(setting.value) == default
    assert setting.source == "default"


def test_what_is_in_force_without_an_environment_is_the_definition() -> None:
    """Loading nothing gives the same as making settings in code."""
    assert evolve(load_settings(environment={}).settings, own={}) == Settings()


def test_variables_stand_once() -> None:
    """No two settings share a variable."""
    assert len(VARIABLES) == len(set(VARIABLES))


@pytest.mark.parametrize("setting", EFFECTIVE, ids=VARIABLES)
def test_a_default_or_what_holds_without_one(setting: object) -> None:
    """Each setting has a doc, and says its default or what holds without a value."""
    (facts,) = (one.facts for one in EFFECTIVE if one is setting)
    assert facts.doc.endswith(".")
    assert (facts.default is None) == bool(facts.when_unset)


def test_the_last_source_wins(tmp_path: Path) -> None:
    """Default, then file, then environment, then command line; each says where its value came from."""
    env_file = tmp_path / ".env"
    env_file.write_text("LINKHUB_PORT=1\nLINKHUB_HOST=::1\nLINKHUB_WS_PORT=4\n", encoding="utf-8")
    loaded = load_settings(
        {"LINKHUB_PORT": "3"}, env_file=env_file, environment={"LINKHUB_PORT": "2", "LINKHUB_HOST": "127.0.0.2"}
    )
    sources = {setting.facts.variable: (setting.value, setting.source) for setting in loaded.effective}
    assert sources["LINKHUB_PORT"] == (3, "command line")
    assert sources["LINKHUB_HOST"] == ("127.0.0.2", "environment")
    assert sources["LINKHUB_WS_PORT"] == (4, str(env_file))
    assert sources["LINKHUB_DATA_DIR"] == (Path(".linkhub"), "default")


def test_a_blank_variable_is_not_set() -> None:
    """As in most env files, a blank value leaves the default."""
    settings = load_settings(environment={"LINKHUB_PORT": " ", "LINKHUB_ADMIN_TOKEN": ""}).settings
    assert evolve(settings, own={}) == Settings()


def test_all_faults_at_once() -> None:
    """One error lists every fault: the variable, its value and its source."""
    with pytest.raises(SettingsFaulty) as faulty:
        load_settings(
            {"LINKHUB_PORT": "x"},
            environment={"LINKHUB_BACKEND": "aws", "LINKHUB_DRAIN_SECONDS": "soon", "LINKHUB_WS_PORT": "70000"},
        )
    assert [fault.variable for fault in faulty.value.faults] == [
        "LINKHUB_WS_PORT",
        "LINKHUB_DRAIN_SECONDS",
        "LINKHUB_PORT",
        "SQS_CAPTION_QUEUE_URL",
        "SQS_THUMBNAIL_QUEUE_URL",
    ]
    text = str(faulty.value)
    assert text.startswith("the configuration has 5 faults:")
    assert "LINKHUB_PORT=x (command line) must be a whole number from 0 to 65,535" in text


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({"LINKHUB_PORT": "3002", "LINKHUB_WS_PORT": "3002"}, "LINKHUB_WS_PORT"),
        (
            {
                "LINKHUB_BACKEND": "aws",
                "SQS_CAPTION_QUEUE_URL": "https://sqs/q",
                "SQS_THUMBNAIL_QUEUE_URL": "https://sqs/q",
            },
            "SQS_THUMBNAIL_QUEUE_URL",
        ),
    ],
)
def test_contradictions(environment: dict[str, str], variable: str) -> None:
    """Settings that are each right can be wrong together."""
    with pytest.raises(SettingsFaulty) as faulty:
        load_settings(environment=environment)
    assert [fault.variable for fault in faulty.value.faults] == [variable]


def test_a_faulty_setting_contradicts_no_other() -> None:
    """A setting that was left out for its own fault is not compared by its default."""
    with pytest.raises(SettingsFaulty) as faulty:
        load_settings(environment={"LINKHUB_PORT": "x", "LINKHUB_WS_PORT": "3002"})
    assert [fault.variable for fault in faulty.value.faults] == ["LINKHUB_PORT"]


def test_a_secret_is_never_shown() -> None:
    """Not in what is in force, not in a value's repr, not in a fault."""
    loaded = load_settings(environment={"LINKHUB_ADMIN_TOKEN": "hunter2"})
    assert loaded.settings.listener.admin_token == "hunter2"
    assert "hunter2" not in repr(loaded.settings)
    assert MASK in str(as_documents(loaded.effective))
    assert "hunter2" not in str(as_documents(loaded.effective))


@pytest.mark.parametrize(
    ("variable", "hint"),
    [("LINKHUB_PROT", "did you mean LINKHUB_PORT?"), ("LINKHUB_ZZZZZZ", "`linkhub config` lists")],
)
def test_unknown_variables(variable: str, hint: str) -> None:
    """A variable of ours that is not a setting is warned of, with the nearest name."""
    (warning,) = load_settings(environment={variable: "1", "HOME": "/"}).warnings
    assert warning.startswith(f"{variable} (environment) is not a setting")
    assert hint in warning


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("SQS_CAPTIONS_QUEUE_URL", "SQS_CAPTION_QUEUE_URL"),
        ("SQS_THUMBNAILS_QUEUE_URL", "SQS_THUMBNAIL_QUEUE_URL"),
        ("DYNAMODB_PRODUCT_TABLE", "DYNAMODB_PRODUCTS_TABLE"),
        ("SNS_NEW_PRODUCTS_TOPIC_ARN", "SNS_NEW_PRODUCT_TOPIC_ARN"),
        ("WEBSOCKET_CORS_ORIGIN", "WEBSOCKET_CORS_ORIGINS"),
        ("linkhub_port", "LINKHUB_PORT"),
        ("LINKHUB_CORS_ORIGINS", "WEBSOCKET_CORS_ORIGINS"),
    ],
)
def test_a_name_that_is_nearly_a_setting_is_warned_of(variable: str, near: str) -> None:
    """Also where the prefix is not linkhub's own."""
    (warning,) = load_settings(environment={variable: "x"}).warnings
    assert warning == f"{variable} (environment) is not a setting: did you mean {near}?"


@pytest.mark.parametrize("variable", ["SQS_ORDERS_QUEUE_URL", "DYNAMODB_USERS_TABLE", "SNS_ALERTS_TOPIC_ARN"])
def test_variables_of_other_programs_are_not_warned_of(variable: str) -> None:
    """They share a prefix with linkhub's, and no more; nor do they choose the backend."""
    loaded = load_settings(environment={variable: "x"})
    assert (loaded.warnings, loaded.settings.storage.backend) == ([], "embedded")


def test_env_file_forms(tmp_path: Path) -> None:
    """Comments, quotes and a leading export are read as a shell would."""
    env_file = tmp_path / "settings"
    env_file.write_text('# note\n\nexport LINKHUB_PORT=1\nLINKHUB_HOST="::1"\nOTHER=2\n', encoding="utf-8")
    listener = load_settings(env_file=env_file, environment={}).settings.listener
    assert (listener.port, listener.host) == (1, "::1")


@pytest.mark.parametrize("content", [b"LINKHUB_PORT 3002\n", b"\xff\xfe"])
def test_unreadable_env_file(tmp_path: Path, content: bytes) -> None:
    """A file that is not of NAME=value lines is a fault that names it."""
    env_file = tmp_path / ".env"
    env_file.write_bytes(content)
    with pytest.raises(SettingsFaulty, match=re.escape(str(env_file))):
        load_settings(env_file=env_file, environment={})


def test_env_example_is_up_to_date() -> None:
    """The committed file is what the definition gives (`linkhub config --env-example > .env.example`)."""
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example()


def test_env_example_is_sound() -> None:
    """With every line of the example uncommented, the configuration is one, and warns of nothing."""
    lines = [line.removeprefix("# ") for line in env_example().splitlines()]
    texts = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    assert list(texts) == VARIABLES
    assert load_settings(environment=texts | {"LINKHUB_BACKEND": "aws"}).warnings == []


def test_markdown_names_every_setting() -> None:
    """The reference table has one row a setting."""
    assert re.findall(r"^\| `([A-Z_]+)` ", markdown(), flags=re.MULTILINE) == VARIABLES


def test_only_settings_reads_the_environment() -> None:
    """`os.environ` and `getenv` stand in one module."""
    readers = [path.name for path in SOURCES if re.search(r"\benviron\b|\bgetenv\b", _code(path))]
    assert readers == ["loading.py"]


def _code(path: Path) -> str:
    """The code of a module, without its comments and docstrings."""
    return ast.unparse(ast.parse(re.sub(r'"""(?s:.)*?"""', '""', path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("section", [*SECTIONS.values(), AwsSettings])
def test_every_setting_is_read(section: type[Any]) -> None:
    """Each setting is read by something beside its own definition."""
    code = "\n".join(_code(path) for path in SOURCES if "linkhub_cli" in path.parts)
    unread = [one.name for one in attrs.fields(section) if not re.search(rf"\.{one.name}\b", code)]
    assert unread == []


def test_a_fault_comes_with_the_warnings() -> None:
    """A variable that is misspelled may be why another one is at fault."""
    with pytest.raises(SettingsFaulty) as faulty:
        load_settings(environment={"LINKHUB_BAKEND": "embedded", "SQS_CAPTION_QUEUE_URL": "https://sqs/1/caption"})
    (warning,) = faulty.value.warnings
    assert "LINKHUB_BAKEND (environment) is not a setting: did you mean LINKHUB_BACKEND?" in warning
