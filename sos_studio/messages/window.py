"""Words for what only the window says."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "settings.unwritable": Template("Your settings could not be saved ({reason}).", "Everything in the project is saved all the same."),
}
