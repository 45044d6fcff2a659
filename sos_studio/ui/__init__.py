"""The window.

Qt's bindings read the source of every module that is imported after them, which took a sixth of the start-up time: what is without Qt
is imported first.
"""

import sos_studio.presenters.cases
import sos_studio.presenters.crop
import sos_studio.presenters.exchange
import sos_studio.presenters.orientation
import sos_studio.presenters.prediction
import sos_studio.presenters.staging
import sos_studio.presenters.training
import sos_studio.presenters.volume_view  # noqa: F401  (for the order alone)
