"""Faults of the AWS SDK's own configuration, in an operator's terms: the setting at fault, and what mends it.

exit code 2   a setting names something that does not exist or cannot be used
exit code 3   waiting may mend it: a service or a program gave no credentials just now
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from linkhub_adapters.aws.client.sdk_faults import SdkFault, SdkPart


@frozen
class _Setting:
    """What names a part of the SDK's configuration, and how it is mended."""

    name: str
    mend: str


_CONFIG = "AWS_CONFIG_FILE (~/.aws/config) or AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials)"
_SETTINGS = {
    SdkPart.CA_BUNDLE: _Setting("AWS_CA_BUNDLE", "set it to a file of certificates in PEM, or unset it"),
    SdkPart.CONFIG_FILE: _Setting(_CONFIG, "mend that file, or set the variable to another one"),
    SdkPart.CONTAINER_TOKEN: _Setting(
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "EKS Pod Identity sets it and mounts the file: check the pod's service account and the agent, or unset it",
    ),
    SdkPart.CONTAINER_URI: _Setting(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "ECS and EKS Pod Identity set it, to an address of the machine itself: leave it as it was, or unset it",
    ),
    SdkPart.CREDENTIALS: _Setting(
        "AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role",
        "run `aws sts get-caller-identity` as the same user; then `linkhub doctor`",
    ),
    SdkPart.CREDENTIAL_PROCESS: _Setting(
        "credential_process (in ~/.aws/config)", "run that command by hand: it has to print one JSON object"
    ),
    SdkPart.DEFAULTS_MODE: _Setting("AWS_DEFAULTS_MODE", "set it to `standard`, or unset it"),
    SdkPart.ENDPOINT: _Setting(
        "AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_SQS, _DYNAMODB, _SNS, _STS",
        "write it with its scheme, such as http://localhost:4566, or unset it",
    ),
    SdkPart.KEYS: _Setting("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "set both, or neither"),
    SdkPart.LOGIN: _Setting("AWS_PROFILE", "log in again: `aws sso login` (or `aws login`)"),
    SdkPart.METADATA: _Setting("AWS_EC2_METADATA_SERVICE_ENDPOINT and ..._MODE", "unset them"),
    SdkPart.PROFILE: _Setting("AWS_PROFILE", "`aws configure list-profiles` shows those that there are; or unset it"),
    SdkPart.PROXY: _Setting("HTTPS_PROXY or HTTP_PROXY", "write it as http://HOST:PORT, or unset it"),
    SdkPart.REGION: _Setting("AWS_REGION", "set it to the region of the queues, such as eu-west-1"),
    SdkPart.RETRIES: _Setting(
        "AWS_RETRY_MODE or AWS_MAX_ATTEMPTS", "unset them, or use `standard` and a number from 1"
    ),
    SdkPart.TOKEN_FILE: _Setting(
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "IRSA sets it and mounts the file: check the pod's service account and its role annotation, or unset it",
    ),
    SdkPart.OTHER: _Setting("the AWS SDK's configuration (AWS_...)", "mend the value that is named"),
}


def mend_of(fault: SdkFault) -> Sequence[str]:
    """What mends it, a line for each step."""
    setting = _SETTINGS[fault.part]
    return [f"{setting.name}: {setting.mend}"]


def line_of(fault: SdkFault) -> str:
    """One line: what is wrong, which setting, and what mends it."""
    setting = _SETTINGS[fault.part]
    return f"the AWS SDK cannot be used: {fault.problem} ({setting.name}); {setting.mend}"
