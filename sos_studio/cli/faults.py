"""Every way a command can end, as an exit code and one clear sentence; never a traceback unless ``--debug``."""

from __future__ import annotations

import logging
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import click

from sos_studio.cli.output import emit_json, say
from sos_studio.cli.series import series_line, series_object
from sos_studio.core.errors import CancelledError, JobFailedError, SosError, refusal
from sos_studio.core.scans import SeriesInfo
from sos_studio.messages import Message, message

DONE, FAULT, BAD_INPUT, PARTLY_DONE, JOB_FAILED, CANCELLED = 0, 1, 2, 3, 4, 130


def run(command: Callable[[list[str]], Any], arguments: Sequence[str]) -> int:
    """Run a command and turn whatever it raises into its exit code.

    Parameters
    ----------
    command
        Takes the arguments and returns an exit code or None (done).
    """
    debug, as_json = "--debug" in arguments, "--json" in arguments
    _set_up_logging(debug)
    try:
        code = command([argument for argument in arguments if argument != "--debug"])
    except click.ClickException as error:
        return _tell(_usage(error), BAD_INPUT, as_json=as_json)
    except (click.Abort, KeyboardInterrupt, CancelledError):
        return _tell(message("cancelled"), CANCELLED, as_json=as_json)
    except BrokenPipeError:
        # The reader of our output went away (`| head`); Python would complain once more while closing.
        sys.stderr.close()
        return FAULT
    except SosError as error:
        if error.code == "scan.several_series":
            return _tell_choice(error, as_json=as_json)
        return _tell(message(error.code, error.values), exit_code(error), as_json=as_json, debug=debug)
    except OSError as error:
        return _tell(message(*refusal(error)), BAD_INPUT, as_json=as_json, debug=debug)
    except Exception as error:  # the last resort: anything else would be a traceback
        words = message("memory.short") if isinstance(error, MemoryError) else message("cli.internal", {"kind": type(error).__name__})
        return _tell(words, FAULT, as_json=as_json, debug=debug)
    return code if isinstance(code, int) else DONE


def exit_code(error: SosError) -> int:
    """The contract's exit code for a fault."""
    if isinstance(error, CancelledError):
        return CANCELLED
    return JOB_FAILED if isinstance(error, JobFailedError) else BAD_INPUT


def error_object(words: Message) -> dict[str, str]:
    """What stands under ``error`` with ``--json``."""
    return {"code": words.code, "message": words.text, "hint": words.hint}


def _tell(words: Message, code: int, *, as_json: bool, debug: bool = False) -> int:
    if debug:
        traceback.print_exc()
    if as_json:
        emit_json({"error": error_object(words)})
    else:
        say(str(words))
    return code


def _tell_choice(error: SosError, *, as_json: bool) -> int:
    """Several series and none was named: the list of them is the answer."""
    series: list[SeriesInfo] = list(error.values["series"])
    words = replace(message(error.code, error.values), hint="Choose one with --series.")
    if as_json:
        emit_json({"error": error_object(words), "series": [series_object(info) for info in series]})
    else:
        say("\n".join([str(words), *(series_line(info) for info in series)]))
    return BAD_INPUT


def _usage(error: click.ClickException) -> Message:
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"See {context.command_path} --help." if context is not None else ""
    return Message("usage", error.format_message(), hint)


def _set_up_logging(debug: bool) -> None:
    if debug:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
        return
    # Libraries complain about single DICOM tags; what matters comes back as a problem with words.
    logging.getLogger().addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")
