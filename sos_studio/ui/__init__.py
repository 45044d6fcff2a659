"""The window.

Qt's bindings read the source of every module that is imported after them, which took a sixth of the start-up time: what is without Qt
is imported first.
"""

import sos_studio.core.actions
import sos_studio.core.bindings
import sos_studio.core.pane_keys
import sos_studio.presenters.adjudication
import sos_studio.presenters.cases
import sos_studio.presenters.crop
import sos_studio.presenters.curves
import sos_studio.presenters.drops
import sos_studio.presenters.exchange
import sos_studio.presenters.grid
import sos_studio.presenters.orientation
import sos_studio.presenters.pane
import sos_studio.presenters.patient_data
import sos_studio.presenters.prediction
import sos_studio.presenters.project_care
import sos_studio.presenters.project_history
import sos_studio.presenters.rendering
import sos_studio.presenters.shortcut_editing
import sos_studio.presenters.staging
import sos_studio.presenters.starting_weights
import sos_studio.presenters.training
import sos_studio.presenters.visits
import sos_studio.presenters.volume_view  # noqa: F401  (for the order alone)
