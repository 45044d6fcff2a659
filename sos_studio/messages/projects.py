"""Words for projects, cases, readings, imports, exports and checks."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "project.not_found": Template("{project} is not a project folder of SOS Studio.", "Choose the folder that holds project.sqlite."),
    "project.exists": Template("{project} is a project already.", "Open it, or choose another folder."),
    "project.folder_not_empty": Template("The folder {project} is not empty.", "Choose a new or empty folder for the project."),
    "project.locked": Template(
        "{owner} on {host} is writing to {project} since {since_utc}.",
        "Close it there, or open it read-only; if that computer is gone for good, take over.",
    ),
    "project.read_only": Template("{project} is open read-only, so nothing was saved.", "Open it for writing and try again."),
    "project.closed": Template("{project} was closed.", "Open it again."),
    "project.newer_version": Template(
        "{project} was made by a newer version ({made_by}, schema {version}; this one knows {known}).", "Update SOS Studio to open it."
    ),
    "project.older_version": Template(
        "{project} was made by an older version and has to be brought up to date.", "Open it once for writing; a backup is kept."
    ),
    "project.damaged": Template(
        "The database of {project} is damaged.",
        "Put back project.sqlite from a backup; the folder backups may hold one. The pictures are untouched.",
    ),
    "project.unfinished_write": Template(
        "{project} was left in the middle of a write.", "Open it once where it can be written; nothing that was confirmed is lost."
    ),
    "project.disk_full": Template("The disk that holds {project} is full, so this was not saved.", "Make room and try again."),
    "project.unwritable": Template("The folder {project} can't be written.", "Change its permissions, or open it read-only."),
    "project.busy": Template("The database of {project} is in use by another program.", "Wait a moment and try again."),
    "project.io_error": Template(
        "The disk that holds {project} reports a fault ({reason}).", "Check the disk or the network, then try again."
    ),
    "case.unknown": Template("There is no case {case} in this project."),
    "case.not_a_pseudonym": Template(
        "The patient must be given by a pseudonym, not by a name or number.",
        "Leave it empty for a new patient, or import with a patient column.",
    ),
    "case.bad_age": Template("An age of {age} years can't be right.", "Give years between 0 and 130, or leave it empty."),
    "case.bad_sex": Template("The sex {sex} is not known.", "Use F or M, or leave it empty."),
    "capture.unknown": Template("There is no capture {capture} for this case.", "Open the case again."),
    "capture.damaged": Template(
        "The file {file} of {case} is missing or broken.", "Run the project check; capture the case again from its scan."
    ),
    "roi.unknown": Template("There is no frame {n} on this capture.", "Draw the frame again."),
    "reading.unknown": Template("There is no such reading.", "Open the case again."),
    "reading.scheme": Template("The stage is of scheme {scheme}, but this project uses {expected}."),
    "reading.not_yours": Template("Only {evaluator} can take this reading back.", "Add a reading of your own instead."),
    "reading.already_taken_back": Template("This reading was taken back already."),
    "pseudonyms.bad_key": Template("{file} is not a key for pseudonyms.", "Use the file that the other workstation exported."),
    "pseudonyms.other_key": Template(
        "This computer already makes pseudonyms with another key.", "Keep to one key, or the same patient would get two pseudonyms."
    ),
    "training.too_few_cases": Template(
        "There are {count} labelled cases with a full image, but at least {least} are needed.", "Stage more cases."
    ),
    "training.too_few_patients": Template(
        "The labelled cases are of {count} patients, but at least {least} are needed for the folds.", "Add cases of other patients."
    ),
    "training.too_few_frames": Template(
        "There are {count} labelled cases with a frame, but at least {least} are needed.", "Draw the frame on more cases (step Crop)."
    ),
    "training.one_stage_only": Template(
        "All {count} labelled cases are of stage {stage}; there is nothing to tell apart.", "Stage cases of at least two stages."
    ),
    "training.empty_fold": Template("No case is in fold {fold}, which should be held out.", "Hold out another fold or add patients."),
    "training.one_stage_left": Template(
        "Outside fold {fold}, which is held out, all cases are of stage {stage}.",
        "Stage more cases of other stages, or hold out another fold.",
    ),
    "manifest.damaged_files": Template(
        "Pictures of {count} cases are missing or were changed ({cases}).",
        "Run the project check, then capture these cases again or exclude them.",
    ),
}
