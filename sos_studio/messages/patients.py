"""Words for recognising patients and for copies without patient data."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "patient.joined": Template("{case} is another scan of the patient of {first}: it joins that patient and stays in the same fold."),
    "patient.two_folds": Template(
        "{case} shows a patient who is in this project twice, as {patient} and as {other}, in two folds that can't be changed any more.",
        "Exclude the cases of one of the two before the next training.",
    ),
    "patient.data_not_kept": Template(
        "Captured as {case} and saved, without the patient's age and sex.",
        "Whether this project keeps them is decided in File ▸ Patient data kept in this project.",
    ),
    "patient.settings_saved": Template("Saved. The project now holds {ages} and {sexes}."),
    "patient.settings_saved_lacking": Template(
        "Saved. The project now holds {ages} and {sexes}. {lacking}", "Open their scans again to add what the scans say."
    ),
    "patient.ages": Template("{count} ages", counts="count", one="1 age"),
    "patient.sexes": Template("{count} sexes", counts="count", one="1 sex"),
    "patient.without_age": Template("{count} cases have no age yet.", counts="count", one="1 case has no age yet."),
    "patient.without_sex": Template("{count} cases have no sex yet.", counts="count", one="1 case has no sex yet."),
    "deidentify.out_not_empty": Template("The folder {folder} is not empty.", "Choose a new or empty folder for the copy."),
    "deidentify.unwritable": Template("The copy could not be written to {folder} ({reason}).", "Check the folder's rights and the disk."),
    "deidentify.no_image": Template("An object without pictures can't be copied without its patient.", "Only images are copied."),
    "deidentify.burned_in": Template(
        "Its header says that text is burned into the picture, so it was not copied.", "Names in pixels can't be taken out here."
    ),
    "deidentify.screen": Template(
        "Pictures of screens, of paper or in colour may show a name, so they were not copied.", "Copy the original scan instead."
    ),
    "deidentify.overlay_bits": Template(
        "Overlays lie among its compressed pixels and can't be taken out, so it was not copied.", "Export the scan uncompressed first."
    ),
    "deidentify.unreadable": Template("A DICOM file is damaged, so it was not copied.", "Export the scan again."),
    "deidentify.face": Template(
        "The copy still shows the head, and a face can be reconstructed from it.", "Share it only where that is allowed."
    ),
    "secret.exported": Template(
        "The key for the pseudonyms was written to {file}.",
        "Keep it like patient data: whoever has it can test names against the pseudonyms.",
    ),
    "secret.imported": Template("The key for the pseudonyms was imported: repeat scans join their patients again."),
}
