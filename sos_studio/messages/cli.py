"""Words that only the command line needs."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "cli.internal": Template("Something went wrong inside SOS Studio ({kind}).", "Run the command again with --debug for the details."),
    "cli.no_qt": Template("The window can't be opened: {reason}.", "Install the missing system library; every command works without it."),
    "import.ignored_columns": Template("These columns of the table mean nothing here and were left out: {columns}."),
    "demo.unwritable": Template("The demo project can't be written ({reason}).", "Free some space or choose another folder."),
    "demo.folder_in_use": Template("The folder {folder} holds something else than a demo project.", "Choose a new or empty folder."),
}
