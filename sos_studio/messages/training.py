"""Words for what the trainer says: why a training could not be done, and what it warns of."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "training.no_cuda_build": Template(
        "This installation of SOS Studio computes on the processor only, not on a graphics card.",
        "Choose the device automatically, or install it with CUDA.",
    ),
    "training.no_cuda_device": Template(
        "No graphics card that CUDA can compute on was found.", "Check its driver, or choose the device automatically."
    ),
    "training.no_mps_device": Template("This computer has no Apple GPU to compute on.", "Choose the device automatically."),
    "training.fp16_needs_cuda": Template(
        "Half precision (fp16) needs a graphics card with CUDA.", "Choose bf16 or fp32 (--set student.optimiser.precision=bf16)."
    ),
    "training.device_lost": Template(
        "The graphics card stopped answering.", "Resume the training: it goes on from its last checkpoint, seconds before."
    ),
    "training.several_faults": Template("This training can't be done as it was asked for: {faults}.", "Correct them and start again."),
    "training.no_frames": Template(
        "No case has a frame that could guide the network for full images (student) to the SOS: it learns without.",
        "Draw frames in Crop, or train the network that finds the SOS (detector).",
    ),
    "training.out_of_memory": Template(
        "The memory is not enough for this training, not even a few cases at a time.",
        "Start again with smaller pictures, a smaller network, or other programs closed.",
    ),
    "system.out_of_memory": Template("The memory of this computer is not enough.", "Close other programs, then try again."),
    "prediction.out_of_memory": Template("The memory is not enough for this prediction.", "Close other programs, then try again."),
    "training.disk_full": Template("The disk of the project is full.", "Free some space, then resume the training."),
    "training.unwritable": Template("The project can't be written to.", "Check the rights of its folder, then resume the training."),
    "training.diverged": Template("The training went astray: its loss is no longer a number.", "Start again with lower learning rates."),
    "training.images_damaged": Template(
        "Pictures of {count} cases are missing or have changed since the training was asked for: {cases}.",
        "Check the project, then start a new training.",
        counts="count",
        one="Pictures of 1 case are missing or have changed since the training was asked for: {cases}.",
    ),
    "training.input_not_multiple": Template(
        "{network} needs pictures whose sides are multiples of {multiple}, not {height} × {width}.", "Change the input size."
    ),
    "training.unknown_network": Template("The network {network} is not known.", "Choose another one."),
    "training.weights_unreadable": Template("The file of starting weights {file} can't be read.", "Get it again, or train from scratch."),
    "training.weights_do_not_fit": Template(
        "The starting weights in {file} are those of another network ({fitting} of {wanted} parts fit).",
        "Choose the weights of this network.",
    ),
    "training.other_fold": Template(
        "{model} has learned from cases that are to test it now: fold {fold} was for testing then, fold {wanted} is now.",
        "Train the network for crops (teacher) and the one that finds the SOS (detector) anew, or all three.",
    ),
    "training.smaller_batch": Template(
        "The memory is not enough for a batch of {batch} cases: each is worked off in {parts} parts.",
        "What is measured over a batch is measured over a part, so that the network differs a little from one of a larger computer.",
    ),
    "training.too_few_to_cross_fit": Template(
        "{count} crops are too few to let the network for crops (teacher) judge only cases that it has not learned from.",
        "The network for full images (student) learns from what it says of its own cases.",
    ),
    "crossval.unknown_arm": Template(
        "{arm} is nothing that a cross-validation compares.",
        "Name one of {methods}, for example framework:resnet18 or framework[alpha=0.1].",
    ),
    "crossval.nothing_to_compare": Template("Nothing was chosen to be compared.", "Tick at least one method or table."),
    "crossval.done": Template("The cross-validation is complete.", "Its tables and plots are in the training panel."),
    "crossval.arm_diverged": Template(
        "{arm} went astray in fold {fold}: its loss is no longer a number.", "It is left out of the tables; try lower learning rates."
    ),
    "training.not_finite": Template("{name} was not a number at step {step}."),
    "compare.unknown_training": Template(
        "Nobody can tell which cases {model} was trained on: it comes from elsewhere.",
        "Compare networks that were trained in this project.",
    ),
    "model.now_in_use": Template(
        "Predictions are made with this network from now on.", "The one before is one click away in the training panel."
    ),
    "compare.same_model": Template("Both are the same network.", "Choose another one to compare with."),
    "compare.other_stages": Template("The two networks know different stages.", "Compare networks of one staging scheme."),
    "compare.no_common_cases": Template(
        "There is no case that none of the networks was trained on.", "Stage more cases, or train a network anew."
    ),
    "compare.rival_not_judged": Template(
        "The network in use could not be asked about the new one's test cases.", "Compare them later, in the training panel."
    ),
    "model.missing": Template("The network {model} is not there.", "Train it again, or choose another."),
    "model.unreadable": Template("The files of the network {model} are damaged.", "Train it again, or choose another."),
    "model.changed": Template(
        "The weights of the network {model} are not those that its card names: the file was changed or damaged.",
        "Bring it back from a copy, train it again, or choose another.",
    ),
    "model.newer": Template("The network {model} was made by a newer version of SOS Studio.", "Update SOS Studio, or choose another."),
    "model.wrong_kind": Template("{model} is a {kind}, not a {wanted}.", "Choose another network."),
    "prediction.bad_request": Template("The predictor did not understand the question.", "Update SOS Studio, and report it if it stays."),
}
