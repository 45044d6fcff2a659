"""Words for scans, captures and projects as services use them, and for predictions."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "scan.several_series": Template("There are {count} series that could be opened.", "Choose one of: {uids}."),
    "scan.unknown_series": Template("There is no series {series} here.", "Choose one of: {uids}."),
    "scan.none_loadable": Template("None of the series here can be opened.", "Look at the reason given for each."),
    "capture.folder_not_empty": Template("The folder {folder} is not empty.", "Choose a new folder; nothing is overwritten."),
    "capture.folder_unwritable": Template("The capture can't be written to {folder} ({reason}).", "Free some space or check the rights."),
    "capture.too_small": Template(
        "The capture would have only {width} x {height} pixels, of which at least {smallest} are needed each way.",
        "Open the whole series; move the centre into the head.",
    ),
    "capture.unreadable": Template("The capture in {folder} is damaged.", "Make the capture again."),
    "reading.no_evaluator": Template("Nobody is named as the evaluator.", "Enter your name first."),
    "prediction.no_model": Template(
        "There is no trained network in {model}.",
        "If there was one, import it again or restore a backup; else train one, or choose another.",
    ),
    "prediction.model_gone": Template(
        "The files of the network {model} are missing.", "Import it again or restore them from a backup; else choose another network."
    ),
    "prediction.no_student": Template(
        "This project has no trained network for full images (student) yet.", "Train ▸ Retrain all makes one."
    ),
    "prediction.model_unreadable": Template("The files of the network {model} are damaged.", "Train it again, or choose another."),
    "prediction.not_a_classifier": Template(
        "{model} finds the SOS but does not stage it (a detector).", "Choose a network for full images (a student)."
    ),
    "prediction.needs_frame": Template(
        "This network looks at the crop (a teacher), and there is no frame.",
        "Draw the frame first, or use a network for full images (a student).",
    ),
    "package.not_one": Template("{file} is not a file of trained networks.", "Choose one that was exported by SOS Studio (.sosmodel)."),
    "package.newer": Template("{file} was made by a newer version of SOS Studio.", "Update SOS Studio."),
    "package.damaged": Template(
        "{file} is damaged: what it holds is not what it says.", "Copy it again from where it came from; nothing was taken in."
    ),
    "package.other_of_that_name": Template(
        "Another network named {model} is here already.", "Nothing was taken in; look whether the two are the same."
    ),
    "package.imported": Template("Imported: {models}.", "Choose it in Predict."),
    "package.exported": Template(
        "{count} networks are in {file}: {models}.",
        "Predict ▸ Import network takes them in elsewhere.",
        "count",
        one="One network is in {file}: {models}.",
    ),
    "batch.done": Template(
        "{count} pictures are in the table {file} in {folder}.",
        "Predict ▸ Predict a folder shows them.",
        "count",
        one="One picture is in the table {file} in {folder}.",
    ),
    "batch.nothing": Template("There is no full image in {folder}.", "Choose a folder with pictures or captures."),
    "batch.own_project": Template(
        "These are cases of the project that is open.", "Select them in the list and choose Predict there: it is noted who saw what."
    ),
    "teaching.done": Template("{count} cases are in order.", "Open the list again: Predict ▸ Cases that would teach most."),
    "batch.blinded": Template(
        "You read blinded, and a folder may hold pictures of cases that you have not read.",
        "End blinded reading (Case menu) before you predict a folder.",
    ),
    "batch.other_network": Template(
        "{folder} holds the answers of another network: {network}.", "Choose an empty folder, or the network that began there."
    ),
    "batch.other_way": Template(
        "{folder} holds answers of this network that were made otherwise: with faces to the other side, another finder of the SOS, "
        "or other weights.",
        "Choose an empty folder, or ask as it was begun.",
    ),
    "batch.unreadable": Template("The list of answers in {folder} is damaged.", "Choose an empty folder and begin again."),
    "prediction.no_frame_found": Template(
        "No synchondrosis was found on this full image, so that there is no crop to look at.", "Draw the frame in Crop."
    ),
    "predict.report_saved": Template("The report is in {folder}: {files}."),
    "predict.report_no_program": Template("No program of this computer opens {file}.", "It is in {folder}."),
    "prediction.cant_start": Template("The predictor could not be started ({reason}).", "Repair the installation of SOS Studio."),
    "prediction.worker_died": Template("The predictor ended unexpectedly.", "Try again; close other programs if memory is short."),
    "prediction.timeout": Template("The predictor gave no answer within {seconds} seconds.", "Try again when the computer is less busy."),
    "prediction.bad_answer": Template("The predictor gave an answer that makes no sense.", "Try again; report it if it stays."),
    "prediction.view_without_volume": Template(
        "{source} is a picture: it can't be oriented, and has no series.", "Leave those options out, or name the scan."
    ),
    "prediction.facing_without_picture": Template(
        "{source} is not a picture: a capture and a scan know themselves where the face looks.", "Leave --facing out."
    ),
    "prediction.failed": Template("The prediction failed.", "Try again, or choose another network."),
    "prediction.folder_unwritable": Template(
        "The prediction can't be written to {folder} ({reason}).", "Free some space or choose another folder."
    ),
}
