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
    "patient.settings_saved": Template("Saved. The project now holds {ages} ages and {sexes} sexes."),
    "secret.exported": Template(
        "The secret was written to {file}.", "Keep it like patient data: whoever has it can test names against the pseudonyms."
    ),
    "secret.imported": Template("The secret was imported: repeat scans join their patients again."),
}
