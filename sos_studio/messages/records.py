"""Words for labels made of several readings, for decisions about them, and for a project's history, repair and backup."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "consensus.no_name": Template("Nobody is named as the one who chose the rule.", "Enter your name first."),
}
