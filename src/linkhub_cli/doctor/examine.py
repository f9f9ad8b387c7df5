"""Examines a configuration: what every process needs, then what the chosen backend needs. It never raises."""

from __future__ import annotations

from collections.abc import Sequence

from linkhub_cli.backends import all_plugins, plugin_of
from linkhub_cli.doctor.listening import listener_findings, look_at_ports
from linkhub_cli.doctor.machine import look_at_machine, machine_findings
from linkhub_cli.settings import Loaded, SettingFault, SettingsFaulty
from linkhub_cli.settings.definition import BACKEND
from linkhub_core.errors import LinkhubError
from linkhub_core.ports import Clock
from linkhub_core.ports.finding import Finding

_LIST_SETTINGS = "linkhub config --env-example (shows every setting, and what it may be)"
_MAKE_RESOURCES = "linkhub init (makes what is absent, and prints the settings to use)"


def examine(loaded: Loaded, clock: Clock) -> Sequence[Finding]:
    """Check everything that the settings need."""
    settings = loaded.settings
    return [
        *_settings_findings(loaded),
        *_backend_findings(loaded, clock),
        *listener_findings(settings.listener, look_at_ports(settings.listener)),
        *machine_findings(look_at_machine()),
    ]


def of_faulty_settings(faulty: SettingsFaulty) -> Sequence[Finding]:
    """The findings if the configuration cannot be used: all its faults, and the machine."""
    faults = [Finding.fault("settings", str(fault), _mend_of(fault)) for fault in faulty.faults]
    rest = Finding.not_checked("everything else", "the settings say what to look at: mend them first")
    missing = [
        finding
        for plugin in all_plugins()
        if any(fault.beside == BACKEND and fault.variable in plugin.placeholders for fault in faulty.faults)
        if (finding := plugin.missing_package())
    ]
    return [*faults, *_setting_warnings(faulty.warnings), *missing, rest, *machine_findings(look_at_machine())]


def _mend_of(fault: SettingFault) -> str:
    is_made = any(fault.variable in plugin.placeholders for plugin in all_plugins())
    return _MAKE_RESOURCES if is_made and fault.beside == BACKEND and not fault.written else _LIST_SETTINGS


def _setting_warnings(warnings: Sequence[str]) -> Sequence[Finding]:
    return [Finding.warning("settings", warning, "linkhub config") for warning in warnings]


def _settings_findings(loaded: Loaded) -> Sequence[Finding]:
    chosen = sum(setting.is_given for setting in loaded.effective)
    settings = f"no faults, {chosen} of {len(loaded.effective)} not by default"
    backend = f"{loaded.settings.storage.backend}, because {loaded.backend_reason}"
    warnings = _setting_warnings(loaded.warnings)
    return [*(warnings or [Finding.ok("settings", settings)]), Finding.ok("backend", backend)]


def _backend_findings(loaded: Loaded, clock: Clock) -> Sequence[Finding]:
    plugin = plugin_of(loaded.settings)
    if missing := plugin.missing_package():
        return [missing]
    try:
        findings = plugin.check(loaded.settings, clock)
    except LinkhubError as error:
        findings = [Finding.fault("backend", str(error), "linkhub doctor (checks again, when that is mended)")]
    if plugin.is_lasting and plugin.is_shared:
        return findings
    problem = "nothing survives the process" if not plugin.is_lasting else "everything survives the process"
    if not plugin.is_shared:
        problem += ", and no other process sees it"
    return [*findings, Finding.warning("storage", problem, f"{BACKEND}=embedded (unless that is what you want)")]
