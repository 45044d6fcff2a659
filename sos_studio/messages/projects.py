"""Words for projects, cases, readings, imports, exports and checks."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "project.not_found": Template("{project} is not a project folder of SOS Studio.", "Choose the folder that holds project.sqlite."),
    "project.exists": Template("{project} is a project already.", "Open it, or choose another folder."),
    "project.folder_not_empty": Template("The folder {project} is not empty.", "Choose a new or empty folder for the project."),
    "project.locked": Template(
        "{project} is open in another window or command on this computer (by {owner}, since {since_utc}).",
        "Close it there, then open it here again.",
    ),
    "project.locked_elsewhere": Template(
        "{owner} on {host} is writing to {project} since {since_utc}.",
        "Close it there first; if that computer is gone for good, the window offers to take over.",
    ),
    "project.locked_older": Template(
        "{project} is open in an older version of SOS Studio (by {owner} on {host}, since {since_utc}); this one must bring it up to date.",
        "Close it there, then open it here again; a backup is kept.",
    ),
    "project.read_only": Template(
        "{project} is open to look at only, so nothing was saved.",
        "Close the window that writes to it, or lift the protection of its folder, then open it again: File ▸ Open recent.",
    ),
    "project.closed": Template("{project} was closed.", "Open it again."),
    "project.newer_version": Template(
        "{project} was made by a newer version ({made_by}, schema {version}; this one knows {known}).", "Update SOS Studio to open it."
    ),
    "project.older_version": Template(
        "{project} was made by an older version and has to be brought up to date.",
        "Open it once in the window (File ▸ Open project…), or run: sos-studio project repair. A backup of the database is kept.",
    ),
    "project.damaged": Template(
        "The database of {project} is damaged.",
        "Repair brings it back from the copy of the last day of work (the window offers it; or: sos-studio project repair).",
    ),
    "project.not_fetched": Template(
        "The database of {project} is an empty file: it is still in the cloud.",
        "Let the sync program keep this folder on this computer (available offline), wait until it has fetched it, then open it again.",
    ),
    "project.renamed": Template(
        "{project} has no project.sqlite; a sync program seems to have renamed it to {file}.",
        "Stop the sync program, give the newest of these files the name project.sqlite, then open the project again.",
    ),
    "project.conflicted_copies": Template(
        "A sync program has put another copy of the database into {project}: {files}. What was saved on the other computer is in it.",
        "Open a copy of the folder with that file as project.sqlite to compare; then move it out of this folder.",
    ),
    "check.conflicted_copy": Template(
        "{file} is another copy of the database, put there by a sync program.",
        "What was saved on the other computer is in it: compare, then move it out of this folder.",
    ),
    "check.conflicted_file": Template(
        "{place}: {file} is a copy of {original}, put there by a sync program.",
        "Nothing uses it. Compare if you like, then delete it; nothing is lost by that as long as no other problem names {original}.",
    ),
    "check.file_in_cloud": Template(
        "{case}: {file} is only in the cloud.", "Let the sync program keep the project's folder on this computer, then check again."
    ),
    "check.manifest_in_cloud": Template(
        "The manifest {file} is only in the cloud.", "Let the sync program keep the project's folder on this computer, then check again."
    ),
    "project.unfinished_write": Template(
        "{project} was left in the middle of a write.", "Open it once where it can be written; nothing that was confirmed is lost."
    ),
    "project.disk_full": Template("The disk that holds {project} is full, so this was not saved.", "Make room and try again."),
    "project.unreadable": Template("The folder {project} can't be read.", "Check its rights and whether its disk is connected."),
    "project.unwritable": Template(
        "The folder {project} can't be written.", "Check its rights and whether the disk is protected, or choose another folder."
    ),
    "project.busy": Template("The database of {project} is in use by another program.", "Wait a moment and try again."),
    "project.held": Template(
        "Another program holds {file} of {project}, so this was not saved.",
        "It may be a sync program or a virus scanner: let it finish or pause it for this folder, then try again.",
    ),
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
    "secret.missing": Template(
        "The key for the pseudonyms of {project} is not on this computer, so patients can't be recognised.",
        "Export it on the computer where the project was begun, and import it here (File ▸ Patient data kept in this project).",
    ),
    "secret.damaged": Template(
        "The key for the pseudonyms of {project} is damaged on this computer.",
        "Import it again from the file that was exported (File ▸ Patient data kept in this project).",
    ),
    "secret.bad_file": Template(
        "{file} holds no key for the pseudonyms of a project.", "Choose the file that the other workstation exported."
    ),
    "secret.of_other_project": Template(
        "{file} holds the key of another project, not of {project}.", "Export it from this very project on the other workstation."
    ),
    "secret.exists": Template("There is a file {file} already.", "Choose another name; a key replaces no other file."),
    "training.too_few_cases": Template(
        "There are {count} labelled cases with a full image, but at least {least} are needed.",
        "Stage more cases.",
        counts="count",
        one="There is 1 labelled case with a full image, but at least {least} are needed.",
    ),
    "training.too_few_patients": Template(
        "The labelled cases are of {count} patients, but at least {least} are needed for the folds.",
        "Add cases of other patients.",
        counts="count",
        one="The labelled cases are all of 1 patient, but at least {least} are needed for the folds.",
    ),
    "training.too_few_frames": Template(
        "There are {count} labelled cases with a frame, but at least {least} are needed.",
        "Draw the frame on more cases (step Crop).",
        counts="count",
        one="There is 1 labelled case with a frame, but at least {least} are needed.",
    ),
    "training.one_stage_only": Template(
        "All {count} labelled cases are of stage {stage}; there is nothing to tell apart.", "Stage cases of at least two stages."
    ),
    "training.empty_fold": Template(
        "No case is in fold {fold}, which should hold the test cases.", "Test with another fold or add patients."
    ),
    "training.too_few_left": Template(
        "Without the test cases (fold {fold}), only {count} can be learned from, but at least {least} are needed.",
        "Stage more cases, and draw their frames.",
    ),
    "training.one_stage_left": Template(
        "Without the test cases (fold {fold}), all are of stage {stage}.",
        "Stage more cases of other stages, or test with another fold.",
    ),
    "training.without_agreement": Template(
        "{count} staged cases are left out: their readers have not agreed on a stage.",
        "Case > Adjudicate gives them one.",
        counts="count",
        one="1 staged case is left out: its readers have not agreed on a stage.",
    ),
    "training.leak": Template(
        "A model would be judged on what it has learned: {count} pairs of cases in different folds are the same patient, scan or picture"
        " ({pairs}).",
        "Exclude one case of each pair, or say that they are one patient: Train ▸ Cases alike in different folds"
        " (sos-studio project leaks).",
        counts="count",
        one="A model would be judged on what it has learned: 2 cases in different folds are the same patient, scan or picture ({pairs}).",
    ),
    "leak.same_patient": Template("The same patient under two pseudonyms."),
    "leak.same_scan": Template("Captures of the same scan."),
    "leak.same_picture": Template("The same picture."),
    "leak.near_picture": Template("Nearly the same picture."),
    "leak.joined": Template("{case} and {other} are cases of one patient now."),
    "leak.folds_differ": Template(
        "{case} and {other} are noted as one patient, but each has been in a fold of its own already, and folds never change.",
        "Exclude one of the two.",
    ),
    "leak.none": Template("No case in one fold is the patient, scan or picture of a case in another."),
    "manifest.damaged_files": Template(
        "Pictures of {count} cases are missing or were changed ({cases}).",
        "Run the project check, then capture these cases again or exclude them.",
        counts="count",
        one="Pictures of 1 case are missing or were changed ({cases}).",
    ),
    "import.nothing_found": Template("There is no picture to import.", "Choose PNG, JPEG, TIFF or BMP files, or a folder that holds some."),
    "import.source_missing": Template("{file} is not there.", "Choose files or folders that exist."),
    "import.table_unreadable": Template(
        "The table {file} can't be read ({reason}).", "Save it again, as Excel workbook (.xlsx) or CSV (UTF-8)."
    ),
    "import.table_is_spreadsheet": Template(
        "{file} is a workbook of a kind that can't be read.", "Save it as Excel workbook (.xlsx) or as CSV (UTF-8)."
    ),
    "import.sheet_unknown": Template("{file} has no sheet {sheet}; it has {sheets}.", "Choose one of them."),
    "import.table_too_long": Template("The table {file} is too long.", "Import at most {most} rows at a time."),
    "import.encoding_unknown": Template("The encoding {encoding} is not known.", "Use utf-8, cp1252 or another that Python knows."),
    "import.field_unknown": Template("Nothing is called {field} here.", "Columns can be {fields}."),
    "import.column_unknown": Template("The table {file} has no column {column}; it has {found}.", "Choose one of them."),
    "import.pattern_bad": Template(
        "{pattern} is no pattern for the names of files.", "Write {fields} where each of them stands, each once."
    ),
    "import.crop_not_2_to_1": Template(
        "The crop is {width} × {height} pixels, not twice as wide as high: the frame is the largest one in its middle.",
        "Draw another in Crop if the joint is not well in it.",
    ),
    "import.no_ruler": Template(
        "No ruler was found in the picture, so its pixel size is not known.", "Type the pixel size and import again."
    ),
    "import.ruler_not_right": Template(
        "By its ruler (ticks {tick_px} pixels apart) a pixel would be {spacing_mm} mm, which can't be.", "Look how far apart its ticks are."
    ),
    "import.name_not_of_pattern": Template("The name is not of the pattern {pattern}.", "Rename the file, or put it into the table."),
    "import.columns_missing": Template(
        "The table {file} has no column {missing}; it has {found}.",
        "Say which of its columns holds it.",
    ),
    "import.column_twice": Template("The table {file} has the column {column} twice.", "Remove or rename one of them."),
    "import.no_image_named": Template("The row names no image.", "Fill in the column image."),
    "import.image_not_found": Template("The image that the row names was not found.", "Check its spelling, or add its folder."),
    "import.image_ambiguous": Template("Several files have the name that the row gives.", "Write the folder before the name."),
    "import.rows_contradict": Template(
        "Rows {first} and {second} name the same image but differ in {column}.", "Make them agree; two stages need two evaluators."
    ),
    "import.contradicts": Template(
        "The project has {stored} as {field} of this picture, now it is said to be {given}.",
        "What the project has was kept, and nothing was taken of this row: mend it, or leave it empty there.",
    ),
    "import.other_patient": Template(
        "The picture is in the project as another patient's.",
        "What the project has was kept, and nothing was taken of this row: mend its patient, or leave it empty.",
    ),
    "import.filled_in": Template("{case} was there already; it has {facts} now."),
    "import.no_patients": Template(
        "No patient is named: each of the {count} pictures will count as a patient of its own.",
        "Two pictures of one person could then be trained on and judged by: choose the column that tells patients apart, if there is one.",
    ),
    "import.some_without_patient": Template(
        "No patient is named for {count} of {all} pictures.",
        "A picture without a patient counts as a patient of its own.",
        counts="count",
        one="No patient is named for 1 of {all} pictures.",
    ),
    "import.look_like_crops": Template(
        "{count} of {all} pictures look like crops, twice as wide as high ({names}).",
        "Say whether they are crops of the joint or full images of the head.",
        counts="count",
        one="1 of {all} pictures looks like a crop, twice as wide as high ({names}).",
    ),
    "import.no_crops": Template(
        "{count} of {all} pictures don't look like crops, as they are not twice as wide as high ({names}).",
        "Say whether they are crops of the joint or full images of the head.",
        counts="count",
        one="1 of {all} pictures doesn't look like a crop, as it is not twice as wide as high ({names}).",
    ),
    "import.box_bad": Template(
        "{text} is no box to cover.", "Write left, top, width and height in pixels, such as 10, 20, 120, 40; part several by semicolons."
    ),
    "import.seem_damaged": Template(
        "{count} of {all} pictures seem to be damaged in their middle ({names}).",
        "Look at what is to be imported of it, and save it anew from its source if you can.",
        counts="count",
        one="1 of {all} pictures seems to be damaged in its middle ({names}).",
    ),
    "import.seems_damaged": Template(
        "The picture seems to be damaged in its middle: from there on it may be shifted or tinted.",
        "Look at it; if it is spoiled, exclude the case and import the picture anew from its source.",
    ),
    "import.several_tables": Template("Several tables were chosen: {used} is used, not {others}.", "Import with the others one by one."),
    "import.gone": Template("The file is not there any more: the import went on without it."),
    "import.file_unreadable": Template("The file can't be read ({reason}).", "Check that it opens in another program."),
    "import.same_picture": Template("It is the very same picture as {other}.", "Keep one of the two."),
    "import.too_small": Template("The image has only {width} × {height} pixels.", "Use full images of at least {least} pixels a side."),
    "export.unknown_format": Template("The format {format} is not known.", "Choose one of {formats}."),
    "export.folder_not_empty": Template("The folder {folder} is not empty.", "Choose a new or empty folder for the export."),
    "export.nothing_to_export": Template(
        "No case is ready for this export.", "ImageFolder needs staged cases; YOLO and COCO need cases with a frame."
    ),
    "export.whole_only": Template("A datasheet is about all cases of a project, not about some.", "Export it by File ▸ Export dataset."),
    "datasheet.unknown_field": Template("A datasheet has no field {field}.", "Choose among {fields}."),
    "datasheet.too_long": Template("The field {field} is too long for a datasheet.", "Keep it below {most} characters."),
    "check.database_damaged": Template(
        "The database is damaged.", "Repair brings it back from the copy of the last day of work; the pictures are untouched."
    ),
    "check.file_missing": Template(
        "{case}: {file} is missing.", "Repair may make it again or take it from a backup; else capture the case again."
    ),
    "check.file_changed": Template(
        "{case}: {file} is not what was saved.", "Repair may make it again or take it from a backup; else capture the case again."
    ),
    "check.file_unreadable": Template("{case}: {file} can't be read.", "Check the disk and the permissions."),
    "check.manifest_missing": Template(
        "The manifest {file} is missing.", "Jobs that use it can't be run again; new ones are not affected."
    ),
    "check.manifest_changed": Template(
        "The manifest {file} is not what was saved.", "Jobs that use it can't be trusted; new ones are not affected."
    ),
    "check.manifest_unreadable": Template("The manifest {file} can't be read.", "Check the disk and the permissions."),
    "check.manifest_unknown": Template("The manifest {file} was interrupted before it was saved.", "It may be deleted."),
    "check.capture_unknown": Template("{case}: {file} belongs to nothing; it was interrupted before it was saved.", "It may be deleted."),
    "check.frame_unknown": Template("{case}: {file} belongs to nothing; it was interrupted before it was saved.", "It may be deleted."),
}
