"""Words for labels made of several readings, for decisions about them, and for a project's history, repair and backup."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "consensus.no_name": Template("Nobody is named as the one who chose the rule.", "Enter your name first."),
    "adjudication.no_name": Template("Nobody is named as the adjudicator.", "Enter your name first."),
    "adjudication.read_first": Template(
        "You read blinded, and have not read this case yet.", "Read it first; then its readings are shown."
    ),
    "backup.exists": Template("There is a file {file} already.", "Choose another name; a backup replaces no other file."),
    "backup.inside_project": Template("The backup can't lie within the project itself.", "Choose another folder, best on another disk."),
    "backup.not_verified": Template(
        "What was written to {file} could not be read back, so there is no backup.", "Try again, on another disk."
    ),
    "backup.unreadable": Template("{file} is no backup of a project, or it is cut off.", "Choose a file that ends in .sosbackup."),
    "backup.newer": Template("{file} was made by a newer program ({made_by}).", "Update SOS Studio to open it."),
    "backup.damaged": Template(
        "{file} is damaged: {part} in it is not as it was written.", "Use another backup. Nothing was restored from this one."
    ),
    "backup.folder_not_empty": Template("The folder {folder} is not empty.", "Choose a new or empty folder: nothing is overwritten."),
    "repair.no_copy": Template(
        "The database of {project} is damaged, and there is no sound copy of it in its folder backups.",
        "Restore a backup (File ▸ Restore a backup), or ask for help; the pictures are untouched.",
    ),
    "check.row_changed": Template(
        "{case}: a row of {table} in the database is not as it was written.", "Repair brings it back from the copy in the folder backups."
    ),
    "check.row_missing": Template(
        "{case}: a row of {table} is gone from the database.", "Repair brings it back from the copy in the folder backups."
    ),
    "history.blinded": Template(
        "You read blinded, and the history tells who read what.", "Turn blinded reading off (menu Case) to see it."
    ),
    "history.exists": Template("There is a file {file} already.", "Choose another name."),
    "history.exported": Template("{count} entries are in {file}.", counts="count", one="1 entry is in {file}."),
    "care.sound": Template("Every file is as it was saved, and the database is sound."),
    "care.leftovers": Template(
        "Every file is as it was saved. {count} things lie about that belong to nothing.",
        "Repair takes in what is whole and sets the rest aside.",
        counts="count",
        one="Every file is as it was saved. 1 thing lies about that belongs to nothing.",
    ),
    "care.damaged": Template(
        "{count} things are missing or not as they were saved.",
        "Repair mends what can be mended; nothing is deleted.",
        counts="count",
        one="1 thing is missing or not as it was saved.",
    ),
    "care.mended": Template(
        "Repaired: {done} things are in order again.",
        counts="done",
        one="Repaired: 1 thing is in order again.",
    ),
    "care.mended_partly": Template(
        "{count} things can't be repaired here.",
        "A backup may hold them: Repair from a backup. Or capture these cases again from their scans, or exclude them.",
        counts="count",
        one="1 thing can't be repaired here.",
    ),
    "care.backed_up": Template("{cases} cases are in {file}, written and read again.", "Keep it on another disk. Scans are not in it."),
    "care.backed_up_damaged": Template(
        "{cases} cases are in {file}, but {count} files of the project were damaged before.", "Repair the project, then back it up again."
    ),
    "care.restored": Template("{count} cases were restored into {folder}.", counts="count", one="1 case was restored into {folder}."),
}
