"""Where on a full image the synchondrosis is to be looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sos_studio.core.roi import Point

if TYPE_CHECKING:
    from sos_studio.services.captures import StoredCapture


def joint_uv(capture: StoredCapture) -> Point:
    """Where the three planes crossed when it was captured: the protocol puts them on the joint. The middle of an imported image."""
    record = capture.record
    height, width = capture.shape_vu
    if record.orientation is None or record.lps_from_uv is None:
        return (width - 1) / 2, (height - 1) / 2
    uv_from_lps = np.linalg.inv(np.array(record.lps_from_uv))
    u, v = (uv_from_lps @ (*record.orientation.center_lps_mm, 1.0))[:2]
    return float(u), float(v)
