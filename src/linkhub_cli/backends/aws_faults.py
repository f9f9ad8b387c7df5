"""Faults of the AWS SDK's own configuration, in an operator's terms: the setting at fault, and what mends it.

exit code 2   a setting names something that does not exist or cannot be used
exit code 3   waiting may mend it: a service or a program gave no credentials just now
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from linkhub_adapters.aws.client.sdk_faults import SdkFault, SdkPart

_CONFIG = "AWS_CONFIG_FILE (~/.aws/config) or AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials)"
# The setting that names a part, and the steps that mend it.
_SETTINGS: Mapping[SdkPart, tuple[str, str]] = {
    SdkPart.CA_BUNDLE: ("AWS_CA_BUNDLE", "set it to a file of certificates in PEM, or unset it"),
    SdkPart.CONFIG_FILE: (_CONFIG, "mend that file, or set the variable to another one"),
    SdkPart.CONTAINER_TOKEN: (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "EKS Pod Identity sets it and mounts the file: check the pod's service account and the agent, or unset it",
    ),
    SdkPart.CONTAINER_URI: (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "ECS and EKS Pod Identity set it, to an address of the machine itself: leave it as it was, or unset it",
    ),
    SdkPart.CREDENTIALS: (
        "AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role",
        "run `aws sts get-caller-identity` as the same user; then `linkhub doctor`",
    ),
    SdkPart.CREDENTIAL_PROCESS: (
        "credential_process (in ~/.aws/config)",
        "run that command by hand: it has to print one JSON object",
    ),
    SdkPart.DEFAULTS_MODE: ("AWS_DEFAULTS_MODE", "set it to `standard`, or unset it"),
    SdkPart.ENDPOINT: (
        "AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_SQS, _DYNAMODB, _SNS, _STS",
        "write it with its scheme, such as http://localhost:4566, or unset it",
    ),
    SdkPart.KEYS: ("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "set both, or neither"),
    SdkPart.LOGIN: ("AWS_PROFILE", "log in again: `aws sso login` (or `aws login`)"),
    SdkPart.METADATA: ("AWS_EC2_METADATA_SERVICE_ENDPOINT and ..._MODE", "unset them"),
    SdkPart.PROFILE: ("AWS_PROFILE", "`aws configure list-profiles` shows those that there are; or unset it"),
    SdkPart.PROXY: ("HTTPS_PROXY or HTTP_PROXY", "write it as http://HOST:PORT, or unset it"),
    SdkPart.REGION: ("AWS_REGION", "set it to the region of the queues, such as eu-west-1"),
    SdkPart.RETRIES: ("AWS_RETRY_MODE or AWS_MAX_ATTEMPTS", "unset them, or use `standard` and a number from 1"),
    SdkPart.TOKEN_FILE: (
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "IRSA sets it and mounts the file: check the pod's service account and its role annotation, or unset it",
    ),
    SdkPart.OTHER: ("the AWS SDK's configuration (AWS_...)", "mend the value that is named"),
}


def mend_of(fault: SdkFault) -> Sequence[str]:
    """What mends it, a line for each step."""
    return [": ".join(_SETTINGS[fault.part])]


def line_of(fault: SdkFault) -> str:
    """One line: what is wrong, which setting, and what mends it."""
    name, mend = _SETTINGS[fault.part]
    return f"the AWS SDK cannot be used: {fault.problem} ({name}); {mend}"
