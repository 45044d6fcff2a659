"""Words for faults of scans, captures and pictures."""

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
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
    "image.too_large": Template("{file} has {width} x {height} pixels, more than can be used.", "Reduce it below 64 million pixels."),
    "image.not_grey": Template("The picture has more than one channel.", "Convert it to grey first."),
}
