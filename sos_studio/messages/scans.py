"""Words for faults of scans, captures and pictures."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "scan.not_found": Template(
        "{file} does not exist.",
        "Check the path; was the disk removed?",
    ),
    "scan.no_dicom": Template(
        "There is no DICOM image in this folder (files looked at: {files}).",
        "Choose the folder that the scanner exported, or a NIfTI, NRRD or MHA file.",
    ),
    "scan.not_dicom": Template(
        "{file} is not a DICOM file.",
        "Choose a DICOM file or folder, a zip of them, or a NIfTI, NRRD, MHA or VTI file.",
    ),
    "scan.packed": Template(
        "{file} is packed in a way that is not opened here.",
        "Unpack it, then open the file or folder that comes out.",
    ),
    "scan.cut_start": Template(
        "{file} is a DICOM file whose beginning is missing.",
        "Copy it again from the disc or the archive, or ask for a new export.",
    ),
    "scan.cannot_parse": Template(
        "{file} can't be parsed: the file is damaged or breaks its format's rules.",
        "Export it again.",
    ),
    "scan.unreadable_file": Template(
        "{file} can't be read from the disk.",
        "Check that the disk is connected and that you may read the file.",
    ),
    "scan.unreadable_files": Template(
        "{files} further files in this folder could not be read (the first is {file}), so the series may be incomplete.",
        "Export the scan again if slices are missing.",
        counts="files",
        one="A further file in this folder could not be read ({file}), so the series may be incomplete.",
    ),
    "scan.no_image": Template(
        "{file} is a DICOM object without an image (a report, plan or the like).",
        "A series of CT slices is needed.",
    ),
    "scan.bad_header": Template(
        "The header of {file} has a malformed value: {attribute}.",
        "Export the series again from the scanner.",
    ),
    "scan.multiframe_unsupported": Template(
        "This {modality} image has {frames} frames without the geometry of a CT volume.",
        "Export it as single slices or as Enhanced CT.",
    ),
    "scan.colour": Template(
        "This is a colour picture ({photometric}), not a CT scan.",
        "A series of CT slices is needed.",
    ),
    "scan.unsupported_pixels": Template(
        "Pixels of {bits} bits can't be read.",
        "Export the series with 16 bits per pixel.",
    ),
    "scan.wrong_modality": Template(
        "Images of the type {modality} have no volume to stage in.",
        "A CT or CBCT series is needed.",
    ),
    "scan.not_ct": Template(
        "This series says it is {modality}, not CT: its grey values mean something else.",
        "Stage it only if bone shows bright.",
    ),
    "scan.localizer": Template(
        "These are localizer images (scouts: {images}), not a volume.",
        "The axial series is needed.",
    ),
    "scan.no_geometry": Template(
        "{file} does not say where its pixels lie. Missing: {missing}.",
        "Export the original series; a screen capture can't be used.",
    ),
    "scan.bad_orientation": Template(
        "The directions of rows and columns in the header of {file} are not at right angles.",
        "Export the series again from the scanner.",
    ),
    "scan.mixed_directions": Template(
        "The {slices} images of this series lie in {parts} directions or have different sizes, at most {most} of a kind: "
        "they make no volume.",
        "A series of parallel slices is needed.",
    ),
    "scan.directory_useless": Template(
        "{file} is empty or names files that are not there, so its whole folder was looked through.",
        "Check that this is the scan you meant.",
    ),
    "scan.too_few_slices": Template(
        "A volume needs at least {fewest} slices; this series has {slices}.",
        "The whole series is needed.",
    ),
    "scan.few_slices": Template(
        "The series has only {slices} slices.",
        "Check that it is complete.",
    ),
    "scan.same_position": Template(
        "All {slices} slices lie at the same position.",
        "A series that covers the head is needed.",
        counts="slices",
        two="Both slices lie at the same position.",
    ),
    "scan.duplicate_slices": Template(
        "Two images lie at one position ({slices} times, first at {at_mm} mm), and nothing in their headers tells them apart.",
        "Remove the duplicates, or export each scan into its own folder.",
    ),
    "scan.missing_slices": Template(
        "Slices are missing (about {missing}): between slices {before} and {behind} (at {before_mm} and {behind_mm} mm) "
        "the step is {gap_mm} instead of {step_mm} mm.",
        "Export the whole series again.",
    ),
    "scan.missing_damaged": Template(
        "Between slices {before} and {behind} (at {before_mm} and {behind_mm} mm) slices are missing, and {file} can't be read.",
        "Copy the series again from the disc or the archive, or ask for a new export.",
    ),
    "scan.uneven_slices": Template(
        "The slices are unevenly spaced: steps from {shortest_mm} to {longest_mm} mm, the oddest one between slices "
        "{before} and {behind} (at {before_mm} mm).",
        "Ask for a reconstruction with even steps.",
    ),
    "scan.scattered_slices": Template(
        "The slices do not lie above one another: slice {slice} lies {offset_mm} mm aside.",
        "Export the series again from the scanner.",
    ),
    "scan.gantry_tilt": Template(
        "Each slice lies aside of the one before, as if the gantry leaned {tilt_deg} degrees; no scanner does that.",
        "Export the series again from the scanner.",
    ),
    "scan.tilt_corrected": Template(
        "The gantry was tilted by {tilt_deg} degrees; the slices were moved and resampled so that the head is not sheared.",
        "A reconstruction without tilt is sharper, if there is one.",
    ),
    "scan.implausible_spacing": Template(
        "The header says that voxels measure {smallest_mm} to {largest_mm} mm; no scan of a head has such voxels.",
        "Export the series again; the exporting program may have written other units than millimetres.",
    ),
    "scan.mixed_spacing": Template(
        "The slices have different pixel sizes.",
        "Export each reconstruction into its own folder.",
    ),
    "scan.told_apart": Template(
        "This series has several images at each position; they were told apart by {attributes} and are listed as volumes of their own.",
        "Choose the one that shows bone best.",
    ),
    "scan.split_series": Template("Images of different size, direction or reconstruction share this series; they are listed apart."),
    "scan.copies_ignored": Template(
        "{files} files are exact copies of others and were left out.",
        counts="files",
        one="A file is an exact copy of another and was left out.",
    ),
    "scan.thick_slices": Template(
        "The slices are {step_mm} mm apart: too coarse for the synchondrosis.",
        "Use a reconstruction of 1 mm or less.",
    ),
    "scan.coarse_pixels": Template(
        "Pixels measure {i_mm} x {j_mm} mm: too coarse for the synchondrosis.",
        "Use a reconstruction of 1 mm or less.",
    ),
    "scan.oblong_pixels": Template(
        "Pixels are far from square ({i_mm} x {j_mm} mm): another program may have resampled them.",
        "Use the scanner's own series if there is one.",
    ),
    "scan.small_field": Template(
        "The scan measures only {i_mm} x {j_mm} x {k_mm} mm: no skull base fits into it.",
        "Check that it is the scan of the head.",
    ),
    "scan.lossy": Template(
        "The images were compressed with loss: fine detail may be missing.",
        "Staging can go on; use the original if there is one.",
    ),
    "scan.truncated": Template(
        "{file} is truncated: a part of its pixel data is missing.",
        "Copy it again from the disc or the archive, or ask for a new export.",
    ),
    "scan.more_pixels": Template(
        "{file} holds more pixels than its header describes ({frames} frames of {rows} x {columns}), so their order is not known.",
        "Export it again.",
    ),
    "scan.more_frames": Template(
        "{file} holds {found} pictures, but its header says {frames}.",
        "Export it again.",
    ),
    "scan.deflated_too_large": Template(
        "{file} would unpack to far more than a scan needs.",
        "Export it again without deflating.",
    ),
    "scan.syntax_corrected": Template(
        "The header of {file} names another compression than its pixels have; they were read as what they are.",
        "Compare with another viewer; fine detail may have been lost when the pixels were converted.",
    ),
    "scan.monochrome1_kept": Template(
        "The header asks to show dense tissue dark; the values are CT numbers, so bone is shown bright as usual.",
        "Check that bone is bright.",
    ),
    "scan.monochrome1_inverted": Template(
        "The header stores bright as low numbers; they were turned over so that what was meant to be bright is bright.",
        "Check that bone is bright.",
    ),
    "scan.secondary_capture": Template(
        "These images were converted by another program; their grey values may have been cut off or stretched.",
        "Use the scanner's own series if there is one.",
    ),
    "scan.syntax_mismatch": Template(
        "The pixel data of {file} does not match its transfer syntax ({syntax}).",
        "Export it again, uncompressed.",
    ),
    "scan.unknown_syntax": Template(
        "The compression {syntax} is not known.",
        "Export the series uncompressed or as JPEG 2000.",
    ),
    "scan.cannot_decode": Template(
        "The compressed pixels of {file} can't be decoded ({syntax}).",
        "Export the series again, uncompressed if possible.",
    ),
    "scan.size_mismatch": Template(
        "The compressed picture in {file} has another size than its header says.",
        "Export it again.",
    ),
    "scan.too_large": Template(
        "This scan needs {gigabytes} GB of memory, more than is free.",
        "Close other programs, or export a smaller field of view.",
    ),
    "scan.not_3d": Template(
        "{file} is not a single three-dimensional volume ({size}).",
        "Save one volume per file.",
    ),
    "scan.not_finite": Template("Some voxels are not numbers; they are shown black."),
    "scan.assumed_lps": Template(
        "{file} does not state the patient's directions; x, y, z are taken as left, posterior, superior.",
        "Check the letters in the panes.",
    ),
    "scan.assumed_mm": Template(
        "The file does not say in which unit it measures; millimetres are assumed.",
        "Compare a known length.",
    ),
    "scan.scanner_transform": Template(
        "The file places the scan twice, {off_mm} mm apart; the scanner's own place was taken.",
        "Check the letters in the panes.",
    ),
    "scan.template_space": Template(
        "The scan was fitted to a template head: its lengths are no longer the patient's.",
        "Use the scan as it came from the scanner.",
    ),
    "scan.two_transforms": Template(
        "{file} places the scan twice, up to {off_mm} mm apart, and does not say which place is right.",
        "Convert the DICOM series again, or open it instead.",
    ),
    "scan.unknown_units": Template(
        "{file} measures in a unit other than millimetres ({units}).",
        "Convert the DICOM series again, or open it instead.",
    ),
    "scan.unknown_space": Template(
        "{file} states directions that are not those of a patient ({space}).",
        "Convert the DICOM series again, or open it instead.",
    ),
    "scan.data_file_missing": Template(
        "{file} names a file for its data that is not beside it.",
        "Copy both files into one folder.",
    ),
    "scan.bad_matrix": Template(
        "The directions or voxel sizes in {file} make no sense.",
        "Convert the DICOM series again, or open it instead.",
    ),
    "scan.sheared": Template(
        "The voxels of {file} are not at right angles, further than any scanner leans.",
        "Convert the DICOM series again, or open it instead.",
    ),
    "scan.bad_zip": Template(
        "{file} can't be unpacked: it is damaged.",
        "Unpack it yourself and open the folder.",
    ),
    "scan.zip_encrypted": Template(
        "{file} is locked with a password.",
        "Unpack it yourself and open the folder.",
    ),
    "scan.nested_zip": Template(
        "{file} holds other archives, not a scan.",
        "Unpack it and open one of those.",
    ),
    "scan.zip_too_large": Template(
        "{file} would unpack to {gigabytes} GB, more than can be taken.",
        "Unpack it yourself and open the folder.",
    ),
    "capture.bad_slab": Template("A slab of {slab_mm} mm can't be used.", "Choose between 0 and {highest} mm; 0 is the plane itself."),
    "capture.bad_window": Template("The grey-value window has a value that is not a number.", "Type numbers."),
    "capture.too_fine": Template(
        "A pixel size of {spacing_mm} mm would make a picture of {width} x {height} pixels.",
        "Choose a larger pixel size; 0.25 mm is usual.",
    ),
    "capture.not_replayable": Template(
        "This picture was imported, so there is no scan to make it from again.", "Keep the picture as it is."
    ),
    "capture.other_series": Template("This is not the scan that the capture was made from.", "Open the scan that belongs to the case."),
    "image.unreadable": Template("{file} can't be read as a picture.", "Use a PNG, JPEG, TIFF or BMP file that other programs open."),
    "image.too_small": Template(
        "{file} is only {width} x {height} pixels.", "Use a picture whose sides are at least {smallest} pixels long."
    ),
    "image.too_large": Template("{file} has more pixels than can be used.", "Reduce it below {megapixels} million pixels."),
    "image.not_grey": Template("The picture has more than one channel.", "Convert it to grey first."),
}
