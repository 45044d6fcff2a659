"""The language of the window: English, or the system's where `resources/translations` has it."""

from __future__ import annotations

import os
from datetime import datetime

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from sos_studio import messages
from sos_studio.core.resources import resource

LANGUAGE_VARIABLE = "SOS_STUDIO_LANGUAGE"
ENGLISH = QLocale(QLocale.Language.English)


def speak(app: QCoreApplication) -> QLocale:
    """Load the language that was asked for by `SOS_STUDIO_LANGUAGE` or is the system's; tells which one is spoken.

    Counts follow it too. Measured numbers keep their point in every language: they are copied into tables and papers.
    """
    messages.translate_with(translated_message)
    asked = os.environ.get(LANGUAGE_VARIABLE)
    wanted = QLocale(asked) if asked else QLocale.system()
    spoken = wanted if _load(app, wanted) else ENGLISH
    QLocale.setDefault(spoken)
    return spoken


def plural(context: str, one: str, many: str, n: int, **values: object) -> str:
    """Words with a number in them: `many` with its ``{n}``, `one` for a single thing; a translation has as many forms as it needs."""
    made = QCoreApplication.translate(context, many, "", n)
    if made == many and n == 1:
        made = QCoreApplication.translate(context, one)
    return made.format(n=QLocale().toString(n), **values)


def local_time(moment: datetime) -> str:
    """As a clock and a calendar on the wall show it; the same in every language, so that lists sort."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def translated_message(text: str, n: int) -> str:
    """Words for a code; `n` is the number that they change with, or -1."""
    return QCoreApplication.translate("Messages", text, "", n)


def _load(app: QCoreApplication, wanted: QLocale) -> bool:
    ours = QTranslator(app)
    if not ours.load(wanted, "sos_studio", "_", str(resource("translations", ""))):
        return False
    app.installTranslator(ours)
    qts = QTranslator(app)
    if qts.load(wanted, "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(qts)
    return True
