"""Messages of a server, compared with an AsyncAPI document with closed schemas: every field must be described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field
from jsonschema_rs import Draft7Validator


def closed(schema: Any) -> Any:
    """The schema, in which no object may have a field that is not described."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    is_object = isinstance(schema.get("properties"), dict) and "type" in schema
    return inner | ({"additionalProperties": False} if is_object else {})


@define
class Listening:
    """One channel of a document, and which of its messages were heard."""

    document: Mapping[str, Any]
    channel: str
    heard: set[str] = field(factory=set)
    codes: set[str] = field(factory=set)

    def take(self, name: str, payload: Any) -> None:
        """Fail unless the message is one of the channel's, and as described."""
        faults = self.faults(name, payload)
        assert not faults, f"{self.channel} {name}: {faults}"
        self.heard.add(name)
        data = payload["data"] if self.channel == "webSocket" else payload
        if name == "error":
            self.codes.add(data["code"])

    def faults(self, name: str, payload: Any) -> list[str]:
        """The deviations of a message from the document."""
        schema = closed(self.messages[name]["payload"])
        components = {"schemas": closed(self.document["components"]["schemas"])}
        validator = Draft7Validator({"allOf": [schema], "components": components}, validate_formats=True)
        return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(payload)]

    @property
    def messages(self) -> Mapping[str, Any]:
        """The messages of the channel, by name."""
        messages: Mapping[str, Any] = self.document["channels"][self.channel]["messages"]
        return messages

    @property
    def sent_by_the_server(self) -> set[str]:
        """Those that a client may hear, by the document's operations."""
        operations = self.document["operations"].values()
        ours = [each for each in operations if each["channel"]["$ref"] == f"#/channels/{self.channel}"]
        spoken = [each if each["action"] == "send" else each["reply"] for each in ours]
        return {message["$ref"].rsplit("/", 1)[-1] for each in spoken for message in each["messages"]}

    @property
    def sent_by_clients(self) -> Mapping[str, list[Any]]:
        """Examples of what a client may send, by name."""
        return {
            name: [example["payload"] for example in self.messages[name]["examples"]]
            for name in self.messages.keys() - self.sent_by_the_server
        }
