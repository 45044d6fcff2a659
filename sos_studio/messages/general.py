"""Words for faults of geometry, frames, stages, settings and the system."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "cancelled": Template("Cancelled."),
    "internal": Template("Something went wrong inside SOS Studio ({kind}).", "Nothing you did is lost; please report it with the log."),
    "volume.bad_shape": Template("The scan is not a three-dimensional volume.", "Choose a series of slices."),
    "volume.bad_geometry": Template("The scan's geometry can't be used ({reason}).", "Export the series again from the scanner."),
    "volume.no_picture": Template("The skull can't be drawn. {reason}", "{advice} The slices are not affected."),
    "orientation.not_finite": Template("The orientation has a value that is not a number.", "Type numbers in degrees and millimetres."),
    "capture.bad_spacing": Template("A pixel size of {spacing_mm} mm can't be used.", "Choose between 0.02 and 5 mm; 0.25 mm is usual."),
    "capture.plane_misses_volume": Template("The midsagittal plane does not cut the scan.", "Move the centre back into the head."),
    "roi.ends_too_close": Template(
        "The two ends of the SOS are only {distance_px} pixels apart.", "Click the endocranial end, then the ectocranial end."
    ),
    "roi.not_a_frame": Template(
        "These values make no frame: each must be a number, and the length more than nothing.", "The frame before stays."
    ),
    "roi.too_small": Template("A frame is at least {least} pixels long.", "It must hold the synchondrosis with both of its ends."),
    "roi.unreadable": Template(
        "{file} holds no frame: centre, angle and length must be numbers, and the length twice the height.",
        "Draw the frame again, or take the file away.",
    ),
    "roi.damaged": Template(
        "Frame {n} of {case} can't be used: it is damaged, too small or reaches beyond the image.", "Draw it again in Crop."
    ),
    "roi.outside_image": Template("The frame reaches beyond the border of the full image.", "Move or shrink it until it lies inside."),
    "manifest.unreadable": Template(
        "The list of training cases {file} can't be read ({reason}).", "Start the training again to make a new one."
    ),
    "training.bad_settings": Template("Some training settings can't be used: {faults}.", "Correct them and start again."),
    "stage.unknown": Template("There is no stage {stage}.", "Stages are 1 to {highest}."),
    "stage.unknown_scheme": Template("The staging scheme {scheme} is not known.", "Update SOS Studio or choose bassed-5."),
    "stage.bassed-5.open": Template("Completely open"),
    "stage.bassed-5.endocranial_fused": Template("Endocranial border fused, the rest open"),
    "stage.bassed-5.half_fused": Template("Ossification halfway"),
    "stage.bassed-5.fused_with_scar": Template("Fused throughout, scar visible"),
    "stage.bassed-5.scar_obliterated": Template("Scar obliterated, even trabecular bone"),
}
