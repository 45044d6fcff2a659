"""What a correct loader does with each case of the hostile sample, file by file."""

from __future__ import annotations

# Folder → what loading it must end in: None (loads) or the code of the refusal.
FOLDER_OUTCOME: dict[str, str | None] = {
    "axial_plus_localizers_ct": None,
    "big_endian": "scan.colour",
    "deflated_sc": "scan.no_geometry",
    "dicomdir_pydicom": None,
    "duplicate_position_ct": "scan.same_position",
    "enhanced_ct_localizer": "scan.localizer",
    "gantry_tilt_ct_4slices": None,
    "gzipped_dicom": "scan.packed",
    "i18n_names": "scan.no_geometry",
    "iop_rounding_noise_breast_ct": None,
    "missing_slice_ct": "scan.missing_slices",
    "mixed_orientation_mr": "scan.mixed_directions",
    "nema_ct1_family": "scan.same_position",
    "no_preamble_no_meta_ct": "scan.too_few_slices",
    "no_spacing_no_position_ct": "scan.no_geometry",
    "nonsquare_and_rescale_per_slice_mr": None,
    "not_images_sr_pr_rt_pdf": "scan.no_dicom",
    "rgb_secondary_capture": "scan.colour",
    "stored_bits_garbage_high_bits": "scan.no_geometry",
    "too_few_slices": "scan.too_few_slices",
    "transfer_syntax_lies_encapsulated_jpeg": "scan.too_few_slices",
    "truncated_pixel_data": "scan.truncated",
    "ts_matrix_same_ct": "scan.same_position",
    "wrong_vr_number_of_frames": "scan.bad_header",
}

# Transfer syntax at the end of the file name → largest difference allowed, in HU (0: lossless).
SYNTAX_DIFFERENCE: dict[str, float] = {
    "1.2": 0,
    "1.2.1": 0,
    "1.2.2": 0,
    "1.2.1.99": 0,
    "1.2.5": 0,
    "1.2.4.57": 0,
    "1.2.4.70": 0,
    "1.2.4.80": 0,
    "1.2.4.90": 0,
    "1.2.4.91": 5,
    "1.2.4.81": 1,
    "1.2.4.51": 36,
    "1.2.4.53": 36,
    "1.2.4.55": 36,
    "1.2.4.50": 65,
}

# What is odd about each folder, for the table of outcomes.
FOLDER_WHAT: dict[str, str] = {
    "axial_plus_localizers_ct": "10 axial slices and 2 scouts in one folder",
    "big_endian": "big endian MR, RGB ultrasound and enhanced MR",
    "deflated_sc": "a deflated picture without geometry",
    "dicomdir_pydicom": "six DICOMDIRs, some broken, over 31 tiny images",
    "duplicate_position_ct": "four bolus-monitoring slices at one position",
    "enhanced_ct_localizer": "Enhanced CT of two localizers in two directions",
    "gantry_tilt_ct_4slices": "a gantry tilted by 14 degrees that no tag tells",
    "gzipped_dicom": "a gzip file",
    "i18n_names": "ten captures whose patients' names use eight character sets",
    "iop_rounding_noise_breast_ct": "an orientation with rounding noise, lossy",
    "missing_slice_ct": "four slices, one missing among them",
    "mixed_orientation_mr": "two orientations in one series",
    "nema_ct1_family": "one slice in five encodings, one file beyond repair",
    "no_preamble_no_meta_ct": "a file that begins in its meta header",
    "no_spacing_no_position_ct": "a screen capture that calls itself CT",
    "nonsquare_and_rescale_per_slice_mr": "oblong pixels and a rescale for each slice",
    "not_images_sr_pr_rt_pdf": "reports, plans, a PDF, a waveform",
    "rgb_secondary_capture": "colour captures",
    "stored_bits_garbage_high_bits": "unused high bits set to one",
    "too_few_slices": "two slices",
    "transfer_syntax_lies_encapsulated_jpeg": "JPEG under the name of explicit little endian",
    "truncated_pixel_data": "pixels that end early",
    "ts_matrix_same_ct": "one slice in 16 transfer syntaxes",
    "wrong_vr_number_of_frames": "NumberOfFrames 1A",
}
