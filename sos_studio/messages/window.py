"""Words for what only the window says."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "settings.unwritable": Template("Your settings could not be saved ({reason}).", "Everything in the project is saved all the same."),
    "window.read_only": Template("{reason}", "The project is open to look at; nothing in it can be changed."),
    "window.no_scan": Template("No scan is open.", "Open one first: File ▸ Open scan folder… or Open scan file…."),
    "window.scan_of_other_case": Template("The open scan is not this case's.", "Go back to it, or open this case's scan."),
    "window.no_project": Template("No project is open.", "Open one or make a new one in the File menu."),
    "window.several_dropped": Template("Only the first of the {count} things dropped was opened.", "Drop one scan or project at a time."),
    "window.folder_of_dropped": Template(
        "{count} files of one folder were dropped: the whole folder is opened.", "A scan is made of all its slices."
    ),
    "window.reservations": Template(
        "{count} remarks on this scan stand in the panel on the right.",
        counts="count",
        one="A remark on this scan stands in the panel on the right.",
        two="Two remarks on this scan stand in the panel on the right.",
    ),
    "window.not_opened": Template("{name} was not opened. {reason}"),
    # Stands in for the name that was just said, at the begin of the reason.
    "window.named_already": Template("It"),
    "window.scan_not_opened": Template("The scan was not opened. {reason}"),
    "window.still_shown": Template("{name} stays open."),
    "window.still_earlier": Template("The earlier scan stays open."),
    "window.none_loadable": Template("None of its {count} series can be opened. The largest: {reason}", "{advice}"),
    "window.reasons_differ": Template("Show files… says why for each."),
    "window.only_series": Template(
        "{others} other series here can't be opened.",
        "Case ▸ Other series of this scan… says why.",
        counts="others",
        one="Another series here can't be opened.",
    ),
    "window.capture_waits": Template("The scan is still being read.", "The capture is made as soon as all of it is there."),
    "window.capture_while_opening": Template(
        "Nothing was captured: another scan is being opened.", "Capture once it is there, or press Esc to stay with this one."
    ),
    "window.capture_same_plane": Template(
        "This plane is captured already, and readings were made on it: with another capture they count as earlier ones.",
        "Capture again to make another all the same.",
    ),
    "window.capture_was_read": Template(
        "Readings were made on the present capture: with another one they count as earlier ones.", "Capture again to go on."
    ),
    "window.captured": Template("Captured as {case} and saved."),
    "window.captured_again": Template(
        "Captured again as {case} and saved. The frame and readings of the capture before stay with that one.",
        "Undo brings it back.",
    ),
    "window.project_for_capture": Template("Captures are kept in a project.", "Choose where to make one; the capture goes on by itself."),
    "window.imported": Template(
        "Imported {count} full images (readings: {readings}; there already: {again}).",
        counts="count",
        one="Imported 1 full image (readings: {readings}; there already: {again}).",
    ),
    "window.import_filled_in": Template(
        "Filled in what was missing of {count} cases that were there already.",
        counts="count",
        one="Filled in what was missing of 1 case that was there already.",
    ),
    "window.import_faults": Template(
        "{count} files or rows were not imported. The first: {first}",
        "Mend them and import again.",
        counts="count",
        one="1 file or row was not imported: {first}",
    ),
    "window.exported": Template("Exported {cases} of {count} cases to {folder}.{remarks}"),
    "export.left_out": Template(" Left out: {reasons}."),
    "export.marked_excluded": Template(
        " {count} of them are excluded; a column says so.", counts="count", one=" 1 of them is excluded; a column says so."
    ),
    "export.planned_folds": Template(" Its folds are a plan: the first training gives those that stay."),
    "export.left_out.excluded": Template("{count} excluded"),
    "export.left_out.not_captured": Template("{count} without a full image"),
    "export.left_out.no_label": Template("{count} without an agreed stage"),
    "export.left_out.no_frame": Template("{count} without a frame"),
    "export.left_out.damaged": Template("{count} with a damaged file"),
    "cases.all_staged": Template("Every case has a reading by you.", "Well done."),
    "cases.none": Template("There is no case yet.", "Open a scan and capture it, or import full images."),
    "cases.scan_not_here": Template(
        "The scan of {case} is not known on this computer.", "Open it from its folder: it finds its case by itself."
    ),
}
