"""Words for what the operating system refuses, wherever it was met."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "file.refused": Template("The system refuses access to {file} ({reason}).", "Check the name, the rights and the free space."),
    "disk.full": Template(
        "A disk is full, so this was not done.",
        "Make room and try again; your own settings may lie on another disk than the project.",
    ),
    "system.refused": Template("The system could not do this ({reason}).", "Check your rights and the free space, then try again."),
    "memory.short": Template("The computer's memory is not enough for this.", "Close other programs, or use a coarser spacing."),
}
