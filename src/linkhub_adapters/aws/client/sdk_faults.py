"""Faults in the configuration of the AWS SDK: credentials, profiles, files, addresses, modes.

The SDK reports some faults with errors of its own, which are recognised by class. Others are errors that its code did
not translate (``FileNotFoundError``, ``JSONDecodeError``, ``AttributeError``), which are recognised by the function of
botocore that raised them. Other errors are ignored here.

Such a call raises :class:`SdkUnavailable`. It is transient: a running process tries again, because a token file may be
written later, or a credential process may succeed later.
"""

from __future__ import annotations

import json
import ssl
import traceback
from enum import Enum, auto
from pathlib import PurePath

from attrs import frozen

from linkhub_core.errors import ServiceUnavailable


class SdkPart(Enum):
    """The part of the SDK's configuration that is at fault."""

    CA_BUNDLE = auto()
    CONFIG_FILE = auto()
    CONTAINER_TOKEN = auto()
    CONTAINER_URI = auto()
    CREDENTIALS = auto()
    CREDENTIAL_PROCESS = auto()
    DEFAULTS_MODE = auto()
    ENDPOINT = auto()
    KEYS = auto()
    LOGIN = auto()
    METADATA = auto()
    PROFILE = auto()
    PROXY = auto()
    REGION = auto()
    RETRIES = auto()
    TOKEN_FILE = auto()
    OTHER = auto()


@frozen(kw_only=True)
class SdkFault:
    """One fault: the part, the problem, and whether it may disappear without a change."""

    part: SdkPart
    problem: str
    may_pass: bool = False


class SdkUnavailable(ServiceUnavailable):
    """A service cannot be called because of the SDK's configuration; ``fault`` is the reason."""

    def __init__(self, service: str, fault: SdkFault) -> None:
        super().__init__(service, fault.problem)
        self.fault = fault

    def __reduce__(self) -> tuple[type[SdkUnavailable], tuple[str, SdkFault]]:
        return type(self), (self.service, self.fault)


# Classes of botocore's errors, and whether the fault may disappear: a service or program gave no credentials.
_BY_CLASS: dict[str, tuple[SdkPart, bool]] = {
    "ConfigNotFound": (SdkPart.CONFIG_FILE, False),
    "ConfigParseError": (SdkPart.CONFIG_FILE, False),
    "CredentialRetrievalError": (SdkPart.CREDENTIALS, True),
    "InfiniteLoopConfigError": (SdkPart.CONFIG_FILE, False),
    "InvalidConfigError": (SdkPart.CONFIG_FILE, False),
    "InvalidDefaultsMode": (SdkPart.DEFAULTS_MODE, False),
    "InvalidIMDSEndpointError": (SdkPart.METADATA, False),
    "InvalidIMDSEndpointModeError": (SdkPart.METADATA, False),
    "InvalidMaxRetryAttemptsError": (SdkPart.RETRIES, False),
    "InvalidProxiesConfigError": (SdkPart.PROXY, False),
    "InvalidRegionError": (SdkPart.REGION, False),
    "InvalidRetryConfigurationError": (SdkPart.RETRIES, False),
    "InvalidRetryModeError": (SdkPart.RETRIES, False),
    "LoginError": (SdkPart.LOGIN, True),
    "MetadataRetrievalError": (SdkPart.CREDENTIALS, True),
    "NoAuthTokenError": (SdkPart.LOGIN, True),
    "NoCredentialsError": (SdkPart.CREDENTIALS, True),
    "NoRegionError": (SdkPart.REGION, False),
    "PartialCredentialsError": (SdkPart.KEYS, False),
    "PendingAuthorizationExpiredError": (SdkPart.LOGIN, True),
    "ProfileNotFound": (SdkPart.PROFILE, False),
    "ProxyConnectionError": (SdkPart.PROXY, True),
    "RefreshWithMFAUnsupportedError": (SdkPart.LOGIN, True),
    "SSOError": (SdkPart.LOGIN, True),
    "SSOTokenLoadError": (SdkPart.LOGIN, True),
    "TokenRetrievalError": (SdkPart.LOGIN, True),
    "UnauthorizedSSOTokenError": (SdkPart.LOGIN, True),
    "UnknownCredentialError": (SdkPart.CONFIG_FILE, False),
}
# Other errors about a value, such as InvalidChecksumConfigError.
_ABOUT_A_VALUE = ("Invalid", "Unsupported")
# Functions of botocore that raise other errors; the innermost one counts.
_BY_FUNCTION = {
    "FileWebIdentityTokenLoader.": SdkPart.TOKEN_FILE,
    "ContainerProvider._build_headers": SdkPart.CONTAINER_TOKEN,
    "ContainerProvider._validate_auth_token": SdkPart.CONTAINER_TOKEN,
    "ContainerProvider.": SdkPart.CONTAINER_URI,
    "ContainerMetadataFetcher.": SdkPart.CONTAINER_URI,
    "ProcessProvider.": SdkPart.CREDENTIAL_PROCESS,
    "IMDSFetcher.": SdkPart.METADATA,
    "SSOTokenLoader.": SdkPart.LOGIN,
    "JSONFileCache.": SdkPart.LOGIN,
    "RefreshableCredentials.": SdkPart.CREDENTIALS,
    "AssumeRoleProvider.": SdkPart.CONFIG_FILE,
    "SharedCredentialProvider.": SdkPart.CONFIG_FILE,
    "raw_config_parse": SdkPart.CONFIG_FILE,
    "EndpointCreator.": SdkPart.ENDPOINT,
    "_host_from_url": SdkPart.ENDPOINT,
    "EndpointRulesetResolver.": SdkPart.ENDPOINT,
    "ChainProvider._convert_type": SdkPart.OTHER,
    "Session.create_client": SdkPart.OTHER,
    "Session.get_credentials": SdkPart.CREDENTIALS,
}


def sdk_fault_of(error: BaseException) -> SdkFault | None:
    """The fault of the SDK's configuration that an error reports, or None."""
    if type(error).__module__.startswith("botocore."):
        return _of_its_own(error)
    return _of_anything(error)


def _of_its_own(error: BaseException) -> SdkFault | None:
    name = type(error).__name__
    details = getattr(error, "kwargs", {})
    if name == "CredentialRetrievalError" and details.get("provider") == "custom-process":
        text = str(details.get("error_msg", "")).strip() or "it failed and printed no reason"
        return SdkFault(part=SdkPart.CREDENTIAL_PROCESS, problem=f"the credential process: {text}", may_pass=True)
    if name in ("HTTPClientError", "SSLError"):
        return _of_a_connection(details.get("error"))
    if name in _BY_CLASS:
        part, may_pass = _BY_CLASS[name]
        return SdkFault(part=part, problem=_in_one_line(error), may_pass=may_pass)
    if name.startswith(_ABOUT_A_VALUE) and name.endswith(("Error", "Mode")):
        return SdkFault(part=SdkPart.OTHER, problem=_in_one_line(error))
    return None


def _of_a_connection(cause: object) -> SdkFault | None:
    """A fault before the request is sent: a missing file of certificates, a proxy without an address."""
    if isinstance(cause, Exception) and cause.args and isinstance(cause.args[0], Exception):
        cause = cause.args[0]  # urllib3 wraps what the ssl module raised
    if isinstance(cause, ssl.SSLCertVerificationError):
        return SdkFault(part=SdkPart.CA_BUNDLE, problem=f"the service's certificate: {cause.verify_message}")
    if isinstance(cause, FileNotFoundError | IsADirectoryError | PermissionError):
        return SdkFault(part=SdkPart.CA_BUNDLE, problem=f"the file of certificates: {cause.strerror}")
    if isinstance(cause, ValueError) and str(cause).startswith("Invalid header value"):  # the text contains the secret
        return SdkFault(part=SdkPart.KEYS, problem="a key or token has a character that no HTTP header may have")
    if type(cause).__name__ in ("LocationParseError", "ProxySchemeUnknown"):
        return SdkFault(part=SdkPart.PROXY, problem=f"the address of the proxy: {cause}")
    return None


def _of_anything(error: BaseException) -> SdkFault | None:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        if "botocore" not in PurePath(frame.f_code.co_filename).parts:
            continue
        for function, part in _BY_FUNCTION.items():
            if frame.f_code.co_qualname.startswith(function):
                return SdkFault(part=part, problem=_text(part, error))
    return None


def _text(part: SdkPart, error: BaseException) -> str:
    """The error in words: the name of a file, or that a text is no JSON."""
    subject = {
        SdkPart.TOKEN_FILE: "the web identity token",
        SdkPart.CONTAINER_TOKEN: "the container's authorization token",
        SdkPart.CONTAINER_URI: "the container's credentials",
        SdkPart.CREDENTIAL_PROCESS: "the credential process",
    }.get(part, "")
    if isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    elif part is SdkPart.CREDENTIAL_PROCESS and isinstance(error, json.JSONDecodeError | AttributeError | TypeError):
        text = "it did not print one JSON object"
    else:
        text = _in_one_line(error)
    return f"{subject}: {text}" if subject else text


def _in_one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
