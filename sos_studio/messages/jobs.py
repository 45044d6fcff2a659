"""Words for background jobs, their settings and starting weights."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "job.device_busy": Template(
        "Another training ({job}) is running on this computer.", "Wait until it has ended, wait in line (--wait), or cancel it."
    ),
    "job.does_not_wait": Template("The training {job} does not wait in line.", "sos-studio job list shows which do."),
    "job.unreadable": Template("The files of job {job} are damaged.", "Start a new training."),
    "job.folder_unwritable": Template("The job can't be written into the project ({reason}).", "Free some space or check the rights."),
    "job.cant_start_worker": Template("The training could not be started ({reason}).", "Repair the installation of SOS Studio."),
    "job.did_not_start": Template("The training ended before it began.", "Its log says why; repair the installation of SOS Studio."),
    "job.worker_died": Template(
        "The training was interrupted: its process is gone.", "Resume it; it goes on from where it last saved its work."
    ),
    "job.still_running": Template("This training is still running.", "Cancel it first."),
    "job.already_done": Template("This training is complete.", "Start a new one."),
    "model.in_use": Template("{model} is the network that predictions are made with.", "Take another one into use first."),
    "model.needed": Template("The training {job} starts from {model}.", "Delete that training first, or keep the networks."),
    "job.unknown": Template("There is no training {job} in this project.", "Choose one of: {jobs}."),
    "job.other_kind": Template("The training {job} is one of {kind}.", "Resume it with that word."),
    "job.no_models": Template("The training ended without a network.", "Its log says why; start it again."),
    "training.unknown_preset": Template("There is no preset named {preset}.", "Choose one of: {presets}."),
    "training.bad_override": Template("{item} is not a setting.", "Write NAME=VALUE, for example student.alpha=0.02."),
    "training.no_teacher": Template(
        "There is no network for crops (teacher) yet that the one for full images (student) could learn from.",
        "Train that one first, or all three.",
    ),
    "weights.found": Template("Training starts from weights learned on ImageNet."),
    "weights.from_scratch": Template(
        "No ImageNet weights are on this computer, so networks are trained from scratch.",
        "Train ▸ Starting weights… gets them; figures from scratch are lower and say so.",
    ),
    "weights.not_found": Template("The file of starting weights {file} does not exist.", "Choose another file."),
    "weights.needed_again": Template(
        "This training started from the weights in {file}, which are not among the starting weights of this computer.",
        "Name the file again (--weights), or choose it with Train ▸ Starting weights….",
    ),
    "weights.unreadable": Template("{file} does not hold weights in safetensors format, or is incomplete.", "Get the file again."),
    "weights.none_published": Template("No starting weights are known for {network}.", "Choose a file, or train from scratch."),
    "weights.download_failed": Template(
        "The starting weights of {network} could not be downloaded ({reason}).", "Check the network connection, or choose a file."
    ),
}
