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
}
