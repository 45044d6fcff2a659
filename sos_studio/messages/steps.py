"""Words of the Orient, Crop, Stage, Predict and training parts of the window."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "orient.untouched": Template("{first} Protocol steps not yet touched: {steps}."),
    "orient.step_roll": Template("roll (coronal pane)"),
    "orient.step_yaw": Template("yaw (axial pane)"),
    "orient.step_sagittal": Template("sagittal plane"),
    "crop.at_border": Template("The frame stops at the border of the full image."),
    "crop.not_changed": Template("Not changed: that frame would reach beyond the border of the full image."),
    "crop.stage_elsewhere": Template("Stages are given in the step {stage}."),
    "staging.no_full_image": Template(
        "There is no full image to stage.", "Capture the midsagittal slice in Orient, or choose a captured case."
    ),
    "staging.no_project": Template("There is no project to keep the reading in.", "Open one or make a new one in the File menu."),
    "staging.read_first": Template(
        "You read blinded: other readings and the prediction are shown after your own reading of this case.", "Stage it first."
    ),
    "export.blinded": Template(
        "You read blinded, and an export holds what others read and what is known of the patients.",
        "End blinded reading (Case menu) before you export.",
    ),
    "exclusion.no_evaluator": Template("The case was not excluded: nobody has said who excludes it.", "Choose an evaluator first."),
    "exclusion.no_reason": Template("The case was not excluded: it needs a reason.", "Choose one of the list."),
    "exclusion.done": Template("{case} is excluded: it is left out of training and exports.", "Undo takes it in again."),
    "exclusion.taken_in": Template("{case} belongs to the dataset again."),
    "exclusion.many_done": Template(
        "{count} cases are excluded ({cases}): they are left out of training and exports.",
        "Undo takes them in again.",
        counts="count",
        one="{cases} is excluded: it is left out of training and exports.",
    ),
    "exclusion.many_taken_in": Template(
        "{count} cases belong to the dataset again ({cases}).", counts="count", one="{cases} belongs to the dataset again."
    ),
    "exclusion.none_changed": Template("None of these cases had to be changed."),
    "bulk.no_student": Template("There is no network for full images (student) yet.", "Train one first: Train ▸ Retrain all."),
    "bulk.no_import": Template("No import into this project is known that made new cases."),
    "bulk.import_blinded": Template(
        "Which cases were imported last is hidden while you read blinded: the order of import tells something."
    ),
    "bulk.import_selected": Template(
        "The {count} cases of the last import are selected.",
        "Case ▸ Selected cases ▸ Exclude takes the import back; Undo takes it in again.",
        counts="count",
        one="The case of the last import is selected.",
    ),
    "bulk.blinded": Template("While you read blinded, predictions are shown case by case, after your own reading."),
    "exclusion.not_shown": Template("synchondrosis not fully shown"),
    "exclusion.motion": Template("motion"),
    "exclusion.metal": Template("metal artefact"),
    "exclusion.quality": Template("too coarse or too noisy"),
    "exclusion.pathology": Template("pathology, fracture or surgery"),
    "exclusion.duplicate": Template("same patient or scan again"),
    "exclusion.other": Template("other reason"),
    "staging.taken_back": Template("The reading of {case} (stage {stage}) was taken back."),
    "staging.taken_back_to": Template("The last change was taken back: {case} is read as stage {stage}, as before."),
    "staging.stays_blinded": Template("{name} reads blinded too, because it was on.", "Case ▸ Blinded reading ends it."),
    "staging.no_longer_blinded": Template(
        "The reading of {case} counts as not blinded now: it was changed after others' readings or the prediction had been shown.",
        "Undo brings the blinded one back; it stays on record.",
    ),
    "staging.taken_back_to_earlier": Template(
        "The reading of {case} (stage {stage}) was taken back: you have no reading of this capture now.",
        "Your stage {before} of an earlier capture stays.",
    ),
    "predict.no_image": Template("There is no full image to predict on.", "Capture one in Orient, or choose a captured case."),
    "predict.nothing_to_confirm": Template("There is no prediction to confirm yet.", "Predict first."),
    "predict.ready_elsewhere": Template("The prediction for {case} is ready.", "Open the case to see it in Predict."),
    "predict.failed_elsewhere": Template("There is no prediction for {case}: {reason}", "Open the case and try again."),
    "staging.frame_not_saved": Template(
        "The reading was not saved, because the crop frame it was made on could not be saved.", "Check the frame in Crop, then stage again."
    ),
    "training.done": Template("The training has ended well: the new network can predict now.", "Its figures are in the training panel."),
    "training.done_choose": Template(
        "The training has ended well.", "The training panel compares the new network with the one in use; you choose."
    ),
    "compare.done": Template("The networks were asked about all cases that they were not trained on.", "The training panel compares them."),
    "compare.cancelled": Template("The networks were not asked further.", "The training panel asks them again."),
    "compare.interrupted": Template("Asking the networks was interrupted.", "The training panel asks them again."),
    "training.cancelled": Template("The training was cancelled.", "It can be resumed in the training panel."),
    "training.failed": Template("The training failed.", "Its log in the training panel has the details."),
    "training.result_student": Template("Full images (student): {correct} of {n} test cases were staged rightly ({percent} %)."),
    "training.result_teacher": Template("Crops (teacher): {correct} of {n} test cases were staged rightly ({percent} %)."),
    "training.result_within_one": Template("Full images, at most one stage off: {within} of {n}."),
    "training.result_detector": Template("SOS found (detector): in {hits} of {n} test cases ({percent} %)."),
    "training.result_attention": Template("Attention inside the frame of the SOS: {percent} % on average ({n} cases)."),
}
